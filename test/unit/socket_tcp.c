/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * TCP sockets over lwIP, between two interfaces of one stack: what each call answers, and when.
 */
#include "net_fakes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "lib/sched/sched.h"
#include "lib/file/file.h"
#include "net/usage.h"

#define PORT 80

/* A connection across the wire, both ends in hand. */
struct pair {
    int listener, client, server;
};

static struct pair connect_pair(void)
{
    struct pair pair = { .listener = fake_net_listen(PORT, 5) };

    pair.client = fake_net_connect(PORT);
    assert_true(pair.client >= 0);
    pair.server = accept(pair.listener, NULL, NULL);
    assert_true(pair.server >= 0);
    return pair;
}

static void close_pair(struct pair *pair)
{
    if (pair->client >= 0)
        assert_int_equal(close(pair->client), 0);
    if (pair->server >= 0)
        assert_int_equal(close(pair->server), 0);
    assert_int_equal(close(pair->listener), 0);
    fake_net_check_leftovers();
}

static short events_of(int descriptor, short events)
{
    struct pollfd entry = { .fd = descriptor, .events = events };

    assert_true(poll(&entry, 1, 0) >= 0);
    return entry.revents;
}

static void assert_fails(long result, int error)
{
    assert_int_equal(result, -1);
    assert_int_equal(errno, error);
}

static void hello(void **state)
{
    struct pair pair = connect_pair();
    char buffer[100];

    (void)state;
    assert_int_equal(send(pair.client, "hello", 5, 0), 5);
    assert_int_equal(recv(pair.server, buffer, sizeof(buffer), 0), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(close(pair.client), 0);
    pair.client = -1;
    assert_int_equal(recv(pair.server, buffer, sizeof(buffer), 0), 0);
    assert_int_equal(recv(pair.server, buffer, sizeof(buffer), 0), 0);
    close_pair(&pair);
}

static void names(void **state)
{
    struct pair pair = connect_pair();
    struct sockaddr_in mine, theirs, other;
    socklen_t length = sizeof(mine);

    (void)state;
    assert_int_equal(getsockname(pair.client, (struct sockaddr *)&mine, &length), 0);
    assert_int_equal(length, sizeof(mine));
    length = sizeof(theirs);
    assert_int_equal(getpeername(pair.server, (struct sockaddr *)&theirs, &length), 0);
    assert_int_equal(mine.sin_port, theirs.sin_port);
    assert_true(ntohs(mine.sin_port) >= 49152);
    assert_int_equal(mine.sin_addr.s_addr, htonl(0x0a000001));
    length = sizeof(other);
    assert_int_equal(getpeername(pair.client, (struct sockaddr *)&other, &length), 0);
    assert_int_equal(other.sin_port, htons(PORT));
    assert_int_equal(other.sin_addr.s_addr, htonl(0x0a000002));
    length = sizeof(other);
    assert_fails(getpeername(pair.listener, (struct sockaddr *)&other, &length), ENOTCONN);
    close_pair(&pair);
}

static void receive_flags(void **state)
{
    struct pair pair = connect_pair();
    struct timeval time = { .tv_usec = 50000 };
    char buffer[16] = "";
    uint64_t before;
    int count;

    (void)state;
    assert_fails(recv(pair.server, buffer, 4, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(send(pair.client, "abcdefgh", 8, 0), 8);
    fake_net_sleep(MILLISECONDS(1));
    assert_int_equal(ioctl(pair.server, FIONREAD, &count), 0);
    assert_int_equal(count, 8);
    assert_int_equal(recv(pair.server, buffer, 4, MSG_PEEK), 4);
    assert_int_equal(recv(pair.server, buffer, 3, 0), 3);
    assert_memory_equal(buffer, "abc", 3);
    assert_int_equal(recv(pair.server, buffer, 16, MSG_PEEK), 5);
    assert_memory_equal(buffer, "defgh", 5);
    assert_int_equal(send(pair.client, "ij", 2, 0), 2);
    assert_int_equal(recv(pair.server, buffer, 7, MSG_WAITALL), 7);
    assert_memory_equal(buffer, "defghij", 7);
    assert_int_equal(setsockopt(pair.server, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), 0);
    before = clock_monotonic();
    assert_fails(recv(pair.server, buffer, 4, 0), EAGAIN);
    assert_int_equal(clock_monotonic() - before, MILLISECONDS(50));
    close_pair(&pair);
}

static void vectors(void **state)
{
    struct pair pair = connect_pair();
    char one[3], two[64] = "", header[] = "header:", body[] = "body";
    struct iovec out[] = { { header, 7 }, { NULL, 0 }, { body, 4 } },
                 in[] = { { one, 3 }, { two, 64 } };
    struct msghdr message = { .msg_iov = out, .msg_iovlen = 3 };
    unsigned int frames;

    (void)state;
    fake_net_sleep(SECONDS(1));
    frames = fake_wire.frames;
    assert_int_equal(sendmsg(pair.client, &message, MSG_NOSIGNAL), 11);
    assert_int_equal(fake_wire.frames, frames + 1); /* in one segment */
    message = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
    assert_int_equal(recvmsg(pair.server, &message, 0), 11);
    assert_memory_equal(one, "hea", 3);
    assert_memory_equal(two, "der:body", 8);
    close_pair(&pair);
}

/* ---- ends ---- */

static void half_close(void **state)
{
    struct pair pair = connect_pair();
    char buffer[16];

    (void)state;
    assert_int_equal(send(pair.client, "question", 8, 0), 8);
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    assert_fails(send(pair.client, "x", 1, 0), EPIPE);
    assert_int_equal(recv(pair.server, buffer, 16, 0), 8);
    assert_int_equal(recv(pair.server, buffer, 16, 0), 0);
    assert_int_equal(events_of(pair.server, POLLIN | POLLOUT | POLLRDHUP),
                     POLLIN | POLLOUT | POLLRDHUP);
    assert_int_equal(send(pair.server, "answer", 6, 0), 6);
    assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
    assert_int_equal(recv(pair.client, buffer, 16, 0), 6);
    assert_int_equal(recv(pair.client, buffer, 16, 0), 0);
    fake_net_sleep(SECONDS(200)); /* the control blocks are gone, the sockets are not */
    assert_true(events_of(pair.client, POLLIN) & POLLHUP);
    assert_int_equal(recv(pair.client, buffer, 16, 0), 0);
    assert_fails(send(pair.server, "x", 1, 0), EPIPE);
    close_pair(&pair);
}

static void unread_data_resets(void **state)
{
    struct pair pair = connect_pair();
    char buffer[16];

    (void)state;
    assert_int_equal(send(pair.client, "never read", 10, 0), 10);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(close(pair.server), 0);
    pair.server = -1;
    assert_fails(recv(pair.client, buffer, 16, 0), ECONNRESET);
    assert_int_equal(recv(pair.client, buffer, 16, 0), 0);
    assert_fails(send(pair.client, "x", 1, 0), EPIPE);
    close_pair(&pair);
}

/* Also when we have said before that we send no more, where lwIP alone would close quietly. */
static void unread_data_resets_half_closed(void **state)
{
    struct pair pair = connect_pair();
    char buffer[16];

    (void)state;
    assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
    assert_int_equal(recv(pair.client, buffer, 16, 0), 0);
    assert_int_equal(send(pair.client, "never read", 10, 0), 10);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(close(pair.server), 0);
    pair.server = -1;
    fake_net_sleep(MILLISECONDS(10));
    assert_fails(send(pair.client, "x", 1, 0), ECONNRESET);
    close_pair(&pair);
}

static void data_before_reset_is_read(void **state)
{
    struct pair pair = connect_pair();
    struct linger abrupt = { .l_onoff = 1 };
    char buffer[16];

    (void)state;
    assert_int_equal(send(pair.client, "last words", 10, 0), 10);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt)), 0);
    assert_int_equal(close(pair.client), 0);
    pair.client = -1;
    fake_net_sleep(MILLISECONDS(10));
    assert_true(events_of(pair.server, POLLIN) & POLLERR);
    assert_int_equal(recv(pair.server, buffer, 16, 0), 10);
    assert_fails(recv(pair.server, buffer, 16, 0), ECONNRESET);
    close_pair(&pair);
}

static void simultaneous_close(void **state)
{
    struct pair pair = connect_pair();
    char buffer[4];

    (void)state;
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
    assert_int_equal(recv(pair.client, buffer, 4, 0), 0);
    assert_int_equal(recv(pair.server, buffer, 4, 0), 0);
    close_pair(&pair);
}

static void shut_reading(void **state)
{
    struct pair pair = connect_pair();
    static char block[8192];
    char buffer[4];
    int round;

    (void)state;
    assert_int_equal(shutdown(pair.server, SHUT_RD), 0);
    assert_int_equal(recv(pair.server, buffer, 4, 0), 0);
    for (round = 0; round < 100; round++) /* more than any window: it is taken and thrown away */
        assert_int_equal(send(pair.client, block, sizeof(block), 0), sizeof(block));
    assert_int_equal(send(pair.server, "yes", 3, 0), 3);
    assert_int_equal(recv(pair.client, buffer, 4, 0), 3);
    close_pair(&pair);
}

static void peer_vanishes(void **state)
{
    struct pair pair = connect_pair();
    char buffer[4];

    (void)state;
    fake_wire.cut = true;
    assert_int_equal(send(pair.client, "x", 1, 0), 1);
    assert_fails(recv(pair.client, buffer, 4, 0), ETIMEDOUT);
    fake_wire.cut = false;
    assert_int_equal(close(pair.server), 0);
    pair.server = -1;
    close_pair(&pair);
}

static void keep_alive_notices(void **state)
{
    struct pair pair = connect_pair();
    int one = 1, idle = 20, interval = 5, count = 3, value;
    socklen_t length = sizeof(value);
    uint64_t before = clock_monotonic();
    char buffer[4];

    (void)state;
    assert_int_equal(setsockopt(pair.client, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)), 0);
    assert_int_equal(setsockopt(pair.client, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)), 0);
    assert_int_equal(
        setsockopt(pair.client, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval)), 0);
    assert_int_equal(setsockopt(pair.client, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count)), 0);
    assert_int_equal(getsockopt(pair.client, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length), 0);
    assert_int_equal(value, 20);
    fake_wire.cut = true;
    assert_fails(recv(pair.client, buffer, 4, 0), ETIMEDOUT);
    assert_in_range(clock_monotonic() - before, SECONDS(30), SECONDS(45));
    assert_int_equal(close(pair.server), 0);
    pair.server = -1;
    fake_net_sleep(SECONDS(30));
    fake_wire.cut = false;
    close_pair(&pair);
}

/* ---- connecting ---- */

static void refused(void **state)
{
    (void)state;
    assert_fails(fake_net_connect(81), ECONNREFUSED);
    fake_net_check_leftovers();
}

static int nonblocking_client(struct sockaddr_in *to, uint8_t last, uint16_t port)
{
    struct sockaddr_in from = { .sin_family = AF_INET };
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    from.sin_addr.s_addr = htonl(0x0a000001);
    assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
    *to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
    to->sin_addr.s_addr = htonl(0x0a000000u | last);
    return client;
}

static void nonblocking_connect(void **state)
{
    int listener = fake_net_listen(PORT, 5), server, error;
    struct sockaddr_in to;
    int client = nonblocking_client(&to, 2, PORT);
    socklen_t length = sizeof(error);
    struct pollfd entry = { .fd = client, .events = POLLOUT };

    (void)state;
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EALREADY);
    assert_int_equal(events_of(client, POLLOUT), 0);
    assert_int_equal(poll(&entry, 1, 1000), 1);
    assert_int_equal(entry.revents, POLLOUT);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, 0);
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EISCONN);
    server = accept(listener, NULL, NULL);
    close(client);
    close(server);
    /* And once more, to nobody. */
    client = nonblocking_client(&to, 2, 82);
    entry.fd = client;
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
    assert_int_equal(poll(&entry, 1, 1000), 1);
    assert_true(entry.revents & POLLERR);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, ECONNREFUSED);
    close(client);
    close(listener);
    fake_net_check_leftovers();
}

static void connect_times_out(void **state)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int client = nonblocking_client(&to, 2, PORT), off = 0;

    (void)state;
    fake_wire.cut = true;
    assert_int_equal(ioctl(client, FIONBIO, &off), 0);
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), ETIMEDOUT);
    fake_wire.cut = false;
    close(client);
    fake_net_check_leftovers();
}

static void bad_connects(void **state)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int client = socket(AF_INET, SOCK_STREAM, 0), listener = fake_net_listen(PORT, 5);
    char buffer[4];

    (void)state;
    assert_fails(recv(client, buffer, 4, 0), ENOTCONN);
    assert_fails(send(client, buffer, 4, 0), ENOTCONN);
    assert_fails(accept(client, NULL, NULL), EINVAL);
    assert_fails(shutdown(client, SHUT_RD), ENOTCONN);
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EADDRNOTAVAIL);
    to.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1: no way there */
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), ENETUNREACH);
    to.sin_addr.s_addr = htonl(0x0a000001);
    assert_fails(bind(client, (struct sockaddr *)&to, sizeof(to)),
                 EINVAL); /* it has a port already */
    assert_fails(connect(client, (struct sockaddr *)&to, 7), EINVAL);
    to.sin_family = AF_INET6;
    assert_fails(connect(client, (struct sockaddr *)&to, sizeof(to)), EAFNOSUPPORT);
    assert_fails(connect(listener, NULL, 0), EFAULT);
    assert_fails(recv(999, buffer, 4, 0), EBADF);
    assert_fails(socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
    assert_fails(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
    close(client);
    close(listener);
    fake_net_check_leftovers();
}

static void addresses_in_use(void **state)
{
    int first = fake_net_listen(PORT, 5), second = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

    (void)state;
    assert_fails(bind(second, (struct sockaddr *)&address, sizeof(address)), EADDRINUSE);
    address.sin_addr.s_addr = htonl(0x0a000063);
    assert_fails(bind(second, (struct sockaddr *)&address, sizeof(address)), EADDRNOTAVAIL);
    close(first);
    address.sin_addr.s_addr = 0;
    assert_int_equal(bind(second, (struct sockaddr *)&address, sizeof(address)), 0);
    close(second);
    fake_net_check_leftovers();
}

/* ---- listening ---- */

static void backlog_is_kept(void **state)
{
    int listener = fake_net_listen(PORT, 3), clients[5], servers[5], index;
    struct sockaddr_in to;
    struct net_usage usage;

    (void)state;
    for (index = 0; index < 5; index++) {
        clients[index] = nonblocking_client(&to, 2, PORT);
        assert_fails(connect(clients[index], (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
    }
    fake_net_sleep(MILLISECONDS(500));
    net_usage_get(&usage);
    assert_int_equal(usage.tcp_active, 3 * 2 + 2); /* two SYNs were not answered */
    for (index = 0; index < 5; index++) {
        servers[index] = accept(listener, NULL, NULL);
        assert_true(servers[index] >= 0);
    }
    for (index = 0; index < 5; index++) {
        close(clients[index]);
        close(servers[index]);
    }
    close(listener);
    fake_net_check_leftovers();
}

static void closing_a_listener_resets(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    char buffer[4];

    (void)state;
    assert_true(client >= 0);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(events_of(listener, POLLIN), POLLIN);
    close(listener);
    assert_fails(recv(client, buffer, 4, 0), ECONNRESET);
    close(client);
    fake_net_check_leftovers();
}

static void shut_listener_later(void *argument)
{
    fake_net_sleep(MILLISECONDS(5));
    assert_int_equal(shutdown(*(int *)argument, SHUT_RD), 0);
}

static void shutting_a_listener_wakes(void **state)
{
    int listener = fake_net_listen(PORT, 5);

    (void)state;
    thread_create("shut", shut_listener_later, &listener);
    assert_fails(accept(listener, NULL, NULL), EINVAL);
    assert_fails(fake_net_connect(PORT), ECONNREFUSED);
    close(listener);
    fake_net_check_leftovers();
}

static void a_connection_lost_before_accept(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    struct linger abrupt = { .l_onoff = 1 };

    (void)state;
    setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
    fake_net_sleep(MILLISECONDS(10));
    close(client);
    fake_net_sleep(MILLISECONDS(10));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    assert_fails(accept(listener, NULL, NULL), EAGAIN);
    close(listener);
    fake_net_check_leftovers();
}

static void no_descriptor_left(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT), many[1100], count = 0,
        server;

    (void)state;
    while ((many[count] = socket(AF_INET, SOCK_DGRAM, 0)) >= 0)
        count++;
    assert_true(errno == EMFILE || errno == ENOBUFS);
    while (descriptors_in_use() < descriptor_limit())
        many[count++] = fcntl(listener, F_DUPFD, 0);
    assert_fails(accept(listener, NULL, NULL), EMFILE);
    close(many[--count]);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    while (count > 0)
        close(many[--count]);
    close(server);
    close(client);
    close(listener);
    fake_net_check_leftovers();
}

static int start(void **state)
{
    (void)state;
    fake_net_start(false, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello),
        cmocka_unit_test(names),
        cmocka_unit_test(receive_flags),
        cmocka_unit_test(vectors),
        cmocka_unit_test(half_close),
        cmocka_unit_test(unread_data_resets),
        cmocka_unit_test(unread_data_resets_half_closed),
        cmocka_unit_test(data_before_reset_is_read),
        cmocka_unit_test(simultaneous_close),
        cmocka_unit_test(shut_reading),
        cmocka_unit_test(peer_vanishes),
        cmocka_unit_test(keep_alive_notices),
        cmocka_unit_test(refused),
        cmocka_unit_test(nonblocking_connect),
        cmocka_unit_test(connect_times_out),
        cmocka_unit_test(bad_connects),
        cmocka_unit_test(addresses_in_use),
        cmocka_unit_test(backlog_is_kept),
        cmocka_unit_test(closing_a_listener_resets),
        cmocka_unit_test(shutting_a_listener_wakes),
        cmocka_unit_test(a_connection_lost_before_accept),
        cmocka_unit_test(no_descriptor_left),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
