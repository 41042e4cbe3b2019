/* SPDX-License-Identifier: MIT */
/*
 * The cache is one list in the order of last use; a lookup compares hashes from the newest on,
 * which finds a busy file at once. Files leave it from the old end when there are too many of
 * them or of their bytes; those still being sent live on, outside the list, until they are done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "document.h"
#include "mime.h"
#include "text.h"

static struct document *newest;
static struct document *oldest;
static unsigned entries;
static size_t content_total;

static void destroy(struct document *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    free(file->content);
    free(file);
}

static void unlink_file(struct document *file)
{
    if (file->newer)
        file->newer->older = file->older;
    else
        newest = file->older;
    if (file->older)
        file->older->newer = file->newer;
    else
        oldest = file->newer;
}

static void link_newest(struct document *file)
{
    file->newer = NULL;
    file->older = newest;
    if (newest)
        newest->newer = file;
    else
        oldest = file;
    newest = file;
}

static void drop(struct document *file)
{
    unlink_file(file);
    file->cached = false;
    entries--;
    if (file->content)
        content_total -= (size_t)file->size;
    if (file->references == 0)
        destroy(file);
}

static void add(struct document *file)
{
    link_newest(file);
    file->cached = true;
    entries++;
    if (file->content)
        content_total += (size_t)file->size;
    while (oldest != file &&
           (entries > DOCUMENT_CACHE_ENTRIES || content_total > DOCUMENT_CONTENT_TOTAL))
        drop(oldest);
}

/* FNV-1a, four instructions a byte. */
static uint32_t hash_path(const char *path, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619u;
    return hash;
}

static struct document *find(const char *path, size_t len, uint32_t hash)
{
    for (struct document *file = newest; file; file = file->older) {
        if (file->hash == hash && file->path_len == len && memcmp(file->path, path, len) == 0)
            return file;
    }
    return NULL;
}

/* RFC 9110, 8.8.2.1: never later than the Date of the answer, whatever the disk says. */
static int64_t told_time(int64_t modified)
{
    return modified < server_clock.seconds ? modified : server_clock.seconds;
}

static void format_fields(struct document *file)
{
    struct text t = { .data = file->fields, .cap = sizeof(file->fields) };
    char modified[DATE_LENGTH];

    text_literal(&t, "Content-Type: ");
    text_string(&t, mime_type(file->path, file->path_len));
    text_literal(&t, "\r\nLast-Modified: ");
    date_format(told_time(file->validators.modified), modified);
    text_put(&t, modified, sizeof(modified));
    text_literal(&t, "\r\nETag: ");
    if (file->validators.weak)
        text_literal(&t, "W/");

    size_t etag = t.len;

    text_literal(&t, "\"");
    text_hex(&t, (uint64_t)file->validators.modified);
    text_literal(&t, "-");
    text_hex(&t, (uint64_t)file->size);
    text_literal(&t, "\"");
    file->validators.etag = file->fields + etag;
    file->validators.etag_len = t.len - etag;
    text_literal(&t, "\r\nAccept-Ranges: bytes\r\n");
    file->fields_len = (uint16_t)t.len;
    text_literal(&t, "Content-Length: ");
    text_number(&t, (uint64_t)file->size);
    text_literal(&t, "\r\n");
    file->all_fields_len = (uint16_t)t.len;
}

static int errno_or(int otherwise)
{
    return errno > 0 ? -errno : -otherwise;
}

/* A file that changed this recently may change once more without showing it. */
static bool changed_just_now(int64_t modified)
{
    return modified >= server_clock.seconds - 2 && modified <= server_clock.seconds + 2;
}

static void take_status(struct document *file, const struct stat *status)
{
    file->size = status->st_size;
    file->inode = status->st_ino;
    file->looked_at = server_clock.seconds;
    file->validators.modified = status->st_mtime;
    file->validators.weak = changed_just_now(status->st_mtime);
}

int64_t document_read(const struct document *file, void *out, size_t len, int64_t offset)
{
    if ((int64_t)len > file->size - offset)
        len = (size_t)(file->size - offset);
    if (file->content) {
        memcpy(out, file->content + offset, len);
        return (int64_t)len;
    }

    ssize_t got;

    do {
        got = pread(file->descriptor, out, len, offset);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? errno_or(EIO) : got;
}

/*
 * Reads a small file into memory and closes it. Without memory, or if the file has just become
 * shorter, it simply stays open. An error of the disk is the caller's.
 */
static int load(struct document *file)
{
    if (file->size > DOCUMENT_CONTENT_MAX)
        return 0;

    char *content = malloc(file->size > 0 ? (size_t)file->size : 1);
    int64_t have = 0;

    if (!content)
        return 0;
    while (have < file->size) {
        int64_t got = document_read(file, content + have, (size_t)(file->size - have), have);

        if (got <= 0) {
            free(content);
            return (int)got;
        }
        have += got;
    }
    file->content = content;
    close(file->descriptor);
    file->descriptor = -1;
    return 0;
}

static int check_kind(const struct stat *status)
{
    if (S_ISDIR(status->st_mode))
        return -EISDIR;
    return S_ISREG(status->st_mode) ? 0 : -ENOENT;
}

/* Looks before it opens: opening a device or a pipe could block. */
static int open_descriptor(struct document *file)
{
    struct stat status;

    if (stat(file->path, &status) < 0)
        return errno_or(EIO);

    int error = check_kind(&status);

    if (error < 0)
        return error;
    file->descriptor = open(file->path, O_RDONLY);
    if (file->descriptor < 0)
        return errno_or(EIO);
    if (fstat(file->descriptor, &status) < 0)
        return errno_or(EIO);
    error = check_kind(&status);
    if (error == 0)
        take_status(file, &status);
    return error;
}

static int create(const char *path, size_t len, uint32_t hash, struct document **out)
{
    struct document *file = calloc(1, sizeof(*file) + len + 1);

    if (!file)
        return -ENOMEM;
    file->hash = hash;
    file->descriptor = -1;
    file->path_len = len;
    memcpy(file->path, path, len);

    int error = open_descriptor(file);

    if (error == 0)
        error = load(file);
    if (error < 0) {
        destroy(file);
        return error;
    }
    format_fields(file);
    *out = file;
    return 0;
}

/* Whether the cached state may still be served; looks at the file system once a second at most. */
static bool current(struct document *file)
{
    struct stat status;

    if (file->looked_at == server_clock.seconds)
        return true;
    if (file->validators.weak || stat(file->path, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    file->looked_at = server_clock.seconds;
    return status.st_size == file->size && status.st_mtime == file->validators.modified &&
           (uint64_t)status.st_ino == file->inode;
}

int document_open(const char *path, size_t len, struct document **out)
{
    uint32_t hash = hash_path(path, len);
    struct document *file = find(path, len, hash);

    if (file && !current(file)) {
        drop(file);
        file = NULL;
    }
    if (!file) {
        int error = create(path, len, hash, &file);

        if (error < 0)
            return error;
        add(file);
    } else if (file != newest) {
        unlink_file(file);
        link_newest(file);
    }
    file->references++;
    *out = file;
    return 0;
}

void document_release(struct document *file)
{
    if (--file->references == 0 && !file->cached)
        destroy(file);
}
