/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/condition.c apps/httpd/date.c apps/httpd/request.c
// CFLAGS: -Iapps/httpd
/* Conditional requests: each field, their precedence, weak and strong tags, malformed lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "condition.h"

#define ON_TIME "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct validators strong = { "\"a,b\"", 5, 784111777, false };
static const struct validators weak = { "\"a,b\"", 5, 784111777, true };

static char head[512];
static struct request request;

static void parse(const char *fields)
{
    int len = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);

    request_reset(&request);
    assert_int_equal(request_parse(&request, head, (size_t)len), len);
}

static int check(const char *fields, const struct validators *file)
{
    parse(fields);
    return (int)condition_check(&request, head, file);
}

static bool range_allowed(const char *fields, const struct validators *file)
{
    parse(fields);
    return condition_range_allowed(&request, head, file);
}

static void none_match(void **state)
{
    static const char *const matching[] = {
        "*", "\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "\"x\",W/\"a,b\" ", ",, \"a,b\",",
    };
    static const char *const others[] = {
        "\"a\"", "a,b",       "\"a,b",     "W/", "W/a",        "\"",
        "\"\"",  "w/\"a,b\"", "x \"a,b\"", "",   "\"x\" W/\"", "**",
    };
    char fields[128];

    (void)state;
    for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++) {
        snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", matching[i]);
        assert_int_equal(check(fields, &strong), CONDITION_NOT_MODIFIED);
        assert_int_equal(check(fields, &weak), CONDITION_NOT_MODIFIED);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", others[i]);
        assert_int_equal(check(fields, &strong), CONDITION_HOLDS);
    }
}

static void match_is_strong(void **state)
{
    (void)state;
    assert_int_equal(check("If-Match: \"a,b\"\r\n", &strong), CONDITION_HOLDS);
    assert_int_equal(check("If-Match: \"a,b\"\r\n", &weak), CONDITION_FAILED);
    assert_int_equal(check("If-Match: W/\"a,b\"\r\n", &strong), CONDITION_FAILED);
    assert_int_equal(check("If-Match: *\r\n", &weak), CONDITION_HOLDS);
    assert_int_equal(check("If-Match: \"x\"\r\n", &strong), CONDITION_FAILED);
}

static void dates(void **state)
{
    (void)state;
    assert_int_equal(check("If-Modified-Since: " ON_TIME "\r\n", &strong), CONDITION_NOT_MODIFIED);
    assert_int_equal(check("If-Modified-Since: " LATER "\r\n", &strong), CONDITION_NOT_MODIFIED);
    assert_int_equal(check("If-Modified-Since: " EARLIER "\r\n", &strong), CONDITION_HOLDS);
    assert_int_equal(check("If-Modified-Since: yesterday\r\n", &strong), CONDITION_HOLDS);
    assert_int_equal(check("If-Unmodified-Since: " ON_TIME "\r\n", &strong), CONDITION_HOLDS);
    assert_int_equal(check("If-Unmodified-Since: " EARLIER "\r\n", &strong), CONDITION_FAILED);
    assert_int_equal(check("If-Unmodified-Since: soon\r\n", &strong), CONDITION_HOLDS);
}

static void precedence(void **state)
{
    (void)state;
    assert_int_equal(check("If-None-Match: \"x\"\r\nIf-Modified-Since: " ON_TIME "\r\n", &strong),
                     CONDITION_HOLDS);
    assert_int_equal(check("If-Match: *\r\nIf-Unmodified-Since: " EARLIER "\r\n", &strong),
                     CONDITION_HOLDS);
    assert_int_equal(check("If-Match: \"x\"\r\nIf-None-Match: *\r\n", &strong), CONDITION_FAILED);
}

static void if_range(void **state)
{
    (void)state;
    assert_true(range_allowed("", &weak));
    assert_true(range_allowed("If-Range: \"a,b\"\r\n", &strong));
    assert_false(range_allowed("If-Range: \"a,b\"\r\n", &weak));
    assert_false(range_allowed("If-Range: W/\"a,b\"\r\n", &strong));
    assert_false(range_allowed("If-Range: \"a\"\r\n", &strong));
    assert_false(range_allowed("If-Range: *\r\n", &strong));
    assert_false(range_allowed("If-Range:\r\n", &strong));
    assert_true(range_allowed("If-Range: " ON_TIME "\r\n", &strong));
    assert_false(range_allowed("If-Range: " LATER "\r\n", &strong));
    assert_false(range_allowed("If-Range: " ON_TIME "\r\n", &weak));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_match), cmocka_unit_test(match_is_strong), cmocka_unit_test(dates),
        cmocka_unit_test(precedence), cmocka_unit_test(if_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
