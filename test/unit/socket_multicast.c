/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * Groups: what a socket joins, the device is asked for, until the socket leaves, closes, or the
 * device goes. The receiver is at 10.0.0.2.
 */
#include "net_fakes.h"

#include <errno.h>
#include <string.h>

#include "lib/sched/sched.h"

#define A 0x0a000001u
#define B 0x0a000002u
#define GROUP 0xef010203u /* 239.1.2.3 */
#define OTHER 0xef010204u
#define PORT 5000

static const uint8_t group_mac[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
static const uint8_t all_systems_mac[6] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
static unsigned int groups_at_start;

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

/* 0 or the errno. */
static int set(int descriptor, int level, int name, const void *value, socklen_t length)
{
    return setsockopt(descriptor, level, name, value, length) == 0 ? 0 : errno;
}

static int membership(int descriptor, int name, uint32_t group, uint32_t interface)
{
    struct ip_mreq request = { { htonl(group) }, { htonl(interface) } };

    return set(descriptor, IPPROTO_IP, name, &request, sizeof(request));
}

static int join(int descriptor, uint32_t group, uint32_t interface)
{
    return membership(descriptor, IP_ADD_MEMBERSHIP, group, interface);
}

static int leave(int descriptor, uint32_t group, uint32_t interface)
{
    return membership(descriptor, IP_DROP_MEMBERSHIP, group, interface);
}

static int number(int descriptor, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);

    assert_int_equal(getsockopt(descriptor, level, name, &value, &length), 0);
    return value;
}

static void send_to(int descriptor, uint32_t address)
{
    struct sockaddr_in to = ipv4(address, PORT);

    assert_int_equal(sendto(descriptor, "group", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    fake_net_sleep(MILLISECONDS(2));
}

static bool received(int descriptor)
{
    char buffer[8];

    return recv(descriptor, buffer, sizeof(buffer), MSG_DONTWAIT) == 5;
}

static void nothing_left(void)
{
    fake_net_check_leftovers();
    assert_int_equal(fake_net_groups(0) + fake_net_groups(1), groups_at_start);
}

/* Reports of IGMPv2 that went out from eth1, for this group. */
static unsigned int reports;

static bool count_reports(unsigned int from, const uint8_t *frame, size_t length)
{
    unsigned int header = length > 14 ? (frame[14] & 15u) * 4 : 0;
    const uint32_t group = htonl(GROUP);

    if (from == 1 && frame[12] == 0x08 && frame[13] == 0 && frame[23] == 2) {
        assert_true(length >= 14 + header + 8);
        reports += frame[14 + header] == 0x16 && memcmp(frame + 14 + header + 4, &group, 4) == 0;
    }
    return true;
}

static void asked_from_the_start(void **state)
{
    const uint8_t solicited[6] = { 0x33, 0x33, 0xff, 0x00, 0x00, 0x02 };

    (void)state;
    for (unsigned int device = 0; device < 2; device++) {
        assert_int_equal(fake_net_wanted(device, all_systems_mac), 1);
        assert_int_equal(fake_net_wanted(device, all_nodes_mac), 1);
    }
    assert_int_equal(fake_net_wanted(1, solicited), 1);
    assert_int_equal(fake_net_wanted(0, solicited), 0);
}

static void joined_and_left(void **state)
{
    int a = udp_at(A, 0), b = udp_at(INADDR_ANY, PORT);

    (void)state;
    fake_wire.tap = count_reports;
    send_to(a, GROUP);
    assert_false(received(b));
    assert_int_equal(join(b, GROUP, B), 0);
    fake_net_sleep(SECONDS(1));
    assert_in_range(reports, 1, 2);
    fake_wire.tap = NULL;
    assert_int_equal(fake_net_wanted(1, group_mac), 1);
    assert_int_equal(fake_net_wanted(0, group_mac), 0);
    send_to(a, GROUP);
    assert_true(received(b));
    send_to(a, OTHER);
    send_to(a, GROUP | 0x00800000); /* of the same Ethernet group */
    assert_false(received(b));
    assert_int_equal(leave(b, GROUP, INADDR_ANY), 0);
    assert_int_equal(fake_net_wanted(1, group_mac), 0);
    send_to(a, GROUP);
    assert_false(received(b));
    close(a);
    close(b);
    nothing_left();
}

/* The last of several users ends it, by leaving or by closing. */
static void several_users(void **state)
{
    int a = udp_at(A, 0), b = udp_at(INADDR_ANY, PORT), c = udp_at(INADDR_ANY, PORT + 1);

    (void)state;
    assert_int_equal(join(b, GROUP, B), 0);
    assert_int_equal(join(c, GROUP, B), 0);
    assert_int_equal(join(c, GROUP | 0x00800000, B), 0);
    assert_int_equal(fake_net_wanted(1, group_mac), 2);
    close(c);
    assert_int_equal(fake_net_wanted(1, group_mac), 1);
    send_to(a, GROUP);
    assert_true(received(b));
    close(a);
    close(b);
    nothing_left();
}

static void make_room(void *device)
{
    fake_net_sleep(MILLISECONDS(100));
    ((struct net_device *)device)->changed(device); /* not yet */
    fake_net_sleep(MILLISECONDS(100));
    fake_net_ring = 256;
    ((struct net_device *)device)->changed(device);
}

/* However often a full ring turns the datagram away, a member on this side has it once. */
static void member_here(void **state)
{
    int a = udp_at(A, 0), b = udp_at(INADDR_ANY, PORT);

    (void)state;
    assert_int_equal(join(b, GROUP, A), 0);
    send_to(a, GROUP);
    assert_true(received(b) && !received(b));
    fake_net_ring = 0;
    assert_non_null(thread_create("room", make_room, fake_net_device(0)));
    send_to(a, GROUP);
    assert_int_equal(fake_net_ring, 256);
    assert_true(received(b) && !received(b));
    send_to(a, GROUP);
    assert_true(received(b) && !received(b));
    close(a);
    close(b);
    nothing_left();
}

/* By number, by address, or where the group is routed to. */
static void interfaces(void **state)
{
    struct ip_mreqn request = { .imr_multiaddr = { htonl(GROUP) } };
    int b = udp_at(INADDR_ANY, PORT);

    (void)state;
    request.imr_ifindex = (int)if_nametoindex("eth0");
    assert_int_equal(set(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)), 0);
    assert_int_equal(fake_net_wanted(0, group_mac), 1);
    assert_int_equal(join(b, GROUP, A), EADDRINUSE);
    assert_int_equal(join(b, GROUP, INADDR_ANY), 0);
    assert_int_equal(fake_net_wanted(1, group_mac), 1);
    assert_int_equal(leave(b, GROUP, A), 0);
    assert_int_equal(leave(b, GROUP, A), EADDRNOTAVAIL);
    assert_int_equal(leave(b, GROUP, INADDR_ANY), 0);
    assert_int_equal(leave(b, GROUP, INADDR_ANY), EADDRNOTAVAIL);
    request.imr_ifindex = 77;
    assert_int_equal(set(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)), ENODEV);
    assert_int_equal(join(b, GROUP, 0x0a000009), ENODEV);
    assert_int_equal(join(b, GROUP, 0x7f000001), ENODEV);
    close(b);
    nothing_left();
}

static void sending(void **state)
{
    int a = udp_at(INADDR_ANY, 0), b = udp_at(INADDR_ANY, PORT), one = 1, none = 0;
    struct in_addr by = { htonl(B) };
    uint8_t byte = 7;

    (void)state;
    assert_int_equal(number(a, IPPROTO_IP, IP_MULTICAST_TTL), 1);
    assert_int_equal(number(a, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_TTL, &byte, 1), 0);
    assert_int_equal(number(a, IPPROTO_IP, IP_MULTICAST_TTL), 7);
    /* By the receiver's own interface: it comes by the loop, or not at all. */
    assert_int_equal(join(b, GROUP, B), 0);
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)), 0);
    send_to(a, GROUP);
    assert_true(received(b));
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_LOOP, &none, sizeof(none)), 0);
    send_to(a, GROUP);
    assert_false(received(b));
    by.s_addr = htonl(A);
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)), 0);
    send_to(a, GROUP);
    assert_true(received(b));
    by.s_addr = htonl(0x0a000009);
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)), EADDRNOTAVAIL);
    by.s_addr = INADDR_ANY;
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)), 0);
    assert_int_equal(set(a, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)), 0);
    close(a);
    close(b);
    nothing_left();
}

static void errors(void **state)
{
    int b = udp_at(INADDR_ANY, PORT), tcp = socket(AF_INET, SOCK_STREAM, 0), big = 256;
    struct ip_mreq request = { { htonl(GROUP) }, { htonl(B) } };

    (void)state;
    assert_int_equal(join(b, A, B), EINVAL);
    assert_int_equal(set(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, 7), EINVAL);
    assert_int_equal(set(b, IPPROTO_IP, IP_MULTICAST_TTL, &big, sizeof(big)), EINVAL);
    assert_int_equal(set(b, IPPROTO_IP, IP_MULTICAST_TTL, &big, 0), EINVAL);
    assert_int_equal(set(b, IPPROTO_IP, IP_MULTICAST_IF, &request, 3), EINVAL);
    assert_int_equal(set(b, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)), EINVAL);
    assert_int_equal(join(tcp, GROUP, B), ENOPROTOOPT);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(join(b, GROUP + i, B), 0);
    assert_int_equal(join(b, GROUP + 20, B), ENOBUFS);
    close(tcp);
    close(b);
    nothing_left();
}

static int join6(int descriptor, int name, const char *group, const char *interface)
{
    struct ipv6_mreq request = { .ipv6mr_interface = interface ? if_nametoindex(interface) : 0 };

    assert_int_equal(inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr), 1);
    return set(descriptor, IPPROTO_IPV6, name, &request, sizeof(request));
}

static void ipv6(void **state)
{
    static const uint8_t mac[6] = { 0x33, 0x33, 0, 0, 0x43, 0x21 };
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) }, to = any;
    int a = socket(AF_INET6, SOCK_DGRAM, 0), b = socket(AF_INET6, SOCK_DGRAM, 0), none = 0;
    unsigned int by = if_nametoindex("eth0");

    (void)state;
    assert_int_equal(bind(b, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(inet_pton(AF_INET6, "ff02::4321", &to.sin6_addr), 1);
    assert_int_equal(join6(b, IPV6_JOIN_GROUP, "ff02::4321", "eth1"), 0);
    assert_int_equal(join6(b, IPV6_JOIN_GROUP, "ff02::4321", "eth1"), EADDRINUSE);
    assert_int_equal(fake_net_wanted(1, mac), 1);
    assert_int_equal(number(a, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 1);
    assert_int_equal(set(a, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &none, sizeof(none)), 0);
    assert_int_equal(set(a, IPPROTO_IPV6, IPV6_MULTICAST_IF, &by, sizeof(by)), 0);
    assert_int_equal(sendto(a, "group", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    fake_net_sleep(MILLISECONDS(2));
    assert_true(received(b));
    assert_int_equal(join6(b, IPV6_LEAVE_GROUP, "ff02::4321", "eth1"), 0);
    assert_int_equal(fake_net_wanted(1, mac), 0);
    assert_int_equal(sendto(a, "group", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    fake_net_sleep(MILLISECONDS(2));
    assert_false(received(b));
    assert_int_equal(join6(b, IPV6_JOIN_GROUP, "ff15::4321", NULL), 0);
    assert_int_equal(join6(b, IPV6_LEAVE_GROUP, "ff15::4321", NULL), 0);
    assert_int_equal(join6(b, IPV6_JOIN_GROUP, "fe80::1", "eth1"), EINVAL);
    by = 77;
    assert_int_equal(set(a, IPPROTO_IPV6, IPV6_MULTICAST_IF, &by, sizeof(by)), ENODEV);
    close(a);
    close(b);
    nothing_left();
}

/* The device goes first; another with its lwIP number is no business of the membership. */
static void the_device_goes(void **state)
{
    int b = udp_at(INADDR_ANY, PORT), c;
    struct net_device *device = fake_net_device(1);

    (void)state;
    assert_int_equal(join(b, GROUP, B), 0);
    net_device_unregister(device);
    assert_int_equal(fake_net_wanted(1, group_mac), 0);
    assert_int_equal(net_device_register(device), 0);
    fake_net_sleep(SECONDS(8));
    c = udp_at(INADDR_ANY, PORT + 1);
    assert_int_equal(join(c, GROUP, B), 0);
    assert_int_equal(leave(b, GROUP, INADDR_ANY), 0);
    assert_int_equal(fake_net_wanted(1, group_mac), 1);
    close(b);
    close(c);
}

static int start(void **state)
{
    (void)state;
    fake_net_start(true, "10.0.0.1/24", "10.0.0.2/24");
    groups_at_start = fake_net_groups(0) + fake_net_groups(1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_from_the_start),
        cmocka_unit_test(joined_and_left),
        cmocka_unit_test(several_users),
        cmocka_unit_test(member_here),
        cmocka_unit_test(interfaces),
        cmocka_unit_test(sending),
        cmocka_unit_test(errors),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(the_device_goes),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
