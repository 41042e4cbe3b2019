/* SPDX-License-Identifier: MIT */
/*
 * The fakes of net_fakes.h. Frames travel in a list ordered by time of arrival; one timer of the
 * fake scheduler delivers the next.
 */
#include "net_fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/commandline.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "net/stack.h"
#include "net/usage.h"

#define DEVICES 2
#define GROUPS 64
#define FRAME_SPLIT 54 /* frames are delivered in two pieces, cut here */

struct frame {
    struct list link;
    uint64_t arrival;
    unsigned int to;
    bool partial; /* checksum blank */
    bool trusted;
    bool counted; /* holds a place in the sender's ring */
    size_t length;
    uint8_t data[];
};

struct end {
    struct net_device device;
    struct list received;
    unsigned int in_ring;
    bool full;
    struct {
        uint8_t mac[6];
        unsigned int users;
    } group[GROUPS];
};

struct fake_wire fake_wire = { .latency = 50000 };
unsigned int fake_net_ring = 256;
bool fake_net_large;

static struct end ends[DEVICES];
static struct list travelling = LIST_INIT(travelling);
static uint32_t faults = 0x2545f491;

static void deliver(void *argument);
static struct timer delivery = TIMER_INIT(delivery, deliver, NULL);

static struct memory_pressure *keeper;

void memory_pressure_register(struct memory_pressure *pressure)
{
    keeper = pressure;
}

void fake_net_pressure(void)
{
    keeper->release(1, keeper->argument);
}

static bool chance(unsigned int per_thousand)
{
    return per_thousand > 0 && fake_random_seeded(&faults) % 1000 < per_thousand;
}

static void arm(void)
{
    if (!list_empty(&travelling))
        timer_set(&delivery, container_of(list_first(&travelling), struct frame, link)->arrival);
}

static void deliver(void *argument)
{
    struct list *node, *next;

    (void)argument;
    list_for_each (node, next, &travelling) {
        struct frame *frame = container_of(node, struct frame, link);
        struct end *to = &ends[frame->to], *from = &ends[!frame->to];

        if (frame->arrival > clock_monotonic())
            break;
        list_remove(&frame->link);
        list_append(&to->received, &frame->link);
        if (frame->counted)
            from->in_ring--;
        if (from->full && from->device.writable) {
            from->full = false;
            from->device.writable(&from->device);
        }
        if (to->device.pending && !fake_wire.silent)
            to->device.pending(&to->device);
    }
    arm();
}

static void travel(struct frame *frame)
{
    struct list *node, *next;

    list_for_each (node, next, &travelling) {
        if (container_of(node, struct frame, link)->arrival > frame->arrival)
            break;
    }
    list_insert_before(node, &frame->link);
    arm();
}

/* Not malloc(): tests let that fail. */
static void *wire_memory(size_t size)
{
    return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static struct frame *make_frame(unsigned int to, const void *data, size_t length)
{
    struct frame *frame = wire_memory(sizeof(*frame) + length);

    list_init(&frame->link);
    frame->arrival = clock_monotonic() + fake_wire.latency;
    frame->to = to;
    frame->partial = frame->trusted = frame->counted = false;
    frame->length = length;
    memcpy(frame->data, data, length);
    return frame;
}

unsigned int fake_net_wanted(unsigned int device, const uint8_t mac[6])
{
    for (unsigned int i = 0; i < GROUPS; i++)
        if (memcmp(ends[device].group[i].mac, mac, 6) == 0)
            return ends[device].group[i].users;
    return 0;
}

unsigned int fake_net_groups(unsigned int device)
{
    unsigned int users = 0;

    for (unsigned int i = 0; i < GROUPS; i++)
        users += ends[device].group[i].users;
    return users;
}

static bool passes(unsigned int to, const uint8_t *mac)
{
    return !(mac[0] & 1) || mac[0] == 0xff || fake_net_wanted(to, mac) > 0;
}

static void launch(unsigned int from, const uint8_t *data, size_t length, bool partial)
{
    struct frame *frame;

    fake_wire.frames++;
    if (fake_wire.tap && !fake_wire.tap(from, data, length))
        return;
    if (fake_wire.cut || chance(fake_wire.lose) || !passes(!from, data))
        return;
    frame = make_frame(!from, data, length);
    frame->partial = partial;
    if (!partial && chance(fake_wire.corrupt))
        frame->data[fake_random_seeded(&faults) % length] ^=
            (uint8_t)(1u << (fake_random_seeded(&faults) & 7));
    if (chance(fake_wire.delay))
        frame->arrival += fake_wire.latency * (1 + fake_random_seeded(&faults) % 8);
    if (chance(fake_wire.duplicate)) {
        struct frame *copy = make_frame(!from, frame->data, length);

        copy->partial = partial;
        travel(copy);
    }
    frame->counted = true;
    ends[from].in_ring++;
    travel(frame);
}

static void store16(uint8_t *to, unsigned int value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

/* Cut a TCP segment over IPv4, neither with options, as a network card does. */
static void launch_pieces(unsigned int from, const uint8_t *data, size_t length, size_t size)
{
    const size_t headers = 14 + 20 + 20, payload = length - headers;

    assert_int_equal(data[14], 0x45);
    assert_int_equal(data[14 + 20 + 12] >> 4, 5);
    assert_int_equal(data[16] << 8 | data[17], length - 14);
    for (size_t offset = 0; offset < payload; offset += size) {
        size_t part = payload - offset < size ? payload - offset : size;
        uint8_t piece[1514], *ip = piece + 14, *tcp = ip + 20;
        uint32_t number, sum = 0;

        memcpy(piece, data, headers);
        memcpy(piece + headers, data + headers + offset, part);
        store16(ip + 2, (unsigned int)(40 + part));
        store16(ip + 10, 0);
        for (unsigned int i = 0; i < 20; i += 2)
            sum += (uint32_t)ip[i] << 8 | ip[i + 1];
        store16(ip + 10, ~((sum & 0xffff) + (sum >> 16)));
        memcpy(&number, tcp + 4, sizeof(number));
        number = htonl((uint32_t)(ntohl(number) + offset));
        memcpy(tcp + 4, &number, sizeof(number));
        if (offset + part < payload)
            tcp[13] &= (uint8_t)~0x09; /* FIN, PSH: the last one's */
        launch(from, piece, headers + part, true);
    }
}

static unsigned int number_of(const struct net_device *device)
{
    return device == &ends[1].device;
}

static int fake_send(struct net_device *device, const struct net_fragment *fragments,
                     unsigned int count, const struct net_send_info *info)
{
    struct end *end = &ends[number_of(device)];
    uint8_t *data;
    size_t length = 0;
    unsigned int index;

    assert_true(!info->checksum_partial || device->transmit_checksum);
    if (info->segment_size > 0 && (info->ipv6 || !device->transmit_large_ipv4))
        return -EINVAL;
    if (end->in_ring >= fake_net_ring) {
        end->full = true;
        fake_wire.refused++;
        return -EAGAIN;
    }
    for (index = 0; index < count; index++)
        length += fragments[index].length;
    assert_true(length >= 14 && length <= (info->segment_size > 0 ? 65535 : 1514));
    data = wire_memory(length);
    for (index = 0, length = 0; index < count; index++) {
        memcpy(data + length, fragments[index].data, fragments[index].length);
        length += fragments[index].length;
    }
    fake_wire.large += info->segment_size > 0;
    if (info->segment_size > 0 && !fake_wire.whole)
        launch_pieces(number_of(device), data, length, info->segment_size);
    else
        launch(number_of(device), data, length, info->checksum_partial);
    free(data);
    return 0;
}

static void fake_kick(struct net_device *device)
{
    (void)device;
    fake_wire.kicks++;
}

static unsigned int fake_poll(struct net_device *device, unsigned int budget)
{
    struct end *end = &ends[number_of(device)];
    unsigned int taken = 0;

    while (taken < budget && !list_empty(&end->received)) {
        struct frame *frame = container_of(list_first(&end->received), struct frame, link);
        size_t head = frame->length > FRAME_SPLIT ? FRAME_SPLIT : frame->length;
        struct net_fragment pieces[2] = { { frame->data, head },
                                          { frame->data + head, frame->length - head } };
        struct net_receive_info info = { .checksum_blank = frame->partial,
                                         .checksum_valid = frame->trusted };

        list_remove(&frame->link);
        device->receive(device, pieces, frame->length > head ? 2 : 1, &info);
        free(frame);
        taken++;
    }
    return taken;
}

static void fake_filter(struct net_device *device, const uint8_t mac[6], bool wanted)
{
    struct end *end = &ends[number_of(device)];
    unsigned int i = 0;

    assert_true(mac[0] & 1);
    while (i < GROUPS && end->group[i].users > 0 && memcmp(end->group[i].mac, mac, 6) != 0)
        i++;
    for (unsigned int other = i; other < GROUPS; other++)
        if (end->group[other].users > 0 && memcmp(end->group[other].mac, mac, 6) == 0)
            i = other;
    assert_true(i < GROUPS && (wanted || end->group[i].users > 0));
    memcpy(end->group[i].mac, mac, 6);
    end->group[i].users += wanted ? 1 : -1u;
}

static const struct net_operations operations = { .send = fake_send,
                                                  .kick = fake_kick,
                                                  .poll = fake_poll,
                                                  .filter = fake_filter };

struct net_device *fake_net_device(unsigned int index)
{
    return &ends[index].device;
}

void fake_net_inject(unsigned int device, const uint8_t *data, size_t length, bool trusted)
{
    struct frame *frame = make_frame(device, data, length);

    frame->trusted = trusted;
    list_append(&ends[device].received, &frame->link);
    ends[device].device.pending(&ends[device].device);
}

extern const struct commandline_option *const commandline_options_start[];
extern const struct commandline_option *const commandline_options_end[];

int fake_net_option(const char *name, const char *value)
{
    const struct commandline_option *const *option;

    for (option = commandline_options_start; option < commandline_options_end; option++) {
        if (strcmp((*option)->name, name) == 0)
            return (*option)->set(value);
    }
    return -ENOENT;
}

void fake_net_sleep(uint64_t ns)
{
    thread_sleep_until(clock_monotonic() + ns);
}

static struct net_usage usage_at_start;

void fake_net_start(bool offload, const char *eth0, const char *eth1)
{
    static const char *const names[DEVICES] = { "eth0", "eth1" };
    unsigned int index;

    if (eth0)
        assert_int_equal(fake_net_option("ip", eth0), 0);
    if (eth1)
        assert_int_equal(fake_net_option("ip.eth1", eth1), 0);
    net_stack_init();
    for (index = 0; index < DEVICES; index++) {
        struct net_device *device = &ends[index].device;

        list_init(&ends[index].received);
        strcpy(device->name, names[index]);
        memcpy(device->mac, (uint8_t[]){ 0, 0x16, 0x3e, 0, 0, (uint8_t)(index + 1) }, 6);
        device->mtu = 1500;
        device->link_up = true;
        device->transmit_checksum = offload;
        device->transmit_large_ipv4 = fake_net_large;
        device->operations = &operations;
        assert_int_equal(net_device_register(device), 0);
    }
    fake_net_sleep(SECONDS(8)); /* IPv6 addresses and router solicitations are through */
    net_usage_get(&usage_at_start);
}

static struct sockaddr_in ipv4(uint8_t last, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    address.sin_addr.s_addr = htonl(0x0a000000u | last);
    return address;
}

int fake_net_listen(uint16_t port, int backlog)
{
    struct sockaddr_in address = ipv4(2, port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    assert_true(listener >= 0);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, backlog), 0);
    return listener;
}

int fake_net_connect(uint16_t port)
{
    struct sockaddr_in from = ipv4(1, 0), to = ipv4(2, port);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(client >= 0);
    assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
    if (connect(client, (struct sockaddr *)&to, sizeof(to)) < 0) {
        int error = errno;

        close(client);
        errno = error;
        return -1;
    }
    return client;
}

void fake_net_check_leftovers(void)
{
    struct net_usage usage;

    fake_net_sleep(SECONDS(400)); /* TIME_WAIT ends, ARP entries age */
    net_usage_get(&usage);
    assert_int_equal(usage.sockets, usage_at_start.sockets);
    assert_int_equal(usage.tcp_active, 0);
    assert_int_equal(usage.tcp_time_wait, 0);
    assert_int_equal(usage.tcp_listeners, usage_at_start.tcp_listeners);
    assert_int_equal(usage.udp, usage_at_start.udp);
    assert_int_equal(usage.segments, 0);
    assert_int_equal(usage.blocks, usage_at_start.blocks);
    assert_int_equal(usage.memory, usage_at_start.memory);
}
