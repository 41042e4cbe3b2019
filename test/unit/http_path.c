/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/path.c
// CFLAGS: -Iapps/httpd
/*
 * Paths: decoding, normalisation, and that nothing leads out of the root, under every encoding of
 * every attempt, and under random bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path.h"

/* Decodes exact heap copies, so that the address sanitizer sees any access beyond them. */
static int decode(const char *target, size_t len, char *out, size_t size, struct path *path)
{
    char *in = malloc(len > 0 ? len : 1);
    char *exact = malloc(size > 0 ? size : 1);

    assert_non_null(in);
    assert_non_null(exact);
    memcpy(in, target, len);

    int status = path_decode(in, len, exact, size, path);

    if (status == 0) {
        assert_true(path->len <= size);
        memcpy(out, exact, path->len);
    }
    free(in);
    free(exact);
    return status;
}

static void decodes_and_normalises(void **state)
{
    static const struct {
        const char *target;
        const char *path;
        size_t query;
    } cases[] = {
        { "", "/", 0 },
        { "/", "/", 1 },
        { "?a=/../b", "/", 0 },
        { "/a", "/a", 2 },
        { "/a/", "/a/", 3 },
        { "/a?b/../c", "/a", 2 },
        { "//a///b//", "/a/b/", 9 },
        { "/./a/./b/.", "/a/b/", 10 },
        { "/a/../b", "/b", 7 },
        { "/a/b/c/../../d", "/a/d", 14 },
        { "/a/..", "/", 5 },
        { "/a/b/%2E%2e/", "/a/", 12 },
        { "/a%2fb%2F", "/a/b/", 9 },
        { "/%41%62c", "/Abc", 8 },
        { "/a%20b+c", "/a b+c", 8 },
        { "/%c3%a4\xc3\xa4", "/\xc3\xa4\xc3\xa4", 9 },
        { "/%252e%252e/a", "/%2e%2e/a", 13 },
        { "/a..b/c.", "/a..b/c.", 8 },
        { "/.well-known/x", "/.well-known/x", 14 },
        { "/a%3fb%23c", "/a?b#c", 10 },
    };
    char out[64];
    struct path path;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *target = cases[i].target;

        assert_int_equal(decode(target, strlen(target), out, sizeof(out), &path), 0);
        assert_int_equal(path.len, strlen(cases[i].path));
        assert_memory_equal(out, cases[i].path, path.len);
        assert_int_equal(path.query, cases[i].query);
        assert_int_equal(path.directory, out[path.len - 1] == '/');
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *target;
        int status;
    } cases[] = {
        { "/..", 400 },           { "/../a", 400 },
        { "/a/../..", 400 },      { "/a/../../b", 400 },
        { "/%2e%2e/a", 400 },     { "/.%2e", 400 },
        { "/%2e./", 400 },        { "/..%2fa", 400 },
        { "/%2f..%2f..", 400 },   { "//../a", 400 },
        { "/./../a", 400 },       { "/a\\b", 400 },
        { "/..\\a", 400 },        { "/%5c", 400 },
        { "/a%5C..%5c", 400 },    { "/%", 400 },
        { "/%2", 400 },           { "/%zz", 400 },
        { "/%2g", 400 },          { "/a%", 400 },
        { "/%%32e", 400 },        { "/%00", 400 },
        { "/a%00.html", 400 },    { "/%0a", 400 },
        { "/%0d%0aX", 400 },      { "/%7f", 400 },
        { "/%1b", 400 },          { "/.htaccess", 404 },
        { "/a/.git/b", 404 },     { "/.../", 404 },
        { "/..a", 404 },          { "/%2ehidden", 404 },
        { "/.well-knownx", 404 }, { "/.hidden/../a", 404 },
    };
    char out[64];
    struct path path;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *target = cases[i].target;

        assert_int_equal(decode(target, strlen(target), out, sizeof(out), &path), cases[i].status);
    }
}

static void keeps_to_its_buffer(void **state)
{
    static const char target[] = "/abc/defg/../hij";
    char out[32];
    struct path path;

    (void)state;
    assert_int_equal(decode(target, sizeof(target) - 1, out, 0, &path), 414);
    /* The ".." has to be written before it can be taken back. */
    for (size_t size = 1; size < 12; size++)
        assert_int_equal(decode(target, sizeof(target) - 1, out, size, &path), 414);
    for (size_t size = 12; size < 20; size++)
        assert_int_equal(decode(target, sizeof(target) - 1, out, size, &path), 0);
    assert_memory_equal(out, "/abc/hij", 8);
}

/* The promise of path.h, checked by other means than the decoder's. */
static void assert_confined(const char *out, const struct path *path)
{
    size_t start = 1;

    assert_true(path->len > 0);
    assert_int_equal(out[0], '/');
    for (size_t i = 1; i <= path->len; i++) {
        if (i < path->len) {
            assert_true((unsigned char)out[i] >= 0x20);
            assert_int_not_equal(out[i], '\\');
        }
        if (i < path->len && out[i] != '/')
            continue;
        assert_true(i > start || i == path->len);
        assert_false(i - start == 1 && out[start] == '.');
        assert_false(i - start == 2 && memcmp(out + start, "..", 2) == 0);
        start = i + 1;
    }
}

static void random_targets_stay_inside(void **state)
{
    static const char *const parts[] = {
        "/", "..", ".", "%2e", "%2E", "%2f", "\\", "a", "b/", "%5c", "%", "%00", "?", "%25", "c",
    };
    char target[128];
    char out[128];
    struct path path;

    (void)state;
    srand(2);
    for (int round = 0; round < 50000; round++) {
        target[0] = '/';
        target[1] = '\0';
        for (int i = rand() % 12; i > 0; i--)
            strcat(target, parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);

        size_t size = (size_t)rand() % sizeof(out);

        if (decode(target, strlen(target), out, size, &path) == 0)
            assert_confined(out, &path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_and_normalises),
        cmocka_unit_test(refuses),
        cmocka_unit_test(keeps_to_its_buffer),
        cmocka_unit_test(random_targets_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
