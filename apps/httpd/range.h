/* SPDX-License-Identifier: MIT */
/*
 * The Range field of a request (RFC 9110 14.2), for one range of bytes. Pure.
 */
#ifndef HTTPD_RANGE_H
#define HTTPD_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum range_verdict {
    RANGE_IGNORED,       /* another unit, bad syntax, several ranges: serve the whole file */
    RANGE_SATISFIABLE,   /* 206 with *range */
    RANGE_UNSATISFIABLE, /* 416 */
};

/* Both inclusive, both below the file's size. */
struct range {
    int64_t first;
    int64_t last;
};

/* Reads the field value of `len` bytes at `value` against a file of `size` bytes. */
enum range_verdict range_parse(const char *value, size_t len, int64_t size, struct range *range);

#endif
