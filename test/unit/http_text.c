/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/text.c apps/httpd/mime.c
// CFLAGS: -Iapps/httpd
/* The string builder: bounds, numbers, and the three escapes with every byte at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime.h"
#include "scan.h"
#include "text.h"

static char buffer[512];

static struct text fresh(size_t cap)
{
    return (struct text){ .data = buffer, .cap = cap };
}

static void assert_text(const struct text *t, const char *expected)
{
    assert_false(t->overflow);
    assert_int_equal(t->len, strlen(expected));
    assert_memory_equal(t->data, expected, t->len);
}

static void stops_at_its_end(void **state)
{
    struct text t = fresh(4);

    (void)state;
    text_literal(&t, "abc");
    text_literal(&t, "de");
    assert_true(t.overflow);
    assert_int_equal(t.len, 3);
    text_literal(&t, "f");
    assert_int_equal(t.len, 4);
    assert_memory_equal(buffer, "abcf", 4);
}

static void numbers(void **state)
{
    struct text t = fresh(sizeof(buffer));

    (void)state;
    text_number(&t, 0);
    text_literal(&t, " ");
    text_number(&t, UINT64_MAX);
    text_literal(&t, " ");
    text_padded(&t, 7, 3);
    text_literal(&t, " ");
    text_padded(&t, 1234, 3);
    text_literal(&t, " ");
    text_hex(&t, 0);
    text_literal(&t, " ");
    text_hex(&t, UINT64_C(0xfedcba9876543210));
    assert_text(&t, "0 18446744073709551615 007 1234 0 fedcba9876543210");
}

static void html_and_uri(void **state)
{
    struct text t = fresh(sizeof(buffer));

    (void)state;
    text_html(&t, "<a href=\"x\">&'\n\x7f", 16);
    assert_text(&t, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;??");
    t = fresh(sizeof(buffer));
    text_uri(&t, "/a b:\"<%>?#&\r\n\0\xc3/.-_~", 21);
    assert_text(&t, "/a%20b%3A%22%3C%25%3E%3F%23%26%0D%0A%00%C3/.-_~");
}

static void printable_escapes_each_byte_anywhere(void **state)
{
    char line[20];
    char expected[40];

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';

        for (size_t at = 0; at < sizeof(line); at++) {
            struct text t = fresh(sizeof(buffer));
            int len = (int)at;

            memset(line, 'a', sizeof(line));
            line[at] = (char)byte;
            text_printable(&t, line, sizeof(line));
            memset(expected, 'a', sizeof(expected));
            len += snprintf(expected + at, sizeof(expected) - at, plain ? "%c" : "\\x%02X", byte);
            memset(expected + len, 'a', sizeof(line) - 1 - at);
            expected[(size_t)len + sizeof(line) - 1 - at] = '\0';
            assert_text(&t, expected);
        }
    }
}

/* The word tests against the same question asked of each byte. */
static void scanning(void **state)
{
    char word[8];

    (void)state;
    srand(4);
    for (int round = 0; round < 100000; round++) {
        size_t below = 8;
        size_t equal = 8;

        for (size_t i = 8; i-- > 0;) {
            word[i] = (char)(rand() % 16 == 0 ? rand() % 256 : 0x1e + rand() % 8);
            if ((unsigned char)word[i] < 0x20)
                below = i;
            if (word[i] == '"')
                equal = i;
        }

        uint64_t found = scan_below(scan_load(word), 0x20);

        assert_int_equal(found == 0 ? 8 : scan_first(found), below);
        found = scan_equal(scan_load(word), '"');
        assert_int_equal(found == 0 ? 8 : scan_first(found), equal);
    }
}

static void media_types(void **state)
{
    static const struct {
        const char *path;
        const char *type;
    } cases[] = {
        { "/a.html", "text/html; charset=utf-8" },   { "/a.b/C.JPG", "image/jpeg" },
        { "/a.tar.gz", "application/gzip" },         { "/html", "application/octet-stream" },
        { "/a.html/b", "application/octet-stream" }, { "/a.", "application/octet-stream" },
        { "/a.htmlx", "application/octet-stream" },  { "", "application/octet-stream" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(mime_type(cases[i].path, strlen(cases[i].path)), cases[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_at_its_end), cmocka_unit_test(numbers),
        cmocka_unit_test(html_and_uri),     cmocka_unit_test(printable_escapes_each_byte_anywhere),
        cmocka_unit_test(scanning),         cmocka_unit_test(media_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
