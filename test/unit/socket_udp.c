/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * UDP sockets, IPv6, and devices that complete checksums: the wire carries blank ones here.
 */
#include "net_fakes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "net/usage.h"

static void assert_fails(long result, int error)
{
    assert_int_equal(result, -1);
    assert_int_equal(errno, error);
}

static struct sockaddr_in ipv4(uint32_t address, uint16_t port)
{
    struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons(port) };

    result.sin_addr.s_addr = htonl(address);
    return result;
}

static int udp_at(uint32_t address, uint16_t port)
{
    struct sockaddr_in mine = ipv4(address, port);
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);

    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&mine, sizeof(mine)), 0);
    return descriptor;
}

static void send_to(int descriptor, const void *data, size_t length, uint32_t address,
                    uint16_t port)
{
    struct sockaddr_in to = ipv4(address, port);

    assert_int_equal(sendto(descriptor, data, length, 0, (struct sockaddr *)&to, sizeof(to)),
                     length);
}

#define A 0x0a000001u
#define B 0x0a000002u

static void echo(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000);
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    struct pollfd entry = { .fd = b, .events = POLLIN | POLLOUT };
    char buffer[64];

    (void)state;
    assert_int_equal(poll(&entry, 1, 0), 1);
    assert_int_equal(entry.revents, POLLOUT);
    send_to(a, "ping", 4, B, 2000);
    entry.events = POLLIN;
    assert_int_equal(poll(&entry, 1, 100), 1);
    assert_int_equal(recvfrom(b, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length), 4);
    assert_int_equal(from.sin_addr.s_addr, htonl(A));
    assert_int_equal(from.sin_port, htons(1000));
    send_to(b, "", 0, A, 1000);
    assert_int_equal(recv(a, buffer, sizeof(buffer), 0), 0);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

static void lengths(void **state)
{
    static uint8_t out[65507], in[65507];
    int a = udp_at(A, 1000), b = udp_at(B, 2000);
    static const size_t sizes[] = { 1, 1000, 1232, 1233, 1472, 1473, 5000, 65507 };
    size_t index, byte;

    (void)state;
    for (byte = 0; byte < sizeof(out); byte++)
        out[byte] = (uint8_t)(byte * 7 + (byte >> 8));
    for (index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++) {
        memset(in, 0, sizeof(in));
        send_to(a, out, sizes[index], B, 2000);
        assert_int_equal(recv(b, in, sizeof(in), 0), sizes[index]);
        assert_memory_equal(in, out, sizes[index]);
    }
    assert_fails(send(a, out, 10, 0), EDESTADDRREQ);
    send_to(a, out, 100, B, 2000);
    assert_int_equal(recv(b, in, 10, MSG_PEEK | MSG_TRUNC), 100);
    assert_int_equal(recv(b, in, 10, 0), 10);
    assert_fails(recv(b, in, 10, MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

static void connected(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000), stranger = udp_at(A, 1001);
    struct sockaddr_in peer = ipv4(B, 2000), from = ipv4(A, 1000),
                       none = { .sin_family = AF_UNSPEC };
    char buffer[64];

    (void)state;
    assert_int_equal(connect(a, (struct sockaddr *)&peer, sizeof(peer)), 0);
    assert_int_equal(connect(b, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(write(a, "one", 3), 3);
    send_to(stranger, "two", 3, B, 2000);
    assert_int_equal(read(b, buffer, sizeof(buffer)), 3);
    assert_memory_equal(buffer, "one", 3);
    fake_net_sleep(MILLISECONDS(10));
    assert_fails(recv(b, buffer, sizeof(buffer), MSG_DONTWAIT), EAGAIN);
    assert_int_equal(connect(b, (struct sockaddr *)&none, sizeof(none)), 0);
    send_to(stranger, "two", 3, B, 2000);
    assert_int_equal(read(b, buffer, sizeof(buffer)), 3);
    assert_int_equal(shutdown(a, SHUT_WR), 0);
    assert_fails(write(a, "x", 1), EPIPE);
    close(a);
    close(b);
    close(stranger);
    fake_net_check_leftovers();
}

static void broadcast(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(0, 2000), one = 1;
    struct sockaddr_in all = ipv4(0x0a0000ff, 2000);
    char buffer[8];

    (void)state;
    assert_fails(sendto(a, "x", 1, 0, (struct sockaddr *)&all, sizeof(all)), EACCES);
    assert_int_equal(setsockopt(a, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)), 0);
    assert_int_equal(sendto(a, "x", 1, 0, (struct sockaddr *)&all, sizeof(all)), 1);
    assert_int_equal(recv(b, buffer, 8, 0), 1);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

/* More datagrams than anybody reads: the queue is bounded, and the rest still comes through. */
static void overflow(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000), count, got = 0;
    static uint8_t block[1000];
    struct net_usage usage;

    (void)state;
    for (count = 0; count < 2000; count++) {
        send_to(a, block, sizeof(block), B, 2000);
        if (count % 20 == 0)
            fake_net_sleep(MILLISECONDS(1));
    }
    fake_net_sleep(MILLISECONDS(1));
    net_usage_get(&usage);
    assert_true(usage.memory < 1000000);
    while (recv(b, block, sizeof(block), MSG_DONTWAIT) > 0)
        got++;
    assert_in_range(got, 100, 1000);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

static long try_send(int descriptor, size_t length, int flags)
{
    static uint8_t block[5000];
    struct sockaddr_in to = ipv4(B, 2000);

    return sendto(descriptor, block, length, flags, (struct sockaddr *)&to, sizeof(to));
}

/* Until the ring is full; how many it took. */
static unsigned int fill_ring(int descriptor, int flags)
{
    unsigned int count = 0;

    while (count < 100 && try_send(descriptor, 1400, flags) == 1400)
        count++;
    assert_int_equal(errno, EAGAIN);
    return count;
}

/* A full ring: who may wait does, others hear of it, and poll() tells when there is room. */
static void full_ring(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000), quick = udp_at(A, 1001);
    struct pollfd entry = { .fd = a, .events = POLLOUT };
    static uint8_t block[5000];

    (void)state;
    send_to(a, block, 1, B, 2000); /* ARP is through */
    fake_net_sleep(MILLISECONDS(10));
    fake_net_ring = 3;
    assert_int_equal(fcntl(quick, F_SETFL, O_NONBLOCK), 0);
    for (unsigned int i = 0; i < 20; i++)
        assert_int_equal(try_send(a, 1400, 0), 1400);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(fill_ring(a, MSG_DONTWAIT), 3);
    assert_int_equal(fill_ring(quick, 0), 0);
    assert_int_equal(poll(&entry, 1, 0), 0);
    assert_int_equal(poll(&entry, 1, 1000), 1);
    assert_int_equal(entry.revents, POLLOUT);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(fill_ring(quick, 0), 3);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(try_send(a, 5000, 0), 5000); /* in four pieces, one of which waits */
    fake_net_sleep(MILLISECONDS(10));
    fake_net_ring = 256;
    for (unsigned int i = 0; i < 1 + 20 + 3 + 3 + 1; i++)
        assert_true(recv(b, block, sizeof(block), MSG_DONTWAIT) > 0);
    assert_fails(recv(b, block, sizeof(block), MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
    close(quick);
    fake_net_check_leftovers();
}

static bool sender_done;

static void sender(void *argument)
{
    assert_int_equal(try_send((int)(intptr_t)argument, 1400, 0), 1400);
    sender_done = true;
}

/* Who finds room before it is told does not take the news from another thread that waits. */
static void two_senders(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000);
    static uint8_t block[1400];

    (void)state;
    send_to(a, block, 1, B, 2000); /* ARP is through */
    fake_net_sleep(MILLISECONDS(10));
    fake_net_ring = 0;
    thread_create("sender", sender, (void *)(intptr_t)a);
    fake_net_sleep(MILLISECONDS(10));
    assert_false(sender_done);
    fake_net_ring = 256;
    assert_int_equal(try_send(a, 1400, MSG_DONTWAIT), 1400);
    fake_net_sleep(MILLISECONDS(10));
    assert_true(sender_done);
    for (unsigned int i = 0; i < 3; i++)
        assert_true(recv(b, block, sizeof(block), MSG_DONTWAIT) > 0);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

/* And one that stays full: no wait without an end, and none for a link that is down. */
static bool nagging;

/* A ring that has room each second, which somebody else takes. */
static void nag(void *device)
{
    while (nagging) {
        fake_net_sleep(SECONDS(1));
        ((struct net_device *)device)->changed(device);
    }
}

static void stuck_ring(void **state)
{
    struct timeval brief = { .tv_usec = 100000 };
    struct net_device *device = fake_net_device(0);
    struct pollfd entry = { .events = POLLOUT };
    int a = udp_at(A, 1000);
    uint64_t start;

    (void)state;
    send_to(a, "x", 1, B, 2000); /* ARP is through */
    fake_net_sleep(MILLISECONDS(10));
    fake_net_ring = 0;
    start = clock_monotonic();
    assert_fails(try_send(a, 100, 0), EAGAIN);
    assert_in_range(clock_monotonic() - start, SECONDS(5), SECONDS(6));
    nagging = true;
    thread_create("nag", nag, device);
    start = clock_monotonic();
    assert_fails(try_send(a, 100, 0), EAGAIN);
    assert_in_range(clock_monotonic() - start, SECONDS(5), SECONDS(6));
    nagging = false;
    fake_net_sleep(SECONDS(2));
    assert_int_equal(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief)), 0);
    start = clock_monotonic();
    assert_fails(try_send(a, 100, 0), EAGAIN);
    assert_in_range(clock_monotonic() - start, MILLISECONDS(100), MILLISECONDS(200));
    entry.fd = a;
    assert_int_equal(poll(&entry, 1, 100), 0);
    device->changed(device);
    assert_int_equal(poll(&entry, 1, 100), 1);
    assert_int_equal(entry.revents, POLLOUT);
    fake_net_ring = 256;
    close(a);
    fake_net_check_leftovers();
}

/* The device is looked at once a minute, whether or not it has told of frames. */
static void lost_event(void **state)
{
    int a = udp_at(A, 1000), b = udp_at(B, 2000);
    char buffer[8];

    (void)state;
    send_to(a, "ping", 4, B, 2000); /* ARP is through */
    assert_int_equal(recv(b, buffer, sizeof(buffer), 0), 4);
    fake_wire.silent = true;
    send_to(a, "ping", 4, B, 2000);
    fake_net_sleep(SECONDS(61));
    fake_wire.silent = false;
    assert_int_equal(recv(b, buffer, sizeof(buffer), MSG_DONTWAIT), 4);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

/* ---- IPv6 ---- */

static struct sockaddr_in6 ipv6(const char *text, uint16_t port)
{
    struct sockaddr_in6 result = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    assert_int_equal(inet_pton(AF_INET6, text, &result.sin6_addr), 1);
    return result;
}

static int listen6(uint16_t port, int only)
{
    struct sockaddr_in6 any = ipv6("::", port);
    int listener = socket(AF_INET6, SOCK_STREAM, 0);

    assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(listener, 5), 0);
    return listener;
}

static void say_hello(int client, int server)
{
    char buffer[8];

    assert_int_equal(send(client, "hello", 5, 0), 5);
    assert_int_equal(recv(server, buffer, 8, 0), 5);
    close(client);
    close(server);
}

static void both_families(void **state)
{
    int listener = listen6(80, 0), client = fake_net_connect(80), server;
    struct sockaddr_in6 peer, loopback = ipv6("::1", 80);
    socklen_t length = sizeof(peer);
    char text[INET6_ADDRSTRLEN];

    (void)state;
    assert_true(client >= 0);
    server = accept(listener, (struct sockaddr *)&peer, &length);
    assert_true(server >= 0);
    assert_int_equal(peer.sin6_family, AF_INET6);
    assert_string_equal(inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)),
                        "::ffff:10.0.0.1");
    say_hello(client, server);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&loopback, sizeof(loopback)), 0);
    server = accept(listener, (struct sockaddr *)&peer, &length);
    assert_string_equal(inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)), "::1");
    say_hello(client, server);
    /* An IPv6 socket reaches an IPv4 address in its mapped form. */
    loopback = ipv6("::ffff:10.0.0.2", 80);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&loopback, sizeof(loopback)), 0);
    server = accept(listener, NULL, NULL);
    say_hello(client, server);
    close(listener);
    fake_net_check_leftovers();
}

static void ipv6_only(void **state)
{
    int listener = listen6(80, 1), client;
    struct sockaddr_in6 mapped = ipv6("::ffff:10.0.0.2", 80);
    int one = 1;

    (void)state;
    assert_fails(fake_net_connect(80), ECONNREFUSED);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(client, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
    assert_fails(connect(client, (struct sockaddr *)&mapped, sizeof(mapped)), ENETUNREACH);
    close(client);
    close(listener);
    fake_net_check_leftovers();
}

/* Across the wire, between link-local addresses made from the devices' MACs. */
static void link_local(void **state)
{
    int a = socket(AF_INET6, SOCK_DGRAM, 0), b = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 from = ipv6("fe80::216:3eff:fe00:1", 1000),
                        to = ipv6("fe80::216:3eff:fe00:2", 2000), peer;
    socklen_t length = sizeof(peer);
    static char block[4000];

    (void)state;
    from.sin6_scope_id = if_nametoindex("eth0");
    to.sin6_scope_id = if_nametoindex("eth1");
    assert_true(from.sin6_scope_id != 0 && to.sin6_scope_id != 0);
    assert_int_equal(bind(a, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(bind(b, (struct sockaddr *)&to, sizeof(to)), 0);
    to.sin6_scope_id = from.sin6_scope_id; /* seen from the sender */
    assert_int_equal(sendto(a, block, 10, 0, (struct sockaddr *)&to, sizeof(to)), 10);
    assert_int_equal(recvfrom(b, block, sizeof(block), 0, (struct sockaddr *)&peer, &length), 10);
    assert_int_equal(peer.sin6_scope_id, if_nametoindex("eth1"));
    assert_int_equal(sendto(a, block, 4000, 0, (struct sockaddr *)&to, sizeof(to)), 4000);
    assert_int_equal(recv(b, block, sizeof(block), 0), 4000);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

static void loopback(void **state)
{
    int a = udp_at(0x7f000001, 0), b = udp_at(0x7f000001, 2000);
    char buffer[8];

    (void)state;
    send_to(a, "self", 4, 0x7f000001, 2000);
    assert_int_equal(recv(b, buffer, 8, 0), 4);
    send_to(a, "self", 4, B, 2000); /* an address of ours, but not the one it is bound to */
    fake_net_sleep(MILLISECONDS(1));
    assert_fails(recv(b, buffer, 8, MSG_DONTWAIT), EAGAIN);
    close(a);
    close(b);
    fake_net_check_leftovers();
}

/* ---- echo requests ---- */

static unsigned int replies4, replies6;

static uint16_t sum_of(const uint8_t *data, size_t length, uint32_t sum)
{
    size_t index;

    for (index = 0; index < length; index++)
        sum += (index & 1) ? data[index] : (uint32_t)data[index] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static bool count_replies(unsigned int from, const uint8_t *frame, size_t length)
{
    if (from != 1)
        return true;
    if (frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 1 && frame[34] == 0) {
        assert_int_equal(sum_of(frame + 14, 20, 0), 0xffff);
        assert_int_equal(sum_of(frame + 34, length - 34, 0), 0xffff);
        assert_memory_equal(frame + length - 8, "abcdefgh", 8);
        replies4++;
    }
    if (frame[12] == 0x86 && frame[20] == 58 && frame[54] == 129) {
        assert_int_equal(
            sum_of(frame + 54, length - 54, sum_of(frame + 22, 32, 58 + (uint32_t)length - 54)),
            0xffff);
        replies6++;
    }
    return true;
}

static void pings(void **state)
{
    uint8_t four[] = {
        0x00, 0x16, 0x3e, 0, 0, 2,  0x00, 0x16, 0x3e, 0,   0,   1,   0x08, 0x00, 0x45, 0,   0,
        36,   0,    1,    0, 0, 64, 1,    0,    0,    10,  0,   0,   1,    10,   0,    0,   2,
        8,    0,    0,    0, 1, 2,  3,    4,    'a',  'b', 'c', 'd', 'e',  'f',  'g',  'h',
    };
    uint8_t six[] = {
        0x00, 0x16, 0x3e, 0,   0,    2,    0x00, 0x16, 0x3e, 0, 0, 1, 0x86, 0xdd, 0x60, 0,    0,
        0,    0,    12,   58,  64,   0xfe, 0x80, 0,    0,    0, 0, 0, 0,    2,    0x16, 0x3e, 0xff,
        0xfe, 0,    0,    1,   0xfe, 0x80, 0,    0,    0,    0, 0, 0, 2,    0x16, 0x3e, 0xff, 0xfe,
        0,    0,    2,    128, 0,    0,    0,    1,    2,    3, 4, 5, 6,    7,    8,
    };
    uint16_t sum = (uint16_t)~sum_of(six + 54, 12, sum_of(six + 22, 32, 58 + 12));

    (void)state;
    six[56] = (uint8_t)(sum >> 8);
    six[57] = (uint8_t)sum;
    sum = (uint16_t)~sum_of(four + 14, 20, 0);
    four[24] = (uint8_t)(sum >> 8);
    four[25] = (uint8_t)sum;
    sum = (uint16_t)~sum_of(four + 34, sizeof(four) - 34, 0);
    four[36] = (uint8_t)(sum >> 8);
    four[37] = (uint8_t)sum;
    fake_wire.tap = count_replies;
    fake_net_inject(1, four, sizeof(four), false);
    fake_net_inject(1, six, sizeof(six), false);
    fake_net_sleep(MILLISECONDS(100));
    assert_int_equal(replies4, 1);
    assert_int_equal(replies6, 1);
    four[40]++; /* and not with a wrong checksum */
    six[60]++;
    fake_net_inject(1, four, sizeof(four), false);
    fake_net_inject(1, six, sizeof(six), false);
    fake_net_sleep(MILLISECONDS(100));
    assert_int_equal(replies4, 1);
    assert_int_equal(replies6, 1);
    fake_wire.tap = NULL;
}

/* TCP with blank checksums, through the wire and through the loop of one interface. */
static void tcp_with_offload(void **state)
{
    int listener = fake_net_listen(80, 5), client = fake_net_connect(80),
        server = accept(listener, NULL, NULL);
    struct sockaddr_in to = ipv4(B, 80);

    (void)state;
    say_hello(client, server);
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    server = accept(listener, NULL, NULL);
    say_hello(client, server);
    close(listener);
    fake_net_check_leftovers();
}

static int start(void **state)
{
    (void)state;
    fake_net_start(true, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo),
        cmocka_unit_test(lengths),
        cmocka_unit_test(connected),
        cmocka_unit_test(broadcast),
        cmocka_unit_test(overflow),
        cmocka_unit_test(full_ring),
        cmocka_unit_test(two_senders),
        cmocka_unit_test(stuck_ring),
        cmocka_unit_test(lost_event),
        cmocka_unit_test(both_families),
        cmocka_unit_test(ipv6_only),
        cmocka_unit_test(link_local),
        cmocka_unit_test(loopback),
        cmocka_unit_test(pings),
        cmocka_unit_test(tcp_with_offload),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
