/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET) test/unit/failing_malloc.c
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
/*
 * TCP sockets under load: much data, bad wires, full rings, little memory, many connections.
 */
#include "net_fakes.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "net/usage.h"

#define PORT 80

/* Byte number n of the stream that everybody here sends. */
static uint8_t stream_byte(size_t n)
{
    return (uint8_t)(n * 31 + (n >> 8) * 7 + (n >> 16));
}

struct transfer {
    int from;
    size_t length, chunk;
    bool ended;
};

static void sender(void *argument)
{
    struct transfer *transfer = argument;
    uint8_t *block = malloc(transfer->chunk);
    size_t done = 0, index;

    while (done < transfer->length) {
        size_t part = transfer->length - done < transfer->chunk ? transfer->length - done
                                                                : transfer->chunk;
        ssize_t sent;

        for (index = 0; index < part; index++)
            block[index] = stream_byte(done + index);
        sent = send(transfer->from, block, part, 0);
        assert_int_equal(sent, part);
        done += part;
    }
    shutdown(transfer->from, SHUT_WR);
    free(block);
    transfer->ended = true;
}

static void receive_stream(int descriptor, size_t length, size_t chunk)
{
    uint8_t *block = malloc(chunk);
    size_t done = 0;
    ssize_t part;

    while ((part = recv(descriptor, block, chunk, 0)) > 0) {
        ssize_t index;

        for (index = 0; index < part; index++)
            assert_int_equal(block[index], stream_byte(done + (size_t)index));
        done += (size_t)part;
    }
    assert_int_equal(part, 0);
    assert_int_equal(done, length);
    free(block);
}

/* Client to server and back, with blocks of the given sizes. */
static void transfer_both_ways(size_t length, size_t send_chunk, size_t receive_chunk)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT), server;
    struct transfer forth = { .length = length, .chunk = send_chunk }, back = forth;

    assert_true(client >= 0);
    server = accept(listener, NULL, NULL);
    forth.from = client;
    back.from = server;
    thread_create("forth", sender, &forth);
    receive_stream(server, length, receive_chunk);
    thread_create("back", sender, &back);
    receive_stream(client, length, receive_chunk);
    fake_run_others();
    assert_true(forth.ended && back.ended);
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

static void clean_wire(void **state)
{
    uint64_t before = clock_monotonic();

    (void)state;
    transfer_both_ways(3000000, 65536, 16384);
    transfer_both_ways(1000000, 100000, 300);
    transfer_both_ways(100000, 700, 100000);
    assert_true(clock_monotonic() - before <
                SECONDS(3 * 401)); /* checking for leftovers takes 400 s each */
}

static void bad_wire(void **state)
{
    (void)state;
    fake_wire.lose = 20;
    transfer_both_ways(300000, 8192, 8192);
    fake_wire.lose = 0;
    fake_wire.delay = 100;
    transfer_both_ways(300000, 8192, 8192);
    fake_wire.delay = 20;
    fake_wire.duplicate = 20;
    fake_wire.corrupt = 10;
    fake_wire.lose = 10;
    transfer_both_ways(300000, 8192, 8192);
    fake_wire.delay = fake_wire.duplicate = fake_wire.corrupt = fake_wire.lose = 0;
}

static void small_ring(void **state)
{
    uint64_t before = clock_monotonic();

    (void)state;
    fake_net_ring = 3;
    transfer_both_ways(500000, 65536, 65536);
    fake_net_ring = 256;
    assert_true(clock_monotonic() - before <
                SECONDS(403)); /* no retransmission timer was waited for */
}

/* ---- many connections ---- */

#define CLIENTS 64

static void echo_server(void *argument)
{
    int connection = *(int *)argument;
    char buffer[512];
    ssize_t length;

    while ((length = recv(connection, buffer, sizeof(buffer), 0)) > 0)
        assert_int_equal(send(connection, buffer, (size_t)length, 0), length);
    close(connection);
}

static void many_at_once(void **state)
{
    int listener = fake_net_listen(PORT, CLIENTS), clients[CLIENTS], servers[CLIENTS], index, round;
    char buffer[64];

    (void)state;
    for (index = 0; index < CLIENTS; index++) {
        clients[index] = fake_net_connect(PORT);
        assert_true(clients[index] >= 0);
        servers[index] = accept(listener, NULL, NULL);
        assert_true(servers[index] >= 0);
        thread_create("echo", echo_server, &servers[index]);
    }
    for (round = 0; round < 5; round++) {
        for (index = 0; index < CLIENTS; index++)
            assert_int_equal(send(clients[index], "0123456789", 10, 0), 10);
        for (index = 0; index < CLIENTS; index++)
            assert_int_equal(recv(clients[index], buffer, sizeof(buffer), 0), 10);
    }
    for (index = 0; index < CLIENTS; index++)
        close(clients[index]);
    fake_net_sleep(MILLISECONDS(100));
    close(listener);
    fake_net_check_leftovers();
}

/* One connection with a request and a reply; the server closes first and has the TIME_WAIT. */
static void exchange(int listener)
{
    int client = fake_net_connect(PORT), server;
    char buffer[64];

    assert_true(client >= 0);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    assert_int_equal(send(client, "request", 7, 0), 7);
    assert_int_equal(recv(server, buffer, sizeof(buffer), 0), 7);
    assert_int_equal(send(server, "reply", 5, 0), 5);
    close(server);
    assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 5);
    assert_int_equal(recv(client, buffer, sizeof(buffer), 0), 0);
    close(client);
}

/* While many sockets are open, more connections may wait in TIME_WAIT than when these have closed:
 * the excess must not keep the next connection out. */
static void many_closed_at_once(void **state)
{
    int listener = fake_net_listen(PORT, CLIENTS), clients[CLIENTS], servers[CLIENTS], index;
    struct net_usage usage;

    (void)state;
    for (index = 0; index < CLIENTS; index++) {
        clients[index] = fake_net_connect(PORT);
        servers[index] = accept(listener, NULL, NULL);
        assert_true(clients[index] >= 0 && servers[index] >= 0);
    }
    for (index = 0; index < 500; index++)
        exchange(listener);
    for (index = 0; index < CLIENTS; index++) {
        close(servers[index]);
        close(clients[index]);
    }
    net_usage_get(&usage);
    assert_true(usage.tcp_time_wait + usage.tcp_active > 280);
    exchange(listener);
    net_usage_get(&usage);
    assert_true(usage.tcp_time_wait <= 260);
    close(listener);
    fake_net_check_leftovers();
}

static void one_after_the_other(void **state)
{
    int listener = fake_net_listen(PORT, 16), index;
    struct net_usage usage;

    (void)state;
    for (index = 0; index < 3000; index++)
        exchange(listener);
    net_usage_get(&usage);
    assert_in_range(usage.tcp_time_wait, 200, 260);
    assert_true(usage.memory < usage.memory_limit / 2);
    close(listener);
    fake_net_check_leftovers();
}

/* ---- full rings ---- */

#define SENDERS 32

/* Who finds the ring full waits for it in order: it is asked once for each frame, or less. */
static void rings_are_waited_for(void **state)
{
    int listener = fake_net_listen(PORT, SENDERS), clients[SENDERS], servers[SENDERS];
    struct transfer transfers[SENDERS];
    unsigned int frames, refused;

    (void)state;
    for (int i = 0; i < SENDERS; i++) {
        clients[i] = fake_net_connect(PORT);
        servers[i] = accept(listener, NULL, NULL);
        assert_true(clients[i] >= 0 && servers[i] >= 0);
        transfers[i] = (struct transfer){ .from = servers[i], .length = 60000, .chunk = 20000 };
    }
    frames = fake_wire.frames;
    refused = fake_wire.refused;
    fake_net_ring = 8;
    for (int i = 0; i < SENDERS; i++)
        thread_create("sender", sender, &transfers[i]);
    for (int i = 0; i < SENDERS; i++)
        receive_stream(clients[i], transfers[i].length, 16384);
    frames = fake_wire.frames - frames;
    refused = fake_wire.refused - refused;
    fake_net_ring = 256;
    assert_true(refused > 0);
    assert_in_range(refused, 0, frames);
    for (int i = 0; i < SENDERS; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    close(listener);
    fake_net_check_leftovers();
}

/* A ring that stays full: what waits is dropped, once, and TCP sends it again when there is room. */
static void a_stuck_ring_is_given_up(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT),
        server = accept(listener, NULL, NULL);
    struct transfer transfer = { .from = client, .length = 300000, .chunk = 30000 };

    (void)state;
    fake_log_clear();
    fake_net_ring = 0;
    thread_create("sender", sender, &transfer);
    fake_net_sleep(SECONDS(4));
    assert_null(strstr(fake_log, "took no frame"));
    fake_net_sleep(SECONDS(4));
    assert_non_null(strstr(fake_log, "eth0: took no frame for 5 s: "));
    fake_net_ring = 256;
    receive_stream(server, transfer.length, 16384);
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

static void link_goes(struct net_device *device, bool up)
{
    device->link_up = up;
    device->changed(device);
}

/* What waits for a ring goes with the link, and does not hold up what comes after it. */
static void the_link_goes_meanwhile(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT),
        server = accept(listener, NULL, NULL);
    static char block[100000];
    char buffer[16];

    (void)state;
    for (unsigned int at_once = 0; at_once < 2; at_once++) {
        fake_net_ring = 0;
        assert_true(send(client, block, sizeof(block), MSG_DONTWAIT) > 0);
        link_goes(fake_net_device(0), false);
        if (!at_once)
            fake_net_sleep(MILLISECONDS(100));
        fake_net_ring = 256;
        link_goes(fake_net_device(0), true);
        fake_net_sleep(MILLISECONDS(100));
        close(client);
        close(server);
        client = fake_net_connect(PORT);
        server = accept(listener, NULL, NULL);
        assert_true(client >= 0 && server >= 0);
        assert_int_equal(send(client, "after", 5, 0), 5);
        assert_int_equal(recv(server, buffer, sizeof(buffer), 0), 5);
    }
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* ---- memory ---- */

/*
 * Frames in and out live in blocks that were used before: once it runs, a connection needs nothing
 * from malloc(), whose calls count down here.
 */
static void blocks_go_round(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT),
        server = accept(listener, NULL, NULL);
    const unsigned int many = 1u << 30;
    unsigned int before = 0, round;
    char block[4000] = "";

    (void)state;
    for (round = 0; round < 1000; round++) {
        if (round == 10) { /* warm */
            before = fake_wire.frames;
            fake_fail_at = many;
        }
        assert_int_equal(send(client, block, sizeof(block), 0), sizeof(block));
        assert_int_equal(recv(server, block, sizeof(block), MSG_WAITALL), sizeof(block));
    }
    assert_int_equal(fake_fail_at, many);
    fake_fail_at = 0;
    assert_true(fake_wire.frames - before > 3000);
    assert_int_equal(fake_net_device(1)->statistics.receive_dropped, 0);
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* Half a megabyte each way, in some seconds at most. */
static void echo_much(int client, int server)
{
    struct transfer forth = { .from = client, .length = 500000, .chunk = 20000 },
                    back = { .from = server, .length = 500000, .chunk = 20000 };
    uint64_t before = clock_monotonic();

    thread_create("forth", sender, &forth);
    receive_stream(server, forth.length, 10000);
    thread_create("back", sender, &back);
    receive_stream(client, back.length, 10000);
    assert_true(clock_monotonic() - before < SECONDS(20));
}

/* Peers that do not read must not keep the others from working, whatever they are sent. */
static void nobody_reads(void **state)
{
    int listener = fake_net_listen(PORT, CLIENTS), clients[CLIENTS], servers[CLIENTS], index;
    static char block[100000];
    struct net_usage usage;

    (void)state;
    for (index = 0; index < CLIENTS; index++) {
        clients[index] = fake_net_connect(PORT);
        servers[index] = accept(listener, NULL, NULL);
        assert_true(clients[index] >= 0 && servers[index] >= 0);
        if (index > 0) {
            while (send(clients[index], block, sizeof(block), MSG_DONTWAIT) > 0)
                continue;
            assert_int_equal(errno, EAGAIN);
        }
        fake_net_sleep(MILLISECONDS(2));
    }
    net_usage_get(&usage);
    assert_true(usage.memory <= usage.memory_limit);
    assert_true(usage.memory >= usage.memory_limit / 4);
    echo_much(clients[0], servers[0]);
    for (index = 0; index < CLIENTS; index++) {
        close(clients[index]);
        close(servers[index]);
    }
    close(listener);
    fake_net_check_leftovers();
}

/* One byte a segment: the buffers hold much more memory than data. */
static void tiny_segments(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT),
        server = accept(listener, NULL, NULL);
    int one = 1, count = 0;
    struct net_usage usage;
    char byte;

    (void)state;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    while (count < 20000 && send(client, "x", 1, MSG_DONTWAIT) == 1) {
        count++;
        if (count % 50 == 0)
            fake_net_sleep(MILLISECONDS(1));
    }
    net_usage_get(&usage);
    assert_true(usage.memory <= usage.memory_limit);
    shutdown(client, SHUT_WR);
    while (recv(server, &byte, 1, 0) == 1)
        count--;
    assert_int_equal(count, 0);
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

static int client_or_error(void)
{
    struct sockaddr_in from = { .sin_family = AF_INET },
                       to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int client = socket(AF_INET, SOCK_STREAM, 0);

    from.sin_addr.s_addr = htonl(0x0a000001);
    to.sin_addr.s_addr = htonl(0x0a000002);
    if (client >= 0 && (bind(client, (struct sockaddr *)&from, sizeof(from)) < 0 ||
                        connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)) {
        close(client);
        return -1;
    }
    return client;
}

/* Each allocation fails once: calls may fail, nothing may be lost or left over. */
static void allocations_fail(void **state)
{
    unsigned int at;

    (void)state;
    for (at = 1; at < 60; at++) {
        int listener = fake_net_listen(PORT, 5), client, server = -1;
        struct pollfd entry = { .fd = listener, .events = POLLIN };
        char buffer[4000] = "";

        fake_net_pressure();
        fake_fail_at = at;
        client = client_or_error();
        if (client >= 0 && poll(&entry, 1, 30000) == 1)
            server = accept(listener, NULL, NULL);
        if (server >= 0) {
            ssize_t sent = send(client, buffer, sizeof(buffer), 0);

            shutdown(client, SHUT_WR);
            while (sent > 0) {
                ssize_t part = recv(server, buffer, sizeof(buffer), 0);

                assert_true(part > 0);
                sent -= part;
            }
            close(server);
        }
        fake_fail_at = 0;
        if (client >= 0)
            close(client);
        close(listener);
        fake_net_check_leftovers();
    }
}

static int start(void **state)
{
    (void)state;
    fake_net_start(getenv("OFFLOAD") != NULL, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_wire),
        cmocka_unit_test(bad_wire),
        cmocka_unit_test(small_ring),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(many_closed_at_once),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(rings_are_waited_for),
        cmocka_unit_test(a_stuck_ring_is_given_up),
        cmocka_unit_test(the_link_goes_meanwhile),
        cmocka_unit_test(blocks_go_round),
        cmocka_unit_test(nobody_reads),
        cmocka_unit_test(tiny_segments),
        cmocka_unit_test(allocations_fail),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
