/* SPDX-License-Identifier: MIT */
/*
 * Xenstore client: the calls, each one request (docs/misc/xenstore.txt in Xen's tree names the
 * payloads).
 */
#include <errno.h>
#include <string.h>

#include "lib/base/printk.h"
#include "xenstore_internal.h"
#include "lib/mm/heap.h"

/* A string, with or without its NUL. */
static struct xenstore_piece text_piece(const char *text)
{
    return (struct xenstore_piece){ text, strlen(text) };
}

static struct xenstore_piece string_piece(const char *text)
{
    return (struct xenstore_piece){ text, strlen(text) + 1 };
}

/* A request whose payload is one path. */
static int path_request(enum xsd_sockmsg_type type, xenstore_transaction transaction,
                        const char *path, struct xenstore_reply *reply)
{
    struct xenstore_piece piece = string_piece(path);

    return xenstore_request(type, transaction, &piece, 1, reply);
}

int xenstore_read(xenstore_transaction transaction, const char *path, char **value, size_t *length)
{
    struct xenstore_reply reply;
    int error = path_request(XS_READ, transaction, path, &reply);

    if (error < 0)
        return error;
    char *copy = kernel_alloc(reply.length + 1);
    if (copy != NULL) {
        memcpy(copy, reply.data, reply.length + 1);
        *value = copy;
        if (length != NULL)
            *length = reply.length;
    }
    xenstore_reply_free(&reply);
    return copy != NULL ? 0 : -ENOMEM;
}

int xenstore_write(xenstore_transaction transaction, const char *path, const char *value)
{
    const struct xenstore_piece pieces[] = { string_piece(path), text_piece(value) };

    return xenstore_request(XS_WRITE, transaction, pieces, 2, NULL);
}

int xenstore_remove(xenstore_transaction transaction, const char *path)
{
    return path_request(XS_RM, transaction, path, NULL);
}

int xenstore_make_directory(xenstore_transaction transaction, const char *path)
{
    return path_request(XS_MKDIR, transaction, path, NULL);
}

/* The names of a directory's answer in one block: the pointers, then the strings. */
static int split_names(const struct xenstore_reply *reply, char ***names, unsigned int *count)
{
    int strings = xenstore_count_strings(reply->data, reply->length);

    if (strings < 0)
        return -EIO;
    size_t pointers = (size_t)strings * sizeof(char *);
    char **block = kernel_alloc(pointers + reply->length + 1);
    if (block == NULL)
        return -ENOMEM;
    char *text = (char *)block + pointers;
    memcpy(text, reply->data, reply->length + 1);
    for (int i = 0; i < strings; i++) {
        block[i] = text;
        text += strlen(text) + 1;
    }
    *names = block;
    *count = (unsigned int)strings;
    return 0;
}

int xenstore_directory(xenstore_transaction transaction, const char *path, char ***names,
                       unsigned int *count)
{
    struct xenstore_reply reply;
    int error = path_request(XS_DIRECTORY, transaction, path, &reply);

    if (error < 0)
        return error;
    error = split_names(&reply, names, count);
    xenstore_reply_free(&reply);
    return error;
}

int xenstore_transaction_start(xenstore_transaction *transaction)
{
    struct xenstore_reply reply;
    uint64_t number = 0;
    int error = path_request(XS_TRANSACTION_START, XENSTORE_NONE, "", &reply);

    if (error < 0)
        return error;
    error = xenstore_parse_number(reply.data, reply.length, &number);
    xenstore_reply_free(&reply);
    if (error < 0 || number == XENSTORE_NONE || number > UINT32_MAX)
        return -EIO;
    *transaction = (xenstore_transaction)reply.restores << 32 | number;
    return 0;
}

int xenstore_transaction_end(xenstore_transaction transaction, bool commit)
{
    return path_request(XS_TRANSACTION_END, transaction, commit ? "T" : "F", NULL);
}

int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    const struct xenstore_piece pieces[] = {
        text_piece(directory),
        text_piece("/"),
        string_piece(node),
    };
    struct xenstore_reply reply;
    uint64_t value = 0;
    int error = xenstore_request(XS_READ, transaction, pieces, 3, &reply);

    if (error < 0)
        return error;
    error = xenstore_parse_number(reply.data, reply.length, &value);
    xenstore_reply_free(&reply);
    if (error < 0)
        return error;
    if (value < minimum || value > maximum)
        return -ERANGE;
    *number = value;
    return 0;
}

int xenstore_write_format(xenstore_transaction transaction, const char *directory, const char *node,
                          const char *format, ...)
{
    char value[XENSTORE_FORMAT_MAX];
    va_list arguments;

    va_start(arguments, format);
    int length = kvsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(value))
        return -E2BIG;

    const struct xenstore_piece pieces[] = {
        text_piece(directory),
        text_piece("/"),
        string_piece(node),
        { value, (size_t)length },
    };
    return xenstore_request(XS_WRITE, transaction, pieces, 4, NULL);
}
