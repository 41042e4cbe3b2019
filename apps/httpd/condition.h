/* SPDX-License-Identifier: MIT */
/*
 * Conditional requests (RFC 9110 13): the tests on entity tags and dates. Pure.
 */
#ifndef HTTPD_CONDITION_H
#define HTTPD_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request.h"

/* What is known of the file asked for. */
struct validators {
    const char *etag; /* with its quotes, without "W/" */
    size_t etag_len;
    int64_t modified; /* seconds since 1970 */
    bool weak;        /* changed so recently that another change could look the same */
};

enum condition_verdict { CONDITION_HOLDS, CONDITION_NOT_MODIFIED, CONDITION_FAILED };

/*
 * If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of the request whose head
 * starts at `head`, in the order of RFC 9110 13.2.2: serve, 304 or 412.
 */
enum condition_verdict condition_check(const struct request *request, const char *head,
                                       const struct validators *file);

/* Whether the Range field of the request may be used: there is no If-Range, or it holds. */
bool condition_range_allowed(const struct request *request, const char *head,
                             const struct validators *file);

#endif
