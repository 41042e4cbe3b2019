/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * An interface that gets its address by DHCP, name lookups, and how seldom an idle stack wakes up.
 * The servers run on the other interface, through our own sockets.
 */
#include "net_fakes.h"

#include <errno.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "net/stack.h"
#include "net/usage.h"

#define SERVER 0x0a000002u
#define LEASE 0x0a000032u /* 10.0.0.50 */

extern void (*const initcalls_start[])(void);
extern void (*const initcalls_end[])(void);

/* ---- a DHCP server ---- */

static bool dhcp_silent = true;
static uint32_t lease_seconds = 120;
static unsigned int requests;
static char client_name[64];

static const uint8_t *find_option(const uint8_t *message, size_t length, uint8_t option)
{
    size_t at = 240;

    while (at + 2 <= length && message[at] != 255) {
        if (message[at] == option)
            return message + at;
        at += message[at] ? 2u + message[at + 1] : 1;
    }
    return NULL;
}

static size_t put(uint8_t *message, size_t at, uint8_t option, uint32_t value)
{
    value = htonl(value);
    message[at] = option;
    message[at + 1] = 4;
    memcpy(message + at + 2, &value, 4);
    return at + 6;
}

/* An offer, or an acknowledgement. */
static size_t make_reply(uint8_t *message, uint8_t type)
{
    uint32_t lease = htonl(LEASE);
    size_t at = 240;

    message[0] = 2;
    memcpy(message + 16, &lease, 4);
    message[at++] = 53;
    message[at++] = 1;
    message[at++] = type;
    at = put(message, at, 54, SERVER);
    at = put(message, at, 1, 0xffffff00);
    at = put(message, at, 3, 0x0a000001 + 0xfd);
    at = put(message, at, 6, SERVER);
    at = put(message, at, 51, lease_seconds);
    message[at++] = 255;
    return at;
}

static void dhcp_server(void *argument)
{
    int descriptor = *(int *)argument;
    struct sockaddr_in all = { .sin_family = AF_INET, .sin_port = htons(68) };
    uint8_t message[1500];

    all.sin_addr.s_addr = INADDR_BROADCAST;
    for (;;) {
        ssize_t length = recv(descriptor, message, sizeof(message), 0);
        const uint8_t *type = find_option(message, (size_t)length, 53),
                      *name = find_option(message, (size_t)length, 12);

        assert_non_null(type);
        requests++;
        if (name) {
            memcpy(client_name, name + 2, name[1]);
            client_name[name[1]] = '\0';
        }
        if (dhcp_silent || (type[2] != 1 && type[2] != 3))
            continue;
        length = (ssize_t)make_reply(message, type[2] == 1 ? 2 : 5);
        sendto(descriptor, message, (size_t)length, 0, (struct sockaddr *)&all, sizeof(all));
    }
}

static int server_socket(uint16_t port)
{
    struct sockaddr_in mine = { .sin_family = AF_INET, .sin_port = htons(port) };
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

    mine.sin_addr.s_addr = htonl(SERVER);
    setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
    assert_int_equal(bind(descriptor, (struct sockaddr *)&mine, sizeof(mine)), 0);
    return descriptor;
}

/* Nobody answers: that is said once, boot goes on after its ten seconds, and the address comes when
 * the server does. */
static void late_server(void **state)
{
    static int descriptor;
    uint64_t before = clock_monotonic();
    const char *complaint;

    (void)state;
    descriptor = server_socket(67);
    thread_create("dhcp", dhcp_server, &descriptor);
    fake_net_sleep(SECONDS(60));
    complaint = strstr(fake_log, "eth0: no DHCP server answers; still trying\n");
    assert_non_null(complaint);
    assert_null(strstr(complaint + 20, "no DHCP"));
    assert_in_range(requests, 3, 20);
    (*(initcalls_end - 1))(); /* address: its time is over, it does not wait */
    assert_true(clock_monotonic() - before < SECONDS(61));
    dhcp_silent = false;
    fake_net_sleep(SECONDS(61));
    assert_non_null(
        strstr(fake_log, "eth0: 10.0.0.50/24 gateway 10.0.0.254 name server 10.0.0.2 (DHCP)\n"));
    assert_string_equal(client_name, "guest-7");
}

/* A restored guest makes itself known, keeps its address and lets DHCP confirm it. */
static unsigned int announcements, advertisements;

static bool count_announcements(unsigned int from, const uint8_t *frame, size_t length)
{
    static const uint8_t arp[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };

    if (from == 0 && length >= 42 && memcmp(frame + 12, arp, sizeof(arp)) == 0 &&
        memcmp(frame + 28, frame + 38, 4) == 0)
        announcements++;
    /* A neighbour advertisement to all nodes. */
    if (from == 0 && length >= 86 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 58 &&
        frame[38] == 0xff && frame[53] == 1 && frame[54] == 136)
        advertisements++;
    return true;
}

static void moved(void **state)
{
    struct net_device *device = net_device_at(0);
    unsigned int before = requests;

    (void)state;
    fake_log_clear();
    fake_wire.tap = count_announcements;
    device->moved = true;
    device->changed(device);
    fake_net_sleep(SECONDS(5));
    fake_wire.tap = NULL;
    assert_int_equal(announcements, 3);
    assert_true(advertisements >= 3 && advertisements % 3 == 0);
    assert_true(requests > before);
    assert_string_equal(fake_log, "");
}

static void renewal(void **state)
{
    unsigned int before = requests;

    (void)state;
    fake_log_clear();
    fake_net_sleep(SECONDS(300));
    assert_in_range(requests - before, 2, 10);
    assert_string_equal(fake_log, ""); /* the address stays, nothing to tell */
}

static void lost_lease(void **state)
{
    (void)state;
    dhcp_silent = true;
    fake_net_sleep(SECONDS(300));
    assert_non_null(strstr(fake_log, "eth0: address given up\n"));
    dhcp_silent = false;
    lease_seconds = 86400;
    fake_net_sleep(SECONDS(70));
    assert_non_null(strstr(fake_log, "eth0: 10.0.0.50/24 gateway"));
}

/* ---- names ---- */

static bool dns_silent, dns_wrong_id;

/* Answers "*.test" with 192.0.2.7, "long.test" not at all, and does not know any other name. */
static void dns_server(void *argument)
{
    int descriptor = *(int *)argument;
    static const uint8_t answer[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7 };
    struct sockaddr_in from;
    uint8_t message[600];

    for (;;) {
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(descriptor, message, sizeof(message) - 100, 0,
                                  (struct sockaddr *)&from, &size);

        if (dns_silent)
            continue;
        message[2] = 0x81;
        message[3] = 0x80;
        if (memcmp(message + length - 9, "test", 4) == 0 && message[length - 3] == 1) {
            memcpy(message + length, answer, sizeof(answer));
            length += (ssize_t)sizeof(answer);
            message[7] = 1;
        } else {
            message[3] = 0x83;
        }
        if (dns_wrong_id)
            message[0] ^= 0x55;
        sendto(descriptor, message, (size_t)length, 0, (struct sockaddr *)&from, size);
    }
}

static void assert_lookup(const char *name, int expected)
{
    struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
    struct sockaddr_in *address;
    int result = getaddrinfo(name, "http", &hints, &list);

    assert_int_equal(result, expected);
    if (expected)
        return;
    address = (struct sockaddr_in *)list->ai_addr;
    assert_int_equal(list->ai_family, AF_INET);
    assert_int_equal(list->ai_protocol, IPPROTO_TCP);
    assert_string_equal(list->ai_canonname, name);
    assert_int_equal(address->sin_addr.s_addr, htonl(0xc0000207));
    assert_int_equal(address->sin_port, htons(80));
    assert_null(list->ai_next);
    freeaddrinfo(list);
}

static void lookups(void **state)
{
    static int descriptor;
    struct net_usage usage;
    struct hostent *entry;

    (void)state;
    descriptor = server_socket(53);
    thread_create("dns", dns_server, &descriptor);
    assert_lookup("www.test", 0);
    assert_lookup("www.test", 0); /* from memory */
    assert_lookup("www.example", EAI_NONAME);
    entry = gethostbyname("other.test");
    assert_non_null(entry);
    assert_int_equal(*(in_addr_t *)entry->h_addr, htonl(0xc0000207));
    assert_null(gethostbyname("other.example"));
    dns_silent = true;
    assert_lookup("silent.test", EAI_NONAME);
    dns_silent = false;
    dns_wrong_id = true; /* who cannot see the query does not get an answer in */
    assert_lookup("forged.test", EAI_NONAME);
    dns_wrong_id = false;
    net_usage_get(&usage);
    assert_int_equal(usage.queries, 0);
}

static void no_lookup_needed(void **state)
{
    struct addrinfo *list, hints = { .ai_flags = AI_PASSIVE, .ai_family = AF_INET };
    char host[64], service[16];

    (void)state;
    assert_int_equal(getaddrinfo("127.0.0.1", "8080", NULL, &list), 0);
    assert_int_equal(getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), service,
                                 sizeof(service), 0),
                     0);
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(service, "8080");
    assert_int_equal(list->ai_socktype, SOCK_STREAM);
    assert_int_equal(list->ai_next->ai_socktype, SOCK_DGRAM);
    freeaddrinfo(list);
    assert_int_equal(getaddrinfo(NULL, "80", &hints, &list), 0);
    assert_int_equal(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr, 0);
    freeaddrinfo(list);
    hints = (struct addrinfo){ .ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM };
    assert_int_equal(getaddrinfo("fe80::1%eth1", "53", &hints, &list), 0);
    assert_int_equal(((struct sockaddr_in6 *)list->ai_addr)->sin6_scope_id, if_nametoindex("eth1"));
    assert_int_equal(getnameinfo(list->ai_addr, list->ai_addrlen, host, 3, NULL, 0, 0),
                     EAI_OVERFLOW);
    freeaddrinfo(list);
    assert_int_equal(getaddrinfo("localhost", NULL, &hints, &list), 0);
    assert_int_equal(list->ai_family, AF_INET6);
    freeaddrinfo(list);
    assert_int_equal(getaddrinfo(NULL, NULL, NULL, &list), EAI_NONAME);
    assert_int_equal(getaddrinfo("1.2.3.4", "no-such-service", NULL, &list), EAI_SERVICE);
    assert_int_equal(getaddrinfo("1.2.3.4", NULL, &hints, &list), EAI_NONAME);
    hints.ai_flags = 0x4000000;
    assert_int_equal(getaddrinfo("1.2.3.4", NULL, &hints, &list), EAI_BADFLAGS);
    hints = (struct addrinfo){ .ai_flags = AI_NUMERICHOST };
    assert_int_equal(getaddrinfo("www.test", NULL, &hints, &list), EAI_NONAME);
}

/* ---- sleep ---- */

static void idle(void **state)
{
    unsigned int before;
    int listener;

    (void)state;
    fake_net_sleep(SECONDS(400));
    before = fake_sleeps;
    fake_net_sleep(SECONDS(600));
    assert_in_range(fake_sleeps - before, 5, 15); /* once a minute, and this sleep itself */
    listener = fake_net_listen(80, 5);
    before = fake_sleeps;
    fake_net_sleep(SECONDS(600));
    assert_in_range(fake_sleeps - before, 5, 15);
    close(listener);
}

/* The other device is unplugged while in use. */
static void unplugged(void **state)
{
    int listener = fake_net_listen(80, 5), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in from = { .sin_family = AF_INET },
                       to = { .sin_family = AF_INET, .sin_port = htons(80) };
    struct net_usage usage;
    char byte;

    (void)state;
    from.sin_addr.s_addr = htonl(LEASE);
    to.sin_addr.s_addr = htonl(SERVER);
    assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    net_device_unregister(fake_net_device(0));
    assert_int_equal(recv(client, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNABORTED);
    close(client);
    close(listener);
    net_usage_get(&usage);
    assert_int_equal(usage.interfaces, 1);
    fake_wire.cut = true; /* what is still on its way to eth0 has no receiver */
    fake_net_sleep(SECONDS(200));
    net_usage_get(&usage);
    assert_int_equal(usage.tcp_active, 0);
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(fake_net_option("hostname", "guest-7"), 0);
    fake_net_start(false, NULL, "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_server), cmocka_unit_test(moved),
        cmocka_unit_test(renewal),     cmocka_unit_test(lost_lease),
        cmocka_unit_test(lookups),     cmocka_unit_test(no_lookup_needed),
        cmocka_unit_test(idle),        cmocka_unit_test(unplugged),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
