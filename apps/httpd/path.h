/* SPDX-License-Identifier: MIT */
/*
 * From the target of a request to a path below the document root.
 *
 * A pure function. The result is absolute, percent-decoded exactly once, free of empty, "." and
 * ".." segments, of NUL, control characters and backslashes, and so can be appended to the root's
 * path without ever leaving it, but by symbolic links that the folder itself holds.
 */
#ifndef HTTPD_PATH_H
#define HTTPD_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_LENGTH_MAX = 1023 };

struct path {
    size_t len;     /* of the path written, without a NUL */
    size_t query;   /* where the query starts in the target, '?' included; else its length */
    bool directory; /* the path ends in '/' */
};

/*
 * Decodes `len` bytes of `target`, the origin-form path and query of a request, or an empty path,
 * which means "/". Writes at most `size` bytes to `out`, not NUL-terminated.
 *
 * Returns 0, or the HTTP status to answer with: 400 for bad encoding, forbidden characters or a
 * ".." above the root; 404 for a hidden segment (one that starts with '.', except .well-known);
 * 414 if the path is longer than `size`.
 */
int path_decode(const char *target, size_t len, char *out, size_t size, struct path *path);

/* Whether a request can name this entry of a folder, of at least one byte: else nobody gets it. */
bool path_can_name(const char *name, size_t len);

#endif
