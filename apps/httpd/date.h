/* SPDX-License-Identifier: MIT */
/*
 * Dates as HTTP writes and reads them (RFC 9110 5.6.7), and as access logs write them. Pure; always
 * UTC; no locale, no time zone database.
 */
#ifndef HTTPD_DATE_H
#define HTTPD_DATE_H

#include <stddef.h>
#include <stdint.h>

enum {
    DATE_LENGTH = 29,      /* Sun, 06 Nov 1994 08:49:37 GMT */
    DATE_LOG_LENGTH = 28,  /* [06/Nov/1994:08:49:37 +0000] */
    DATE_LIST_LENGTH = 16, /* 1994-11-06 08:49 */
};

/* Seconds since 1970, clamped to the years 1970 to 9999; not NUL-terminated. */
void date_format(int64_t seconds, char out[DATE_LENGTH]);
void date_format_log(int64_t seconds, char out[DATE_LOG_LENGTH]);
void date_format_list(int64_t seconds, char out[DATE_LIST_LENGTH]);

/*
 * Reads IMF-fixdate, RFC 850 or asctime format. Stores the seconds since 1970 and returns 0, or
 * returns -EINVAL for anything else, impossible days and times included. Two-digit years are
 * 1970 to 2069.
 */
int date_parse(const char *text, size_t len, int64_t *seconds);

#endif
