/* SPDX-License-Identifier: MIT */
/*
 * pax extended headers: records "LENGTH KEY=VALUE\n", where LENGTH counts the whole record, itself
 * and the newline included. Keys that matter here: path, linkpath, size, mtime, and GNU's sparse
 * files (whose data are not laid out as they read).
 */
#include <errno.h>
#include <string.h>

#include "tarfs.h"

#define MALFORMED "malformed pax record"

int tar_copy_name(char *to, const char *name, size_t length)
{
    if (length >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    if (memchr(name, '\0', length) != NULL)
        return -EINVAL;
    memcpy(to, name, length);
    to[length] = '\0';
    return 0;
}

/* Decimal digits up to `end` or to `stop`; false for none, others, or too many. */
static bool decimal(const char *text, const char *end, char stop, uint64_t *value)
{
    const char *start = text;
    uint64_t number = 0;

    while (text < end && *text >= '0' && *text <= '9') {
        if (number > UINT64_MAX / 20)
            return false;
        number = number * 10 + (uint64_t)(*text++ - '0');
    }
    *value = number;
    return text > start && (text == end || *text == stop);
}

/* Set an extension's name unless it cannot be one; `has` says that it is there. */
static void set_name(struct tar_extension *extension, char *name, bool *has, const char *value,
                     size_t length)
{
    if (tar_copy_name(name, value, length) == 0)
        *has = true;
    else
        extension->unusable = true;
}

static bool key_is(const char *key, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(key, name, length) == 0;
}

static const char *apply_record(const char *key, size_t key_length, const char *value,
                                size_t length, struct tar_extension *extension)
{
    if (key_is(key, key_length, "path")) {
        set_name(extension, extension->name, &extension->has_name, value, length);
    } else if (key_is(key, key_length, "linkpath")) {
        set_name(extension, extension->link, &extension->has_link, value, length);
    } else if (key_is(key, key_length, "size")) {
        extension->has_size = decimal(value, value + length, '\0', &extension->size);
        return extension->has_size ? NULL : "bad size in a pax record";
    } else if (key_is(key, key_length, "mtime")) {
        extension->has_mtime = true;
        if (!decimal(value, value + length, '.', &extension->mtime))
            extension->mtime = 0;
    } else if (key_length > 11 && memcmp(key, "GNU.sparse.", 11) == 0) {
        extension->unusable = true;
    }
    return NULL;
}

const char *tar_pax_apply(const char *records, size_t length, struct tar_extension *extension)
{
    const char *end = records + length;
    const char *problem = NULL;

    while (problem == NULL && records < end && *records != '\0') {
        const char *space = memchr(records, ' ', (size_t)(end - records));
        const char *equals, *last;
        uint64_t size;

        if (space == NULL || !decimal(records, space, ' ', &size)
            || size > (uint64_t)(end - records) || size < (uint64_t)(space - records) + 3)
            return MALFORMED;
        last = records + size - 1;
        equals = memchr(space, '=', (size_t)(last - space));
        if (equals == NULL || *last != '\n')
            return MALFORMED;
        problem = apply_record(space + 1, (size_t)(equals - space - 1), equals + 1,
                               (size_t)(last - equals - 1), extension);
        records = last + 1;
    }
    return problem;
}
