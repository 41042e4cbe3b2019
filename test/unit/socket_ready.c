/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld -Wl,--wrap=malloc
/*
 * What poll() says of a socket and what the next call answers agree, whatever has happened before:
 * sockets are opened, filled, read, shut and closed in random order, over a wire that fails, with
 * little memory or none.
 */
#include "net_fakes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "lwip/mem.h"
#include "net/usage.h"

#define PORT 80
#define SOCKETS 48
#define BIG 60000

/* malloc() answers NULL while this is set. */
static bool out_of_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return out_of_memory ? NULL : __real_malloc(size);
}

static uint32_t seed;
static unsigned int writable_seen, readable_seen, not_writable_seen, connecting_seen;

static uint32_t pick(uint32_t count)
{
    return fake_random_seeded(&seed) % count;
}

static short events_of(int descriptor)
{
    struct pollfd entry = { .fd = descriptor, .events = POLLIN | POLLOUT };

    assert_true(poll(&entry, 1, 0) >= 0);
    return entry.revents;
}

static bool would_block(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void check_reading(int descriptor, short events)
{
    char byte;
    ssize_t result = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (events & POLLIN) {
        assert_false(would_block(result));
        readable_seen++;
    } else if (!(events & (POLLERR | POLLHUP))) {
        assert_true(would_block(result));
    }
}

static void check_writing(int descriptor, short events)
{
    static char block[BIG];
    size_t length = 1 + pick(pick(2) ? BIG : 3);

    if (!(events & POLLOUT)) {
        not_writable_seen++;
        return;
    }
    assert_false(would_block(send(descriptor, block, length, MSG_DONTWAIT)));
    writable_seen++;
}

/* Not only now: also after the next call, and with no memory at all. */
static void check(int descriptor)
{
    short events;

    check_reading(descriptor, events_of(descriptor));
    events = events_of(descriptor);
    connecting_seen += events == 0;
    if (pick(4) == 0)
        check_writing(descriptor, events);
}

/* ---- what happens to them ---- */

static int listener, datagrams, sockets[SOCKETS];

static void add(int descriptor)
{
    for (unsigned int i = 0; i < SOCKETS; i++) {
        if (sockets[i] < 0) {
            sockets[i] = descriptor;
            return;
        }
    }
    close(descriptor);
}

static int begin_to_connect(uint16_t port)
{
    struct sockaddr_in from = { .sin_family = AF_INET },
                       to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int client = socket(AF_INET, SOCK_STREAM, 0);

    from.sin_addr.s_addr = htonl(0x0a000001);
    to.sin_addr.s_addr = htonl(0x0a000002);
    if (client < 0)
        return -1;
    fcntl(client, F_SETFL, O_NONBLOCK);
    if (bind(client, (struct sockaddr *)&from, sizeof(from)) == 0 &&
        (connect(client, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS))
        return client;
    close(client);
    return -1;
}

static void open_one(void)
{
    int client = begin_to_connect(pick(8) ? PORT : PORT + 1);

    if (client >= 0)
        add(client);
}

static void accept_one(void)
{
    struct pollfd entry = { .fd = listener, .events = POLLIN };
    int server;

    assert_true(poll(&entry, 1, 0) >= 0);
    server = accept(listener, NULL, NULL);
    if (entry.revents & POLLIN)
        assert_false(would_block(server));
    else
        assert_true(would_block(server));
    if (server >= 0) {
        fcntl(server, F_SETFL, O_NONBLOCK);
        add(server);
    }
}

static void use(int descriptor)
{
    static char block[BIG];

    switch (pick(8)) {
    case 0:
    case 1:
        while (send(descriptor, block, 1 + pick(BIG), MSG_DONTWAIT) > 0)
            continue;
        break;
    case 2:
        send(descriptor, block, 1 + pick(100), MSG_DONTWAIT);
        break;
    case 3:
    case 4:
        recv(descriptor, block, 1 + pick(BIG), MSG_DONTWAIT);
        break;
    case 5:
        if (pick(8) == 0)
            shutdown(descriptor, (int)pick(3));
        break;
    }
}

static void close_one(unsigned int i)
{
    struct linger reset = { .l_onoff = 1 };

    if (pick(3) == 0)
        setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(sockets[i]);
    sockets[i] = -1;
}

static void send_datagram(void)
{
    static const char block[1400];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    struct pollfd entry = { .fd = datagrams, .events = POLLOUT };
    ssize_t sent;

    to.sin_addr.s_addr = htonl(0x0a000002);
    assert_true(poll(&entry, 1, 0) >= 0);
    sent = sendto(datagrams, block, 1 + pick(sizeof(block)), MSG_DONTWAIT, (struct sockaddr *)&to,
                  sizeof(to));
    if (entry.revents & POLLOUT)
        assert_false(would_block(sent));
}

static void step(void)
{
    unsigned int i = pick(SOCKETS);

    out_of_memory = pick(4) == 0;
    fake_wire.cut = pick(16) == 0;
    fake_net_ring = pick(4) ? 256 : 1 + pick(4);
    if (pick(3) == 0)
        fake_net_pressure();
    if (sockets[i] < 0)
        open_one();
    else if (pick(12) == 0)
        close_one(i);
    else
        use(sockets[i]);
    accept_one();
    send_datagram();
    for (i = 0; i < SOCKETS; i++) {
        if (sockets[i] >= 0)
            check(sockets[i]);
    }
    out_of_memory = false;
    if (pick(3) == 0)
        fake_net_sleep(MILLISECONDS(pick(10) ? pick(4) : pick(800)));
}

static void run(size_t pages)
{
    fake_net_sleep(SECONDS(1));
    fake_pages_total = pages;
    listener = fake_net_listen(PORT, 8);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    memset(sockets, -1, sizeof(sockets));
    for (unsigned int i = 0; i < 4000; i++)
        step();
    fake_wire.cut = false;
    fake_net_ring = 256;
    for (unsigned int i = 0; i < SOCKETS; i++) {
        if (sockets[i] >= 0)
            close_one(i);
    }
    close(listener);
    close(datagrams);
    fake_pages_total = 4096;
    fake_net_check_leftovers();
}

static void they_agree(void **state)
{
    (void)state;
    for (seed = 1; seed < 1000; seed += 331)
        run(4096);
    assert_true(writable_seen > 1000 && readable_seen > 1000);
    assert_true(not_writable_seen > 1000 && connecting_seen > 100);
}

/* The least memory: 256 KiB for the stack. */
static void they_agree_in_little_memory(void **state)
{
    (void)state;
    for (seed = 2; seed < 1000; seed += 331)
        run(256);
}

/* ---- progress ---- */

/* Takes what is left of the stack's memory; others hold it, as it were. */
static unsigned int hoard(void **blocks, unsigned int count, size_t size)
{
    unsigned int taken = 0;

    while (taken < count && (blocks[taken] = mem_malloc((mem_size_t)size)) != NULL)
        taken++;
    return taken;
}

static int connect_now(void)
{
    int client = fake_net_connect(PORT);

    assert_true(client >= 0);
    return client;
}

#define STALLED 50

/* Peers that never read hold what they may: a further one is served, a megabyte, at a good pace. */
static void stalled_peers_leave_room(void **state)
{
    static char block[16384];
    int clients[STALLED], servers[STALLED], client, server;
    size_t sent = 0, received = 0;
    uint64_t begin;

    (void)state;
    listener = fake_net_listen(PORT, 8);
    for (unsigned int i = 0; i < STALLED; i++) {
        clients[i] = connect_now();
        servers[i] = accept(listener, NULL, NULL);
        while (send(servers[i], block, sizeof(block), MSG_DONTWAIT) > 0)
            continue;
        fake_net_sleep(MILLISECONDS(5));
    }
    for (unsigned int i = 0; i < STALLED; i++) {
        while (send(servers[i], block, sizeof(block), MSG_DONTWAIT) > 0)
            continue;
        assert_int_equal(events_of(servers[i]) & POLLOUT, 0);
    }
    client = connect_now();
    server = accept(listener, NULL, NULL);
    begin = clock_monotonic();
    while (received < 1000000) {
        ssize_t part = 0;

        if (sent < 1000000)
            part = send(server, block, sizeof(block), MSG_DONTWAIT);
        sent += part > 0 ? (size_t)part : 0;
        part = recv(client, block, sizeof(block), MSG_DONTWAIT);
        received += part > 0 ? (size_t)part : 0;
        if (part <= 0)
            fake_net_sleep(MILLISECONDS(1));
    }
    assert_true(clock_monotonic() - begin < SECONDS(10));
    for (unsigned int i = 0; i < STALLED; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* Nothing is left for bulk: whoever holds nothing may still send a segment, and take an answer. */
static void a_segment_goes_always(void **state)
{
    static void *blocks[8192];
    static char block[4000];
    unsigned int taken, released;
    int client, server;

    (void)state;
    listener = fake_net_listen(PORT, 8);
    client = connect_now();
    server = accept(listener, NULL, NULL);
    taken = hoard(blocks, 8192, 1600);
    for (released = 0; released < taken && released < 16; released++)
        mem_free(blocks[released]); /* fewer than any share is computed from */
    for (unsigned int turn = 0; turn < 20; turn++) {
        assert_true(events_of(server) & POLLOUT);
        assert_in_range(send(server, block, sizeof(block), MSG_DONTWAIT), 1, sizeof(block) - 1);
        assert_false(events_of(server) & POLLOUT);
        fake_net_sleep(MILLISECONDS(5));
        assert_true(recv(client, block, sizeof(block), MSG_DONTWAIT) > 0);
        fake_net_sleep(MILLISECONDS(400)); /* a delayed acknowledgement */
    }
    for (; released < taken; released++)
        mem_free(blocks[released]);
    close(client);
    close(server);
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
        cmocka_unit_test(they_agree),
        cmocka_unit_test(they_agree_in_little_memory),
        cmocka_unit_test(stalled_peers_leave_room),
        cmocka_unit_test(a_segment_goes_always),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
