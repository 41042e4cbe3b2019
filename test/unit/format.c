/* SPDX-License-Identifier: MIT */
// SRCS: lib/base/format.c
/*
 * The kernel's small printf: the same text as the C library's, for all formats that it has, and
 * never a byte behind the buffer.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/printk.h"

#define SAME(...)                                                     \
    do {                                                              \
        char ours[256], theirs[256];                                  \
        int length = ksnprintf(ours, sizeof(ours), __VA_ARGS__);      \
                                                                      \
        assert_int_equal(length, snprintf(theirs, 256, __VA_ARGS__)); \
        assert_string_equal(ours, theirs);                            \
    } while (0)

static void test_same(void **state)
{
    (void)state;
    SAME("plain");
    SAME("%d %i %u", 0, -5, 5u);
    SAME("%d %d", INT_MAX, INT_MIN);
    SAME("%ld %ld %lu", LONG_MAX, LONG_MIN, ULONG_MAX);
    SAME("%lld %llu %zu", LLONG_MIN, ULLONG_MAX, (size_t)77);
    SAME("%x %lx %08x %8x %-8x|", 255u, ULONG_MAX, 0xabcu, 0xabcu, 0xabcu);
    SAME("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
    SAME("%*d|%-*d|", 7, 1, 7, 2);
    SAME("%s|%10s|%-10s|%.3s|%.*s|%10.2s", "text", "text", "text", "text", 2, "text", "text");
    SAME("%c%c %5c|", 'a', 'b', 'c');
    SAME("100%%");
    SAME("%p", (void *)0x1234);
}

static void test_bounds(void **state)
{
    (void)state;
    for (size_t size = 0; size < 12; size++) {
        char *buffer = malloc(size + 1);

        buffer[size] = '#';
        assert_int_equal(ksnprintf(buffer, size, "%s-%d", "hello", 12345), 11);
        assert_int_equal(buffer[size], '#');
        if (size > 0)
            assert_int_equal(strlen(buffer), size - 1 < 11 ? size - 1 : 11);
        free(buffer);
    }
}

static void test_null_and_unfinished(void **state)
{
    const char *volatile nothing = NULL, *volatile unfinished = "x%";
    char text[32];

    (void)state;
    ksnprintf(text, sizeof(text), "%s", nothing);
    assert_string_equal(text, "(null)");
    assert_int_equal(ksnprintf(text, sizeof(text), unfinished, 0), 1);
    assert_string_equal(text, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_null_and_unfinished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
