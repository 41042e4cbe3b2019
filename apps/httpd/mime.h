/* SPDX-License-Identifier: MIT */
/* Media types by file name extension. Pure. */
#ifndef HTTPD_MIME_H
#define HTTPD_MIME_H

#include <stddef.h>

/* The Content-Type for a file of this path; application/octet-stream if the name says nothing. */
const char *mime_type(const char *path, size_t len);

#endif
