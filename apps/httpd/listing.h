/* SPDX-License-Identifier: MIT */
/* The page that lists a directory which has no index.html. */
#ifndef HTTPD_LISTING_H
#define HTTPD_LISTING_H

#include "body.h"

enum {
    LISTING_ENTRIES_MAX = 256, /* the page says how many more there are */
    LISTING_NAMES_MAX = 16384, /* bytes of all names together */
    LISTING_PAGE_MAX = 49152,  /* bytes of the page */
};

/*
 * Lists the directory `path`, NUL-terminated and ending in '/'; `shown` of `shown_len` bytes is
 * what the page calls it. Hidden names, and what is neither file nor directory, are left out.
 * On success *body owns the page and 0 is returned; otherwise -errno, with *body unchanged.
 */
int listing_make(const char *path, const char *shown, size_t shown_len, struct body *body);

#endif
