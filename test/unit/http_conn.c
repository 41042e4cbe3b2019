/* SPDX-License-Identifier: MIT */
// SRCS: apps/httpd/conn.c apps/httpd/respond.c apps/httpd/request.c apps/httpd/path.c apps/httpd/range.c apps/httpd/condition.c apps/httpd/date.c apps/httpd/mime.c apps/httpd/document.c apps/httpd/body.c apps/httpd/listing.c apps/httpd/log.c apps/httpd/text.c apps/httpd/deadline.c apps/httpd/clock.c apps/httpd/budget.c
// CFLAGS: -Iapps/httpd
/*
 * Whole connections, on socket pairs, with a clock that stands still or is moved by hand: the bytes
 * that come back for the bytes that go in, under pieces of any size, slow readers, no memory,
 * hostile pipelines and expired deadlines. After each test all memory of connections is back.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "budget.h"
#include "clock.h"
#include "conn.h"
#include "respond.h"

#define GET_BIG "GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_BIG_AND_CLOSE "GET /big.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define GET_SMALL "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n"

enum { BIG_SIZE = 300000, ANSWER_MAX = 2 << 20 };

static char root[] = "/tmp/http_conn.XXXXXX";
static char *big;    /* what big.bin holds */
static char *answer; /* what the peer has received */
static size_t answer_len;
static struct pollfd slot;
static struct conn conn;
static int peer;

static void write_file(const char *name, const char *data, size_t len)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void open_peer(bool refused, int buffer)
{
    int pair[2];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f };

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcntl(pair[i], F_SETFL, O_NONBLOCK), 0);
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    }
    peer = pair[0];
    answer_len = 0;
    conn.poll = &slot;
    conn_open(&conn, pair[1], (struct sockaddr *)&address, refused);
}

static bool is_open(void)
{
    return slot.fd >= 0;
}

/* One round of what the event loop does; false if there was nothing to do. */
static bool turn(void)
{
    if (!is_open() || poll(&slot, 1, 0) != 1)
        return false;
    conn_ready(&conn);
    return true;
}

/* Takes up to `most` bytes of what came back; false if there was nothing. */
static bool take(size_t most)
{
    ssize_t got;

    assert_true(answer_len + most <= ANSWER_MAX);
    got = recv(peer, answer + answer_len, most, 0);
    if (got <= 0)
        return false;
    answer_len += (size_t)got;
    return true;
}

/* A turn, and the peer takes up to `most` bytes; false if nothing happened. */
static bool exchange(size_t most)
{
    bool turned = turn();
    bool taken = take(most);

    return turned || taken;
}

/* The same until nothing happens any more. */
static void exchange_all(size_t most)
{
    for (int quiet = 0; quiet < 3;)
        quiet = exchange(most) ? 0 : quiet + 1;
}

static void run(void)
{
    exchange_all(65536);
    answer[answer_len] = '\0';
}

static void say_pieces(const char *data, size_t len, size_t piece)
{
    for (size_t at = 0; at < len && is_open(); at += piece) {
        size_t now = len - at < piece ? len - at : piece;

        if (send(peer, data + at, now, MSG_NOSIGNAL) != (ssize_t)now)
            break;
        run();
    }
    run();
}

static void say(const char *text)
{
    say_pieces(text, strlen(text), strlen(text));
}

static void hang_up(void)
{
    close(peer);
    while (turn())
        ;
    assert_false(is_open());
}

/* How often `text` has come back. */
static int received(const char *text)
{
    size_t len = strlen(text);
    int count = 0;

    for (size_t at = 0; at + len <= answer_len; at++)
        count += memcmp(answer + at, text, len) == 0;
    return count;
}

static int answers(void)
{
    return received("HTTP/1.1 ");
}

static void assert_status(int status)
{
    char line[32];

    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    assert_memory_equal(answer, line, strlen(line));
}

/* Lets a deadline pass. */
static void wait_ms(int ms)
{
    struct deadline *deadline;

    server_clock.now += ms;
    while ((deadline = deadline_expired()) != NULL)
        conn_expired(&conn);
    run();
}

static int start(void **state)
{
    char path[128];

    (void)state;
    clock_update();
    big = malloc(BIG_SIZE);
    answer = malloc(ANSWER_MAX + 1);
    if (!big || !answer || !mkdtemp(root) || respond_root(root) < 0)
        return -1;
    for (size_t i = 0; i < BIG_SIZE; i++)
        big[i] = (char)(i * 7 + i / 251);
    write_file("big.bin", big, BIG_SIZE);
    write_file("small.txt", "0123456789", 10);
    write_file("shrinks", big, BIG_SIZE);
    snprintf(path, sizeof(path), "%s/dir", root);
    return mkdir(path, 0700);
}

static int stop(void **state)
{
    static const char *const names[] = { "big.bin", "small.txt", "shrinks" };
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/dir", root);
    rmdir(path);
    free(big);
    free(answer);
    return rmdir(root);
}

static int nothing_is_left(void **state)
{
    void *all = budget_take(BUDGET_TOTAL);

    (void)state;
    if (!all || conn_count() != 0 || deadline_wait() != -1)
        return -1;
    budget_give(all, BUDGET_TOTAL);
    return 0;
}

static void serves_a_file(void **state)
{
    (void)state;
    open_peer(false, 65536);
    say(GET_SMALL);
    assert_status(200);
    assert_non_null(strstr(answer, "\r\nContent-Length: 10\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n0123456789"));
    assert_true(is_open());
    assert_null(conn.input);
    hang_up();
}

static void pieces_do_not_matter(void **state)
{
    static const char text[] = GET_SMALL
        "POST /dir HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n.."
        "HEAD /big.bin HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /dir?x HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /dir/ HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /big.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-30004\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    char *expected = malloc(ANSWER_MAX);
    size_t expected_len;

    (void)state;
    assert_non_null(expected);
    open_peer(false, 65536);
    say(text);
    assert_false(is_open());
    assert_int_equal(answers(), 7);
    memcpy(expected, answer, answer_len);
    expected_len = answer_len;
    close(peer);
    for (size_t piece = 1; piece < 80; piece += piece < 10 ? 1 : 13) {
        open_peer(false, 65536);
        say_pieces(text, sizeof(text) - 1, piece);
        assert_int_equal(answer_len, expected_len);
        assert_memory_equal(answer, expected, expected_len);
        hang_up();
    }
    free(expected);
}

/*
 * Answers go out through a tiny socket buffer to a peer that takes `most` bytes at a time. The
 * first and the last one are big.bin.
 */
static void read_slowly(const char *text, size_t most)
{
    open_peer(false, 4608);
    assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
    exchange_all(most);
    assert_false(is_open());
    answer[answer_len] = '\0';
    assert_true(answer_len > BIG_SIZE);
    assert_memory_equal(answer + answer_len - BIG_SIZE, big, BIG_SIZE);
    assert_memory_equal(strstr(answer, "\r\n\r\n") + 4, big, BIG_SIZE);
    close(peer);
}

static void slow_reader_gets_all(void **state)
{
    (void)state;
    read_slowly(GET_BIG GET_SMALL GET_BIG_AND_CLOSE, 1000);
    read_slowly(GET_BIG GET_BIG GET_BIG_AND_CLOSE, 70);
}

/* Without memory for what the socket does not take, it is read from the file again. */
static void slow_reader_gets_all_without_memory(void **state)
{
    void *all = budget_take(BUDGET_TOTAL);

    (void)state;
    assert_non_null(all);
    read_slowly(GET_BIG_AND_CLOSE, 1000);
    budget_give(all, BUDGET_TOTAL);
}

static void unfinished_request_without_memory_is_503(void **state)
{
    void *all = budget_take(BUDGET_TOTAL);

    (void)state;
    assert_non_null(all);
    open_peer(false, 65536);
    say("GET /small.txt HTTP/1.1\r\nHo");
    assert_status(503);
    hang_up();
    open_peer(false, 65536);
    say("GET /dir/ HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(503);
    hang_up();
    open_peer(false, 65536);
    say(GET_SMALL);
    assert_status(200);
    hang_up();
    budget_give(all, BUDGET_TOTAL);
}

static void flood_of_requests_is_bounded(void **state)
{
    static const char text[] = GET_SMALL;
    size_t sent = 0;

    (void)state;
    open_peer(false, 65536);
    for (int i = 0; i < 5000; i++) {
        if (send(peer, text, sizeof(text) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(text) - 1)
            sent++;
        turn();
    }
    /* The peer reads nothing, so neither does the server, once the socket is full. */
    assert_true(sent < 5000);
    assert_true(conn.held_size <= 16384);
    assert_true(conn.input_size <= REQUEST_HEAD_MAX);
    run();
    assert_int_equal(answers(), sent);
    hang_up();
}

/* The socket fills up amid small answers, and the last one is an error. */
static void bad_request_behind_unsent_answers(void **state)
{
    char text[2048];

    (void)state;
    for (int count = 1; count < 30; count++) {
        text[0] = '\0';
        for (int i = 0; i < count; i++)
            strcat(text, GET_SMALL);
        strcat(text, "BAD\r\n\r\n");
        open_peer(false, 4608);
        assert_true(send(peer, text, strlen(text), 0) > 0);
        exchange_all(70);
        assert_int_equal(answers(), count + 1);
        answer[answer_len] = '\0';
        assert_int_equal(received("\r\n\r\n0123456789HTTP"), count);
        assert_non_null(strstr(answer, "HTTP/1.1 400 "));
        assert_memory_equal(answer + answer_len - 8, "</html>\n", 8);
        hang_up();
    }
}

static void smuggled_requests_are_not_served(void **state)
{
    static const char *const attacks[] = {
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n" GET_SMALL,
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n" GET_SMALL,
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n" GET_SMALL,
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 40\r\n\r\n" GET_SMALL,
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 37\r\n\r\n" GET_SMALL,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        open_peer(false, 65536);
        say(attacks[i]);
        assert_int_equal(answers(), 1);
        assert_null(strstr(answer, "0123456789"));
        hang_up();
    }
}

static void deadlines(void **state)
{
    (void)state;
    open_peer(false, 65536);
    wait_ms(14999);
    assert_true(is_open());
    wait_ms(1);
    assert_false(is_open());
    assert_int_equal(answer_len, 0);
    close(peer);

    open_peer(false, 65536);
    say("GET / HT");
    wait_ms(9000);
    say("TP/1.1");
    assert_int_equal(answer_len, 0);
    wait_ms(1000);
    assert_status(408);
    assert_int_equal(conn.state, CONN_LINGERING);
    say("\r\nmore of what nobody reads");
    assert_true(is_open());
    wait_ms(2000);
    assert_false(is_open());
    close(peer);

    open_peer(false, 65536);
    say("GET /small.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    assert_status(200);
    wait_ms(10000);
    assert_false(is_open());
    close(peer);
}

static void peer_that_takes_nothing_is_dropped(void **state)
{
    static const char text[] = GET_BIG;

    (void)state;
    open_peer(false, 4608);
    assert_true(send(peer, text, sizeof(text) - 1, 0) > 0);
    while (turn())
        ;
    assert_int_equal(conn.state, CONN_WRITING);
    server_clock.now += 30000;
    assert_ptr_equal(deadline_expired(), &conn.deadline);
    conn_expired(&conn);
    assert_false(is_open());
    close(peer);
}

static void refused_connection_gets_503(void **state)
{
    (void)state;
    open_peer(true, 65536);
    say(GET_SMALL);
    assert_status(503);
    assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
    assert_false(is_open());
    close(peer);
}

/* The length has been promised: all that can be done is to end the connection. */
static void file_that_shrinks_ends_the_connection(void **state)
{
    static const char text[] = "GET /shrinks HTTP/1.1\r\nHost: a\r\n\r\n";

    (void)state;
    open_peer(false, 4608);
    assert_true(send(peer, text, sizeof(text) - 1, 0) > 0);
    turn();
    assert_true(is_open());
    write_file("shrinks", "short", 5);
    run();
    assert_false(is_open());
    assert_true(answer_len < BIG_SIZE);
    close(peer);
}

static void peer_that_leaves_at_any_time(void **state)
{
    static const char text[] = GET_BIG "GET /dir/ HTTP/1.1\r\nHost: a\r\n\r\nGET";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len += 3) {
        for (int turns = 0; turns < 4; turns++) {
            open_peer(false, 4608);
            assert_true(send(peer, text, len, 0) == (ssize_t)len);
            for (int i = 0; i < turns; i++)
                turn();
            take(5000);
            hang_up();
        }
    }
}

static void random_damage(void **state)
{
    static const char base[] =
        "GET /small.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n"
        "GET /big.bin HTTP/1.0\r\nConnection: keep-alive\r\nIf-None-Match: \"x\"\r\n\r\n"
        "GET /dir/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    char text[sizeof(base)];

    (void)state;
    srand(5);
    for (int round = 0; round < 500; round++) {
        memcpy(text, base, sizeof(base));
        for (int i = rand() % 5; i > 0; i--)
            text[(size_t)rand() % (sizeof(base) - 1)] = (char)rand();
        open_peer(false, 65536);
        say_pieces(text, sizeof(base) - 1, 1 + (size_t)rand() % sizeof(base));
        hang_up();
    }
}

#define clean_test(function) cmocka_unit_test_teardown(function, nothing_is_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        clean_test(serves_a_file),
        clean_test(pieces_do_not_matter),
        clean_test(slow_reader_gets_all),
        clean_test(slow_reader_gets_all_without_memory),
        clean_test(unfinished_request_without_memory_is_503),
        clean_test(flood_of_requests_is_bounded),
        clean_test(bad_request_behind_unsent_answers),
        clean_test(smuggled_requests_are_not_served),
        clean_test(deadlines),
        clean_test(peer_that_takes_nothing_is_dropped),
        clean_test(refused_connection_gets_503),
        clean_test(file_that_shrinks_ends_the_connection),
        clean_test(peer_that_leaves_at_any_time),
        clean_test(random_damage),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
