/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/request.c
// CFLAGS: -Iapps/httpd
/*
 * The request parser: what it accepts and refuses, and that neither the cutting of the bytes into
 * pieces nor hostile bytes change its verdict. Each parse runs on a heap copy of exactly the bytes
 * given, so that the address sanitizer sees any read beyond them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

static int parse_exact(struct request *r, const char *data, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, data, len);

    int verdict = request_parse(r, copy, len);

    free(copy);
    return verdict;
}

static int parse_whole(struct request *r, const char *data, size_t len)
{
    request_reset(r);
    return parse_exact(r, data, len);
}

/* Feeds the bytes in pieces of `piece`, until there is a verdict. */
static int parse_pieces(struct request *r, const char *data, size_t len, size_t piece)
{
    int verdict = 0;

    request_reset(r);
    for (size_t have = piece; verdict == 0; have += piece) {
        if (have > len)
            have = len;
        verdict = parse_exact(r, data, have);
        if (have == len)
            break;
    }
    return verdict;
}

static void assert_same_result(const struct request *a, const struct request *b)
{
    assert_int_equal(a->method, b->method);
    assert_int_equal(a->minor, b->minor);
    assert_int_equal(a->keep_alive, b->keep_alive);
    assert_int_equal(a->body_unread, b->body_unread);
    assert_int_equal(a->content_length, b->content_length);
    assert_memory_equal(&a->target, &b->target, sizeof(a->target));
    assert_memory_equal(a->kept, b->kept, sizeof(a->kept));
}

/* The verdict on the bytes, asserted to be the same however they are cut. */
static int verdict_on(const char *data, size_t len, struct request *r)
{
    static const size_t pieces[] = { 1, 2, 3, 7, 64 };
    int verdict = parse_whole(r, data, len);

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct request other;

        assert_int_equal(parse_pieces(&other, data, len, pieces[i]), verdict);
        if (verdict > 0)
            assert_same_result(r, &other);
    }
    return verdict;
}

static int verdict(const char *text)
{
    struct request r;

    return verdict_on(text, strlen(text), &r);
}

static void accepts_a_plain_request(void **state)
{
    static const char text[] = "GET /a?b HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1 \t\r\n\r\n";
    struct request r;

    (void)state;
    assert_int_equal(verdict_on(text, sizeof(text) - 1, &r), sizeof(text) - 1);
    assert_int_equal(r.method, METHOD_GET);
    assert_int_equal(r.minor, 1);
    assert_true(r.keep_alive);
    assert_int_equal(r.line_start, 0);
    assert_int_equal(r.line_length, strlen("GET /a?b HTTP/1.1"));
    assert_int_equal(r.target.len, 4);
    assert_memory_equal(text + r.target.at, "/a?b", 4);
    assert_int_equal(r.kept[FIELD_RANGE].len, 9);
    assert_memory_equal(text + r.kept[FIELD_RANGE].at, "bytes=0-1", 9);
    assert_int_equal(r.kept[FIELD_IF_RANGE].at, 0);
}

static void needs_more_at_every_byte(void **state)
{
    static const char text[] =
        "\r\nHEAD /index.html HTTP/1.1\r\nHost: [::1]:80\r\nUser-Agent: a\tb \xc3\xa4 c\r\n"
        "If-None-Match: \"x\"\r\nConnection: foo, close\r\n\r\n";
    struct request r;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(verdict_on(text, len, &r), 0);
    assert_int_equal(verdict_on(text, sizeof(text) - 1, &r), sizeof(text) - 1);
    assert_int_equal(r.method, METHOD_HEAD);
    assert_int_equal(r.line_start, 2);
    assert_false(r.keep_alive);
}

static void stops_at_the_end_of_a_pipelined_head(void **state)
{
    static const char one[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char two[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: \0\r\n";
    struct request r;

    (void)state;
    assert_int_equal(verdict_on(two, sizeof(two) - 1, &r), sizeof(one) - 1);
}

static void keep_alive_rules(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
        { "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true },
        { "GET / HTTP/1.9\r\nHost: a\r\n\r\n", true },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: te ,\tCLOSE\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: ,,\r\nConnection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", false },
    };
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(verdict_on(cases[i].text, strlen(cases[i].text), &r) > 0);
        assert_int_equal(r.keep_alive, cases[i].keep_alive);
    }
}

static void targets(void **state)
{
    static const struct {
        const char *text;
        const char *target;
    } cases[] = {
        { "GET http://a.b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "/c?d" },
        { "GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", "" },
        { "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "?b" },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*" },
        { "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "/\xc3\xa4" },
    };
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(verdict_on(cases[i].text, strlen(cases[i].text), &r) > 0);
        assert_int_equal(r.target.len, strlen(cases[i].target));
        assert_memory_equal(cases[i].text + r.target.at, cases[i].target, r.target.len);
    }
}

static void bad_request_lines(void **state)
{
    static const char *const bad[] = {
        "GET /\r\n",
        "GET\r\n",
        "GET  / HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET / http/1.1\r\n",
        "GET / HTTP/1.1\n",
        "GET / HTTP/11\r\n",
        "GET / HTTP/1.\r\n",
        "GET / HTT\n",
        "GET /\tHTTP/1.1\r\n",
        "GET /a b HTTP/1.1\r\n",
        "G@T / HTTP/1.1\r\n",
        "GET /#a HTTP/1.1\r\n",
        "GET a HTTP/1.1\r\n",
        "GET http:// HTTP/1.1\r\n",
        "GET http://u@h/ HTTP/1.1\r\n",
        "GET ftp://a/ HTTP/1.1\r\n",
        "\r\n\r\n",
        "\r\n\nGET / HTTP/1.1\r\n",
        "\n",
        "GET /\x7f HTTP/1.1\r\n",
        "GET / HTTP/1.1\rX\n",
        "\rGET / HTTP/1.1\r\n",
        "\x16\x03\x01\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(verdict(bad[i]), -400);
    assert_int_equal(verdict("GET / HTTP/2.0\r\n"), -505);
    assert_int_equal(verdict("GET / HTTP/0.9\r\n"), -505);
}

static void bad_fields(void **state)
{
    static const struct {
        const char *lines;
        int verdict;
    } cases[] = {
        { "", -400 }, /* no Host */
        { "Host: a\r\nHost: a\r\n", -400 },
        { "Host: a/b\r\n", -400 },
        { "Host: a b\r\n", -400 },
        { "Host: a\r\nX : b\r\n", -400 },
        { "Host: a\r\n X: b\r\n", -400 },
        { "Host: a\r\nX: b\r\n folded\r\n", -400 },
        { "Host: a\r\nX\r\n", -400 },
        { "Host: a\r\n: b\r\n", -400 },
        { "Host: a\r\nX: a\rb\r\n", -400 },
        { "Host: a\r\nX: a\n", -400 },
        { "Host: a\r\nX: \x01\r\n", -400 },
        { "Host: a\r\nX\xc3: a\r\n", -400 },
        { "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", -400 },
        { "Host: a\r\nContent-Length: 1, 1\r\n", -400 },
        { "Host: a\r\nContent-Length: +1\r\n", -400 },
        { "Host: a\r\nContent-Length: -1\r\n", -400 },
        { "Host: a\r\nContent-Length: 0x1\r\n", -400 },
        { "Host: a\r\nContent-Length: \r\n", -400 },
        { "Host: a\r\nContent-Length: 99999999999999999999999999x\r\n", -400 },
        { "Host: a\r\nContent-Length: 99999999999999999999999999\r\n", -413 },
        { "Host: a\r\nContent-Length: 65537\r\n", -413 },
        { "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", -400 },
        { "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", -400 },
        { "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", -400 },
        { "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", -501 },
        { "Host: a\r\nTransfer-Encoding: xchunked\r\n", -501 },
        { "Host: a\r\nTransfer-Encoding:\r\n", -501 },
        { "Host: a\r\nExpect: something\r\n", -417 },
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", cases[i].lines);
        assert_int_equal(verdict(text), cases[i].verdict);
    }
    assert_int_equal(verdict("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), -400);
}

static void nul_anywhere_is_refused(void **state)
{
    static const char text[] = "GET /abcdefgh HTTP/1.1\r\nHost: abcdefgh\r\nX: abcdefgh\r\n\r\n";
    char copy[sizeof(text)];
    struct request r;

    (void)state;
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        memcpy(copy, text, sizeof(text));
        copy[at] = '\0';

        int answer = verdict_on(copy, sizeof(text) - 1, &r);

        /* Over the last LF there is no line end any more, so more bytes are asked for. */
        if (at == sizeof(text) - 2)
            assert_int_equal(answer, 0);
        else
            assert_int_equal(answer, -400);
    }
}

static void body_lengths(void **state)
{
    struct request r;
    const char *text = "GET / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 0065536\r\n\r\n";

    (void)state;
    assert_true(verdict_on(text, strlen(text), &r) > 0);
    assert_int_equal(r.content_length, 65536);
    assert_true(r.keep_alive);
}

static void repeated_conditions_are_dropped(void **state)
{
    struct request r;
    const char *text = "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nRange: bytes=1-2\r\n\r\n";

    (void)state;
    assert_true(verdict_on(text, strlen(text), &r) > 0);
    assert_int_equal(r.kept[FIELD_RANGE].at, 0);
}

/* "GET /aaa… HTTP/1.1" with a request line of `length` bytes, CRLF included. */
static size_t long_line(char *text, size_t length)
{
    size_t fill = length - strlen("GET  HTTP/1.1\r\n");

    memcpy(text, "GET /", 5);
    memset(text + 5, 'a', fill - 1);
    memcpy(text + 4 + fill, " HTTP/1.1\r\n", 11);
    return length;
}

static void limits_of_length(void **state)
{
    char *text = malloc(3 * REQUEST_HEAD_MAX);
    struct request r;
    size_t len;

    (void)state;
    assert_non_null(text);
    len = long_line(text, REQUEST_LINE_MAX);
    memcpy(text + len, "Host: a\r\n\r\n", 11);
    assert_int_equal(parse_whole(&r, text, len + 11), len + 11);
    len = long_line(text, REQUEST_LINE_MAX + 1);
    assert_int_equal(parse_whole(&r, text, len), -414);
    assert_int_equal(parse_pieces(&r, text, len, 1), -414);
    memset(text, 'a', 3 * REQUEST_HEAD_MAX);
    assert_int_equal(parse_whole(&r, text, REQUEST_LINE_MAX - 1), 0);
    assert_int_equal(parse_whole(&r, text, REQUEST_LINE_MAX), -414);
    assert_int_equal(parse_whole(&r, text, 3 * REQUEST_HEAD_MAX), -414);

    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";

    memcpy(text, start, sizeof(start) - 1);
    assert_int_equal(parse_whole(&r, text, REQUEST_HEAD_MAX - 1), 0);
    assert_int_equal(parse_whole(&r, text, 3 * REQUEST_HEAD_MAX), -431);
    assert_int_equal(parse_pieces(&r, text, 3 * REQUEST_HEAD_MAX, 1), -431);
    memcpy(text + REQUEST_HEAD_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(parse_whole(&r, text, 3 * REQUEST_HEAD_MAX), REQUEST_HEAD_MAX);
    assert_int_equal(parse_pieces(&r, text, REQUEST_HEAD_MAX, 13), REQUEST_HEAD_MAX);
    memcpy(text + REQUEST_HEAD_MAX - 4, "a\r\n\r\n", 5);
    assert_int_equal(parse_whole(&r, text, 3 * REQUEST_HEAD_MAX), -431);
    free(text);
}

static void limit_of_fields(void **state)
{
    char text[1024] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct request r;

    (void)state;
    for (int i = 1; i < REQUEST_FIELDS_MAX; i++)
        strcat(text, "X: b\r\n");

    size_t len = strlen(text);

    strcat(text, "\r\n");
    assert_int_equal(verdict_on(text, len + 2, &r), len + 2);
    memcpy(text + len, "X: b\r\n", 7);
    assert_int_equal(verdict_on(text, len + 6, &r), -431);
}

/* Random damage: any verdict will do, as long as it does not depend on the pieces. */
static void random_damage(void **state)
{
    static const char base[] =
        "GET /some/path?q HTTP/1.1\r\nHost: example\r\nRange: bytes=1-2\r\nConnection: close\r\n"
        "Content-Length: 10\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nrest";
    char text[sizeof(base)];
    struct request r;

    (void)state;
    srand(1);
    for (int round = 0; round < 3000; round++) {
        memcpy(text, base, sizeof(base));
        for (int i = rand() % 4; i >= 0; i--)
            text[(size_t)rand() % (sizeof(base) - 1)] = (char)("\r\n\t :,/\0A\xff"[rand() % 10]);
        verdict_on(text, (size_t)rand() % sizeof(base), &r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_plain_request),
        cmocka_unit_test(needs_more_at_every_byte),
        cmocka_unit_test(stops_at_the_end_of_a_pipelined_head),
        cmocka_unit_test(keep_alive_rules),
        cmocka_unit_test(targets),
        cmocka_unit_test(bad_request_lines),
        cmocka_unit_test(bad_fields),
        cmocka_unit_test(nul_anywhere_is_refused),
        cmocka_unit_test(body_lengths),
        cmocka_unit_test(repeated_conditions_are_dropped),
        cmocka_unit_test(limits_of_length),
        cmocka_unit_test(limit_of_fields),
        cmocka_unit_test(random_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
