/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/log.c apps/httpd/text.c
// CFLAGS: -Iapps/httpd
/* The access log against readers that keep up, fall behind, or do not read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"

#define REQUEST "GET /612.html HTTP/1.1"

struct clock server_clock;

static int reader, terminal;

/* Let standard output be a pipe of one page, which fills at once. */
static int redirect(void **state)
{
    int ends[2];

    (void)state;
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fcntl(ends[i], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    reader = ends[0];
    return 0;
}

static int restore(void **state)
{
    (void)state;
    close(reader);
    return dup2(terminal, STDOUT_FILENO) < 0;
}

static void log_one(void)
{
    log_request("192.0.2.1", REQUEST, strlen(REQUEST), 200, 612);
}

/* Read what is there now, at most `pieces` pages: the number of request lines, and of other ones. */
static unsigned int read_lines(unsigned int pieces, unsigned int *others)
{
    static char buffer[4096];
    static char line[1024];
    static size_t length;
    unsigned int found = 0;

    while (pieces-- > 0) {
        ssize_t got = read(reader, buffer, sizeof(buffer));

        for (ssize_t i = 0; i < got; i++) {
            assert_true(length < sizeof(line));
            line[length++] = buffer[i];
            if (buffer[i] != '\n')
                continue;
            line[length - 1] = '\0';
            length = 0;
            if (strstr(line, "\"" REQUEST "\" 200 612"))
                found++;
            else
                ++*others;
        }
    }
    return found;
}

static unsigned int read_all(unsigned int *others)
{
    unsigned int found = 0;

    for (int turn = 0; turn < 200; turn++) {
        server_clock.now += 200;
        log_settle();
        found += read_lines(1, others);
    }
    return found;
}

static void test_together(void **state)
{
    unsigned int others = 0;

    (void)state;
    log_one();
    assert_int_equal(log_settle(), 100);
    assert_int_equal(read_lines(1, &others), 0);
    server_clock.now += 99;
    assert_int_equal(log_settle(), 1);
    server_clock.now += 1;
    assert_int_equal(log_settle(), -1);
    assert_int_equal(read_lines(1, &others), 1);
    assert_int_equal(log_descriptor(), -1);
    assert_int_equal(others, 0);
}

/* A reader that is slower than the requests: they are held back, and every line arrives. */
static void test_slow_reader(void **state)
{
    unsigned int written = 0, found = 0, held = 0, others = 0;

    (void)state;
    for (int turn = 0; turn < 2000; turn++) {
        for (int i = 0; i < 100 && !log_full(); i++, written++)
            log_one();
        held += log_full();
        log_settle();
        server_clock.now += 1;
        found += read_lines(1, &others);
    }
    found += read_all(&others);
    assert_true(held > 1000);
    assert_true(written > 50000);
    assert_int_equal(found, written);
    assert_int_equal(others, 0);
}

/* What one turn of a connection can log finds room after log_full() was asked. */
static void test_room_for_a_turn(void **state)
{
    char line[200];
    unsigned int others = 0;

    (void)state;
    memset(line, 0xff, sizeof(line));
    while (!log_full())
        log_one();
    /* 8 KiB of requests: at most 35 whose lines are as long as they get. */
    for (int i = 0; i < 35; i++)
        log_request("2001:db8:1111:2222:3333:4444:5555:6666", line, sizeof(line), 400, INT64_MAX);
    read_all(&others);
    assert_int_equal(others, 35);
    assert_false(log_full());
}

/* A reader that does not read: no waiting beyond the limit, and the gap is told of and counted. */
static void test_no_reader(void **state)
{
    unsigned int found, others = 0;

    (void)state;
    while (!log_full())
        log_one();
    assert_int_equal(log_patience(), 2000);
    log_settle();
    assert_int_equal(log_descriptor(), STDOUT_FILENO);
    server_clock.now += 1999;
    assert_true(log_full());
    assert_int_equal(log_patience(), 1);
    server_clock.now += 1;
    assert_false(log_full());
    assert_int_equal(log_patience(), 0);
    for (int i = 0; i < 10000; i++) {
        assert_false(log_full());
        log_one();
    }
    found = read_all(&others);
    assert_int_equal(others, 0);
    log_one();
    found += read_all(&others);
    assert_int_equal(others, 1);
    assert_true(found > 500 && found < 2000);
    /* From then on it is as before. */
    while (!log_full())
        log_one();
    assert_true(log_patience() == 2000);
    read_all(&others);
    assert_int_equal(others, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_together, redirect, restore),
        cmocka_unit_test_setup_teardown(test_slow_reader, redirect, restore),
        cmocka_unit_test_setup_teardown(test_room_for_a_turn, redirect, restore),
        cmocka_unit_test_setup_teardown(test_no_reader, redirect, restore),
    };

    terminal = dup(STDOUT_FILENO);
    memset(server_clock.log_date, 'x', sizeof(server_clock.log_date));
    log_start(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
