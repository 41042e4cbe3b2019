/* SPDX-License-Identifier: MIT */
/*
 * Files of the document root, opened once and kept: a bounded cache of what a response needs to
 * know, with the bytes themselves for small files and an open descriptor for the others.
 *
 * A file is looked at again (stat) when a second has passed since the last look, so a change is
 * seen within one second; until then the old state is served, whole. What changed within the last
 * two seconds is read again at each look, since a further change in the same second of the clock
 * could leave size and time as they are. A response that has begun keeps the file it began with.
 */
#ifndef HTTPD_DOCUMENT_H
#define HTTPD_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "condition.h"

enum {
    DOCUMENT_CACHE_ENTRIES = 32,
    DOCUMENT_CONTENT_MAX = 16384,        /* larger files are read from disk for each response */
    DOCUMENT_CONTENT_TOTAL = 128 * 1024, /* of all files kept in memory */
};

struct document {
    struct document *newer; /* neighbours in the order of last use */
    struct document *older;
    unsigned references;
    bool cached;   /* in that list; else freed with the last reference */
    uint32_t hash; /* of the path */
    size_t path_len;
    int descriptor; /* -1 if the content is in memory */
    char *content;
    int64_t size;
    int64_t looked_at; /* second of the last stat */
    uint64_t inode;
    struct validators validators;

    /* Ready-made header fields: type, validators, Accept-Ranges; then Content-Length. */
    uint16_t fields_len;     /* without Content-Length */
    uint16_t all_fields_len; /* with it */
    char fields[256];
    char path[]; /* path_len bytes and a NUL */
};

/*
 * The file at `path`, `len` bytes followed by a NUL. Stores it with a reference that the caller
 * gives back by document_release() and returns 0; or returns -EISDIR for a directory, -ENOENT for
 * nothing or something that is neither, or the negative errno of what failed.
 */
int document_open(const char *path, size_t len, struct document **file);
void document_release(struct document *file);

/* Reads up to `len` bytes at `offset`; returns their number, 0 at the end, or -errno. */
int64_t document_read(const struct document *file, void *out, size_t len, int64_t offset);

#endif
