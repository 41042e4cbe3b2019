/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * Frames that nobody honest would send: what was seen on the wire in honest use, changed, cut,
 * mixed and given again, most of it with the checksums made right so that it gets past them, to a
 * stack with connections in all states. Nothing may break (the sanitizers watch), no invariant of
 * lwIP may fall, memory stays bounded, and afterwards honest peers are served as before.
 */
#include "net_fakes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "net/usage.h"

#define SAMPLES 400
#define FRAME_MAXIMUM 1514
#define PORT 80

struct sample {
    unsigned int to;
    size_t length;
    uint8_t data[FRAME_MAXIMUM];
};

static struct sample samples[SAMPLES];
static unsigned int sample_count, sample_skip;
static uint32_t seed = 0x6d2b79f5; /* SEED=… in the environment: another run */

static uint32_t any(uint32_t below)
{
    return fake_random_seeded(&seed) % below;
}

static bool record(unsigned int from, const uint8_t *frame, size_t length)
{
    if (sample_count < SAMPLES && sample_skip-- == 0) {
        samples[sample_count].to = !from;
        samples[sample_count].length = length;
        memcpy(samples[sample_count++].data, frame, length);
        sample_skip = length > 1000 ? any(20) : 0;
    }
    return true;
}

/* ---- checksums made right ---- */

static uint32_t add(const uint8_t *data, size_t length, uint32_t sum)
{
    size_t index;

    for (index = 0; index < length; index++)
        sum += (index & 1) ? data[index] : (uint32_t)data[index] << 8;
    return sum;
}

static void store_sum(uint8_t *field, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    field[0] = (uint8_t)(~sum >> 8);
    field[1] = (uint8_t)~sum;
}

static void repair(uint8_t *frame, size_t length)
{
    uint8_t *ip = frame + 14;
    size_t rest = length - 14, header;

    if (length < 14 + 40 + 8)
        return;
    if (frame[12] == 0x08 && frame[13] == 0x00) {
        header = (size_t)(ip[0] & 15) * 4;
        if (header < 20 || header + 4 > rest)
            return;
        ip[10] = ip[11] = 0;
        store_sum(ip + 10, add(ip, header, 0));
        if (ip[9] == 1) { /* ICMP */
            ip[header + 2] = ip[header + 3] = 0;
            store_sum(ip + header + 2, add(ip + header, rest - header, 0));
        }
    } else if (frame[12] == 0x86 && frame[13] == 0xdd && ip[6] == 58) {
        ip[42] = ip[43] = 0;
        store_sum(ip + 42, add(ip + 40, rest - 40, add(ip + 8, 32, (uint32_t)(rest - 40) + 58)));
    }
}

/* ---- changes ---- */

static const uint8_t telling[] = { 0,    1,    2,    3,    4,    5,    8,    0x0f,
                                   0x10, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff };

static void change(struct sample *sample)
{
    unsigned int count = 1 + any(4), first = any(4) ? 14 : 0;

    while (count-- > 0 && sample->length > first) {
        size_t at = first +
                    any((uint32_t)(any(3) ? (sample->length > 94 ? 80 : sample->length - first)
                                          : sample->length - first));

        if (any(2))
            sample->data[at] = telling[any(sizeof(telling))];
        else
            sample->data[at] ^= (uint8_t)(1u << any(8));
    }
    if (any(4) == 0)
        sample->length = any((uint32_t)sample->length + 1);
    if (any(16) == 0) {
        const struct sample *other = &samples[any(sample_count)];
        size_t part = any((uint32_t)other->length);

        if (part + 34 < FRAME_MAXIMUM) {
            memcpy(sample->data + 34, other->data, part);
            sample->length = part + 34 > sample->length ? part + 34 : sample->length;
        }
    }
}

/* ---- honest use, to be recorded and to be disturbed ---- */

static void udp_exchange(size_t length)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1000) }, b = a;
    int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
    static uint8_t block[5000];

    a.sin_addr.s_addr = htonl(0x0a000001);
    b.sin_addr.s_addr = htonl(0x0a000002);
    assert_int_equal(bind(from, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(bind(to, (struct sockaddr *)&b, sizeof(b)), 0);
    sendto(from, block, length, 0, (struct sockaddr *)&b, sizeof(b));
    fake_net_sleep(MILLISECONDS(2));
    close(from);
    close(to);
}

static void udp6_exchange(size_t length)
{
    struct sockaddr_in6 b = { .sin6_family = AF_INET6,
                              .sin6_port = htons(1000),
                              .sin6_scope_id = if_nametoindex("eth0") };
    int from = socket(AF_INET6, SOCK_DGRAM, 0);
    static uint8_t block[5000];

    inet_pton(AF_INET6, "fe80::216:3eff:fe00:2", &b.sin6_addr);
    sendto(from, block, length, 0, (struct sockaddr *)&b, sizeof(b));
    fake_net_sleep(MILLISECONDS(2));
    close(from);
}

static void tcp_exchange(int listener, size_t length)
{
    int client = fake_net_connect(PORT), server;
    static char block[20000];

    if (client < 0)
        return;
    server = accept(listener, NULL, NULL);
    fake_wire.lose = 50;
    send(client, block, length, MSG_DONTWAIT);
    fake_net_sleep(SECONDS(1));
    recv(server, block, sizeof(block), MSG_DONTWAIT);
    send(server, block, length, MSG_DONTWAIT);
    fake_net_sleep(SECONDS(1));
    fake_wire.lose = 0;
    close(client);
    close(server);
}

static const uint8_t ping4[] = {
    0x00, 0x16, 0x3e, 0, 0, 2, 0x00, 0x16, 0x3e, 0, 0,   1,   0x08, 0x00, 0x45, 0,
    0,    36,   0,    1, 0, 0, 64,   1,    0,    0, 10,  0,   0,    1,    10,   0,
    0,    2,    8,    0, 0, 0, 1,    2,    3,    4, 'a', 'b', 'c',  'd',  'e',  'f',
    'g',  'h',  0,    0, 0, 0, 0,    0,    0,    0, 0,   0,   0,    0,
};

/* An advertisement of a router with MTU, prefix and source address. */
static const uint8_t router6[] = {
    0x33, 0x33, 0,  0,   0,    1,    0x00, 0x16, 0x3e, 0, 0,  1, 0x86, 0xdd, 0x60, 0,    0,
    0,    0,    64, 58,  255,  0xfe, 0x80, 0,    0,    0, 0,  0, 0,    2,    0x16, 0x3e, 0xff,
    0xfe, 0,    0,  1,   0xff, 0x02, 0,    0,    0,    0, 0,  0, 0,    0,    0,    0,    0,
    0,    0,    1,  134, 0,    0,    0,    64,   0,    0, 10, 0, 0,    0,    0,    0,    0,
    0,    0,    1,  1,   0x00, 0x16, 0x3e, 0,    0,    1, 5,  1, 0,    0,    0,    0,    5,
    0,    3,    4,  64,  0xc0, 0,    0,    0,    60,   0, 0,  0, 30,   0,    0,    0,    0,
    0xfd, 0,    0,  1,   0,    2,    0,    3,    0,    0, 0,  0, 0,    0,    0,    0,
};

static const uint8_t multicast_query6[] = {
    0x33, 0x33, 0,    0,    0,    1,    0x00, 0x16, 0x3e, 0, 0, 1, 0x86, 0xdd, 0x60, 0,    0,    0,
    0,    32,   0,    1,    0xfe, 0x80, 0,    0,    0,    0, 0, 0, 2,    0x16, 0x3e, 0xff, 0xfe, 0,
    0,    1,    0xff, 0x02, 0,    0,    0,    0,    0,    0, 0, 0, 0,    0,    0,    0,    0,    1,
    58,   0,    5,    2,    0,    0,    1,    0,    130,  0, 0, 0, 0,    100,  0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0,    0,
};

static void add_sample(const uint8_t *frame, size_t length)
{
    samples[sample_count].to = 1;
    samples[sample_count].length = length;
    memcpy(samples[sample_count].data, frame, length);
    repair(samples[sample_count++].data, length);
}

static void collect(int listener)
{
    unsigned int copies;

    for (copies = 0; copies < 10; copies++) {
        add_sample(ping4, sizeof(ping4));
        add_sample(router6, sizeof(router6));
        add_sample(multicast_query6, sizeof(multicast_query6));
    }
    fake_wire.tap = record;
    udp_exchange(10);
    udp_exchange(4000);
    udp6_exchange(10);
    udp6_exchange(4000);
    while (sample_count < 100)
        tcp_exchange(listener, any(2) ? 3000 : 20000);
    fake_wire.tap = NULL;
}

/* One round: connections in several states, and a storm of changed frames on them, many taken from
 * these connections just now. */
static void storm(int listener, unsigned int frames)
{
    int clients[6], servers[6], index, one = 1;
    unsigned int first = sample_count > 300 ? 300 : sample_count;

    sample_count = first;
    fake_wire.tap = record;
    for (index = 0; index < 6; index++) {
        clients[index] = fake_net_connect(PORT);
        servers[index] = clients[index] >= 0 ? accept(listener, NULL, NULL) : -1;
        if (servers[index] < 0)
            continue;
        setsockopt(clients[index], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        send(clients[index], "0123456789", (size_t)index * 2, MSG_DONTWAIT);
    }
    fake_net_sleep(MILLISECONDS(1));
    if (clients[1] >= 0)
        shutdown(clients[1], SHUT_WR);
    if (servers[2] >= 0)
        shutdown(servers[2], SHUT_WR);
    if (clients[3] >= 0) {
        close(clients[3]);
        clients[3] = -1;
    }
    while (frames-- > 0) {
        struct sample sample =
            samples[any(3) ? any(sample_count)
                           : first + any(sample_count > first ? sample_count - first : 1)];
        char buffer[100];

        if (any(8))
            change(&sample);
        if (any(8))
            repair(sample.data, sample.length);
        fake_net_inject(any(16) ? sample.to : !sample.to, sample.data, sample.length, any(8) != 0);
        if (any(16) == 0)
            fake_net_sleep(MILLISECONDS(1 + any(300)));
        index = (int)any(6);
        if (servers[index] >= 0 && any(8) == 0)
            recv(servers[index], buffer, sizeof(buffer), MSG_DONTWAIT);
        if (clients[index] >= 0 && any(16) == 0)
            send(clients[index], buffer, any(100), MSG_DONTWAIT);
    }
    fake_wire.tap = NULL;
    for (index = 0; index < 6; index++) {
        if (clients[index] >= 0)
            close(clients[index]);
        if (servers[index] >= 0)
            close(servers[index]);
    }
}

static void drain(int listener)
{
    int connection;

    while ((connection = accept(listener, NULL, NULL)) >= 0 || errno != EAGAIN)
        close(connection);
}

static void storms(void **state)
{
    int listener = fake_net_listen(PORT, 5);
    unsigned int round;
    struct net_usage usage;

    (void)state;
    collect(listener);
    for (round = 0; round < 1000; round++) {
        storm(listener, 400);
        net_usage_get(&usage);
        assert_true(usage.memory < usage.memory_limit / 2);
        fcntl(listener, F_SETFL, O_NONBLOCK);
        drain(listener);
        fcntl(listener, F_SETFL, 0);
        fake_net_sleep(SECONDS(2));
    }
    /* What the storm taught the caches is forgotten or corrected in the end, and honest peers get
     * through. */
    fake_net_sleep(SECONDS(700));
    round = (unsigned int)fake_net_connect(PORT);
    assert_true((int)round >= 0);
    close((int)round);
    close(listener);
    fake_net_sleep(SECONDS(200));
    net_usage_get(&usage);
    assert_int_equal(usage.sockets, 0);
    assert_int_equal(usage.tcp_active + usage.tcp_time_wait + usage.segments, 0);
}

/* Half-open connections from everywhere do not keep honest ones out for long. */
static void flood_of_handshakes(void **state)
{
    int listener = fake_net_listen(PORT, 16), client, server;
    uint8_t syn[] = {
        0x00, 0x16, 0x3e, 0, 0, 2,    0x00, 0x16, 0x3e, 0, 0,  1, 0x08, 0x00, 0x45, 0,
        0,    40,   0,    1, 0, 0,    64,   6,    0,    0, 10, 0, 0,    77,   10,   0,
        0,    2,    4,    0, 0, PORT, 1,    2,    3,    4, 0,  0, 0,    0,    0x50, 2,
        0x40, 0,    0,    0, 0, 0,    0,    0,    0,    0, 0,  0, 0,    0,
    };
    struct net_usage usage;
    unsigned int count;
    uint64_t begin;

    (void)state;
    for (count = 0; count < 3000; count++) {
        syn[34] = (uint8_t)(4 + count / 250);
        syn[35] = (uint8_t)count;
        syn[29] = (uint8_t)(100 + count % 100);
        repair(syn, sizeof(syn));
        fake_net_inject(1, syn, 54, true);
        if (count % 20 == 0)
            fake_net_sleep(MILLISECONDS(200));
    }
    net_usage_get(&usage);
    assert_true(usage.tcp_active <= 17);
    begin = clock_monotonic();
    client = fake_net_connect(PORT);
    assert_true(client >= 0);
    assert_true(clock_monotonic() - begin <
                SECONDS(6)); /* by itself, a handshake is given up later */
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    close(client);
    close(server);
    close(listener);
    fake_net_sleep(SECONDS(500));
    net_usage_get(&usage);
    assert_int_equal(usage.tcp_active, 0);
}

static int start(void **state)
{
    const char *other_seed = getenv("SEED");

    (void)state;
    if (other_seed)
        seed = (uint32_t)strtoul(other_seed, NULL, 0) | 1;
    fake_net_start(false, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storms),
        cmocka_unit_test(flood_of_handshakes),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
