/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/date.c
// CFLAGS: -Iapps/httpd
/* HTTP dates: the three formats, the calendar against the C library's, and truncated input. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "date.h"

static int parse(const char *text, size_t len, int64_t *seconds)
{
    char *exact = malloc(len > 0 ? len : 1);

    assert_non_null(exact);
    memcpy(exact, text, len);

    int error = date_parse(exact, len, seconds);

    free(exact);
    return error;
}

static void three_formats(void **state)
{
    static const char *const same[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(parse(same[i], strlen(same[i]), &seconds), 0);
        assert_int_equal(seconds, 784111777);
        for (size_t len = 0; len < strlen(same[i]); len++)
            assert_int_equal(parse(same[i], len, &seconds), -EINVAL);
    }
}

static void formats(void **state)
{
    char out[32];

    (void)state;
    date_format(784111777, out);
    assert_memory_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_LENGTH);
    date_format_log(784111777, out);
    assert_memory_equal(out, "[06/Nov/1994:08:49:37 +0000]", DATE_LOG_LENGTH);
    date_format_list(784111777, out);
    assert_memory_equal(out, "1994-11-06 08:49", DATE_LIST_LENGTH);
    date_format(-1, out);
    assert_memory_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_LENGTH);
    date_format(INT64_MAX, out);
    assert_memory_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT", DATE_LENGTH);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Dec 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 06 08:49:37 94",
        "1994-11-06T08:49:37Z",
        "784111777",
        "Sun, -6 Nov 1994",
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse(bad[i], strlen(bad[i]), &seconds), -EINVAL);
}

/* Every 11th day and some odd seconds over the years 1970 to 2400, there and back. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t at = 0; at < INT64_C(13569465600); at += 11 * 86400 + 12347) {
        time_t when = (time_t)at;
        struct tm tm;
        char expected[64];
        char out[32];
        int64_t back;

        gmtime_r(&when, &tm);
        strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        date_format(at, out);
        assert_memory_equal(out, expected, DATE_LENGTH);
        assert_int_equal(parse(out, DATE_LENGTH, &back), 0);
        assert_int_equal(back, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_formats),
        cmocka_unit_test(formats),
        cmocka_unit_test(refuses),
        cmocka_unit_test(agrees_with_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
