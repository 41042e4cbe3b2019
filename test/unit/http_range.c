/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/range.c
// CFLAGS: -Iapps/httpd
/* Byte ranges: good, unsatisfiable and ignored ones, at the edges of the numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "range.h"

static enum range_verdict parse(const char *value, size_t len, int64_t size, struct range *range)
{
    char *exact = malloc(len > 0 ? len : 1);

    assert_non_null(exact);
    memcpy(exact, value, len);

    enum range_verdict verdict = range_parse(exact, len, size, range);

    free(exact);
    return verdict;
}

static void satisfiable(void **state)
{
    static const struct {
        const char *value;
        int64_t size, first, last;
    } cases[] = {
        { "bytes=0-0", 1, 0, 0 },
        { "bytes=0-499", 1000, 0, 499 },
        { "bytes=500-", 1000, 500, 999 },
        { "bytes=-500", 1000, 500, 999 },
        { "bytes=-5000", 1000, 0, 999 },
        { "bytes=999-5000", 1000, 999, 999 },
        { "BYTES= 1-2 ", 10, 1, 2 },
        { "bytes=0-99999999999999999999999999", 10, 0, 9 },
        { "bytes=-99999999999999999999999999", 10, 0, 9 },
        { "bytes=9223372036854775806-", INT64_MAX, INT64_MAX - 1, INT64_MAX - 1 },
    };
    struct range range;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].value, strlen(cases[i].value), cases[i].size, &range),
                         RANGE_SATISFIABLE);
        assert_int_equal(range.first, cases[i].first);
        assert_int_equal(range.last, cases[i].last);
    }
}

static void unsatisfiable(void **state)
{
    static const char *const values[] = {
        "bytes=1000-",
        "bytes=1000-2000",
        "bytes=-0",
        "bytes=99999999999999999999999999-",
    };
    struct range range;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_int_equal(parse(values[i], strlen(values[i]), 1000, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(parse("bytes=0-0", 9, 0, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(parse("bytes=-1", 8, 0, &range), RANGE_UNSATISFIABLE);
}

static void ignored(void **state)
{
    static const char *const values[] = {
        "",           "bytes",      "bytes=",      "bytes=-",       "bytes=1",
        "bytes=a-b",  "bytes=2-1",  "bytes=1-2-3", "bytes=0-1,3-4", "bytes=0-1, ",
        "lines=0-1",  "bytes =0-1", "bytes=+1-2",  "bytes=--1",     "bytes=0x1-2",
        "bytes=1- 2", "bytes=1 -2", "=0-1",        "bytes:0-1",
    };
    struct range range;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_int_equal(parse(values[i], strlen(values[i]), 1000, &range), RANGE_IGNORED);
}

/* Whatever is found lies within the file. */
static void random_values(void **state)
{
    static const char alphabet[] = "0123456789--,= b";
    char value[40] = "bytes=";
    struct range range;

    (void)state;
    srand(3);
    for (int round = 0; round < 50000; round++) {
        size_t len = 6 + (size_t)rand() % 30;
        int64_t size = rand() % 2000;

        for (size_t i = 6; i < len; i++)
            value[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
        if (parse(value, len, size, &range) != RANGE_SATISFIABLE)
            continue;
        assert_true(range.first >= 0 && range.first <= range.last && range.last < size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(satisfiable),
        cmocka_unit_test(unsatisfiable),
        cmocka_unit_test(ignored),
        cmocka_unit_test(random_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
