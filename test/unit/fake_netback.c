/* SPDX-License-Identifier: MIT */
/*
 * A network backend for tests: see fake_netback.h.
 */
#include "fake_netback.h"

#include <stdio.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "xen/bus/xenstore.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

#define SLOTS 256

struct fake_netback fake_netback;
unsigned int fake_netback_room = FAKE_NETBACK_GROUPS;
static struct fake_netback parked[FAKE_NETBACK_QUEUES]; /* of queues that are not in use */

void fake_netback_start(struct xenbus_device *device)
{
    static const char *const features[] = {
        "feature-rx-copy",           "feature-sg",
        "feature-ipv6-csum-offload", "feature-split-event-channels",
        "feature-gso-tcpv4",         "feature-gso-tcpv6",
        "feature-multicast-control", "feature-dynamic-multicast-control",
    };

    fake_netback.device = device;
    fake_frontend_node(device, "mac", "00:16:3e:0a:0B:0c");
    for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        fake_backend_node(device, features[i], "1");
}

void fake_netback_connect(void)
{
    struct xenbus_device *device = fake_netback.device;

    memset(&fake_netback, 0, sizeof(fake_netback));
    memset(parked, 0, sizeof(parked));
    fake_netback.device = device;
}

unsigned int fake_netback_queues(void)
{
    uint64_t count;

    if (xenstore_read_number(XENSTORE_NONE, fake_netback.device->node, "multi-queue-num-queues", 1,
                             FAKE_NETBACK_QUEUES, &count) != 0)
        return 1;
    return (unsigned int)count;
}

/* What the card's queues have in common goes along. */
void fake_netback_use(unsigned int queue)
{
    struct fake_netback next;

    CHECK(queue < fake_netback_queues());
    parked[fake_netback.queue] = fake_netback;
    next = parked[queue];
    next.device = fake_netback.device;
    next.queue = queue;
    next.groups = fake_netback.groups;
    next.words = fake_netback.words;
    memcpy(next.group, fake_netback.group, sizeof(next.group));
    fake_netback = next;
}

/* Where the queue's nodes are. */
static const char *directory(void)
{
    static char path[sizeof(fake_netback.device->node) + 16];

    if (fake_netback_queues() == 1)
        return fake_netback.device->node;
    snprintf(path, sizeof(path), "%s/queue-%u", fake_netback.device->node, fake_netback.queue);
    return path;
}

static uint32_t number(const char *node)
{
    uint64_t value;

    CHECK(xenstore_read_number(XENSTORE_NONE, directory(), node, 1, UINT32_MAX, &value) == 0);
    return (uint32_t)value;
}

void fake_netback_restart(void)
{
    fake_netback.transmit_consumed = fake_netback.transmit_produced;
    fake_netback.held = fake_netback.groups = 0;
}

struct netif_rx_sring *fake_netback_receive_ring(void)
{
    return fake_grant_page(number("rx-ring-ref"), true);
}

struct netif_tx_sring *fake_netback_transmit_ring(void)
{
    return fake_grant_page(number("tx-ring-ref"), true);
}

static uint32_t port_of(const char *name)
{
    uint64_t port;

    if (xenstore_read_number(XENSTORE_NONE, directory(), name, 1, UINT32_MAX, &port) == 0)
        return (uint32_t)port;
    return number("event-channel");
}

uint32_t fake_netback_receive_port(void)
{
    return port_of("event-channel-rx");
}

uint32_t fake_netback_transmit_port(void)
{
    return port_of("event-channel-tx");
}

unsigned int fake_netback_posted(void)
{
    return fake_netback_receive_ring()->req_prod - fake_netback.receive_produced;
}

static union netif_rx_sring_entry *next_slot(void)
{
    return &fake_netback_receive_ring()->ring[fake_netback.receive_produced++ % SLOTS];
}

void fake_netback_put(const void *data, unsigned int length, unsigned int offset,
                      unsigned int flags)
{
    CHECK(fake_netback_posted() > 0);
    union netif_rx_sring_entry *slot = next_slot();
    uint8_t *page = fake_grant_page(slot->req.gref, true);

    CHECK(page != NULL);
    memcpy(page + offset, data, length);
    slot->rsp = (struct netif_rx_response){ slot->req.id, (uint16_t)offset, (uint16_t)flags,
                                            (int16_t)length };
}

void fake_netback_put_raw(struct netif_rx_response response)
{
    next_slot()->rsp = response;
}

void fake_netback_put_extra(uint8_t type, uint8_t flags)
{
    struct netif_extra_info extra = { .type = type, .flags = flags };

    memcpy(next_slot(), &extra, sizeof(extra));
}

void fake_netback_put_segmentation(uint8_t type, uint16_t size, uint16_t features, uint8_t flags)
{
    struct netif_extra_info extra = {
        .type = XEN_NETIF_EXTRA_TYPE_GSO,
        .flags = flags,
        .u.gso = { .size = size, .type = type, .features = features },
    };

    memcpy(next_slot(), &extra, sizeof(extra));
}

void fake_netback_push(void)
{
    struct netif_rx_sring *ring = fake_netback_receive_ring();
    uint32_t before = fake_netback.receive_event_at;

    ring->rsp_prod = fake_netback.receive_produced;
    ring->req_event = fake_netback.receive_produced + 1;
    fake_netback.receive_event_at = ring->rsp_prod;
    if (ring->rsp_prod - ring->rsp_event < ring->rsp_prod - before)
        fake_event(fake_netback_receive_port());
}

static void hold(unsigned int id, int status)
{
    for (unsigned int i = 0; i < fake_netback.held; i++)
        CHECK(fake_netback.taken[i].id != id || id == FAKE_NETBACK_EXTRA);
    fake_netback.taken[fake_netback.held].id = (uint16_t)id;
    fake_netback.taken[fake_netback.held++].status = (int16_t)status;
}

static void take_extra(unsigned int flags)
{
    struct netif_tx_sring *ring = fake_netback_transmit_ring();

    memset(&fake_netback.extra, 0, sizeof(fake_netback.extra));
    if (!(flags & NETTXF_extra_info))
        return;
    CHECK(fake_netback.transmit_consumed != ring->req_prod);
    memcpy(&fake_netback.extra, &ring->ring[fake_netback.transmit_consumed++ % SLOTS],
           sizeof(fake_netback.extra));
    CHECK(!(fake_netback.extra.flags & XEN_NETIF_EXTRA_FLAG_MORE));
    hold(FAKE_NETBACK_EXTRA, NETIF_RSP_NULL);
}

static int find_group(const uint8_t mac[6])
{
    for (unsigned int i = 0; i < fake_netback.groups; i++)
        if (memcmp(fake_netback.group[i], mac, 6) == 0)
            return (int)i;
    return -1;
}

unsigned int fake_netback_listed(const uint8_t mac[6])
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < fake_netback.groups; i++)
        count += memcmp(fake_netback.group[i], mac, 6) == 0;
    return count;
}

/* As Linux' netback does it: no look at what is there already, one entry for each word. */
static int change_groups(const struct netif_extra_info *word)
{
    int i;

    CHECK(word->u.mcast.addr[0] & 1);
    fake_netback.words++;
    if (word->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD) {
        if (fake_netback.groups >= fake_netback_room)
            return NETIF_RSP_ERROR;
        memcpy(fake_netback.group[fake_netback.groups++], word->u.mcast.addr, 6);
        return NETIF_RSP_OKAY;
    }
    CHECK(word->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    i = find_group(word->u.mcast.addr);
    if (i >= 0)
        memcpy(fake_netback.group[i], fake_netback.group[--fake_netback.groups], 6);
    return NETIF_RSP_OKAY;
}

/* Requests without data say something about groups, one each. */
static void take_words(void)
{
    struct netif_tx_sring *ring = fake_netback_transmit_ring();

    while (fake_netback.transmit_consumed != ring->req_prod) {
        struct netif_tx_request request = ring->ring[fake_netback.transmit_consumed % SLOTS].req;
        unsigned int place = fake_netback.held;

        if (request.size > 0)
            break;
        CHECK(request.flags == NETTXF_extra_info);
        fake_netback.transmit_consumed++;
        hold(request.id, NETIF_RSP_OKAY);
        take_extra(request.flags);
        fake_netback.taken[place].status = (int16_t)change_groups(&fake_netback.extra);
    }
    ring->req_event = fake_netback.transmit_consumed + 1;
}

void fake_netback_listen(void)
{
    unsigned int words;

    do {
        words = fake_netback.words;
        take_words();
        fake_netback_complete(fake_netback.held);
        thread_yield();
    } while (words != fake_netback.words);
}

size_t fake_netback_take(uint8_t *frame, size_t size, unsigned int *flags)
{
    struct netif_tx_sring *ring = fake_netback_transmit_ring();
    size_t length = 0, total = 0;
    unsigned int slots = 0;
    uint16_t more;

    take_words();
    if (fake_netback.transmit_consumed == ring->req_prod)
        return 0;
    do {
        CHECK(fake_netback.transmit_consumed != ring->req_prod);
        struct netif_tx_request request = ring->ring[fake_netback.transmit_consumed++ % SLOTS].req;
        const uint8_t *page = fake_grant_page(request.gref, false);
        size_t part = request.size;

        /* Read-only to us, within its page, a length that makes sense, an id in use only once. */
        CHECK(page != NULL && fake_grant_page(request.gref, true) == NULL);
        if (slots == 0) {
            total = request.size;
            *flags = request.flags & ~NETTXF_more_data;
            part = total < 4096u - request.offset ? total : 4096u - request.offset;
        }
        CHECK(request.offset + part <= 4096 && length + part <= size);
        memcpy(frame + length, page + request.offset, part);
        length += part;
        CHECK(slots == 0 || !(request.flags & NETTXF_extra_info));
        hold(request.id, NETIF_RSP_OKAY);
        if (slots == 0)
            take_extra(request.flags);
        more = request.flags & NETTXF_more_data;
        CHECK(++slots <= 18);
    } while (more);
    CHECK(length == total);
    ring->req_event = fake_netback.transmit_consumed + 1;
    return length;
}

void fake_netback_complete_raw(struct netif_tx_response response)
{
    fake_netback_transmit_ring()->ring[fake_netback.transmit_produced++ % SLOTS].rsp = response;
}

void fake_netback_push_transmit(void)
{
    struct netif_tx_sring *ring = fake_netback_transmit_ring();
    uint32_t before = fake_netback.transmit_event_at;

    ring->rsp_prod = fake_netback.transmit_produced;
    fake_netback.transmit_event_at = ring->rsp_prod;
    if (ring->rsp_prod - ring->rsp_event < ring->rsp_prod - before)
        fake_event(fake_netback_transmit_port());
}

void fake_netback_complete(unsigned int count)
{
    CHECK(count <= fake_netback.held);
    for (unsigned int i = 0; i < count; i++)
        fake_netback_complete_raw(
            (struct netif_tx_response){ fake_netback.taken[i].id, fake_netback.taken[i].status });
    fake_netback.held -= count;
    memmove(fake_netback.taken, fake_netback.taken + count,
            fake_netback.held * sizeof(fake_netback.taken[0]));
    fake_netback_push_transmit();
}
