/* SPDX-License-Identifier: MIT */
#include "netfront_side.h"

#include <stdio.h>
#include <string.h>

#include <xen-abi/io/netif.h>

#include "fuzz.h"
#include "store.h"
#include "world.h"

#define SLOTS 256u

#define QUEUES 2u
#define NO_ID 0xffffu /* of a request that is extra-info */

/* What a side that keeps to the rules knows of each queue, and the queue it looks at. */
static struct side {
    uint32_t rx_produced, tx_consumed, tx_produced;
    uint16_t taken[SLOTS]; /* transmit ids that can be completed */
    unsigned int taken_count;
} sides[QUEUES], *side = sides;

bool honest;
unsigned int connections;
/* How often this side has each group in its list. */
static unsigned int listed[GROUPS];
static bool with_groups;

unsigned int side_queues(void)
{
    return store_frontend_number("vif", 0, "multi-queue-num-queues") > 1 ? QUEUES : 1;
}

/* A node of a queue. */
static uint64_t number_of(unsigned int queue, const char *node)
{
    char path[64];

    snprintf(path, sizeof(path), side_queues() > 1 ? "queue-%u/%s" : "%.0u%s", queue, node);
    return store_frontend_number("vif", 0, path);
}

static unsigned int here(void)
{
    return (unsigned int)(side - sides);
}

static uint64_t reference(void)
{
    return number_of(0, "rx-ring-ref");
}

static struct netif_rx_sring *rx(void)
{
    return world_granted((uint32_t)number_of(here(), "rx-ring-ref"));
}

static struct netif_tx_sring *tx(void)
{
    return world_granted((uint32_t)number_of(here(), "tx-ring-ref"));
}

/* Where the card hears of frames that come in, and of both when it has only one port. */
static int port_of(unsigned int queue)
{
    uint64_t split = number_of(queue, "event-channel-rx");

    return (int)(split > 0 ? split : number_of(queue, "event-channel"));
}

static int port(void)
{
    return port_of(here());
}

bool side_connected(void)
{
    return nic != NULL && netfront_of(nic)->connected && here() < netfront_of(nic)->queues &&
           rx() != NULL && tx() != NULL;
}

/* The other end of what this side looks at. */
static struct netfront_queue *other_end(void)
{
    return netfront_of(nic)->queue[here()];
}

static bool all_masked(void)
{
    bool masked = true;

    for (unsigned int queue = 0; queue < side_queues(); queue++)
        masked &= world_port_masked(port_of(queue));
    return masked;
}

static uint16_t next_id(void)
{
    return (uint16_t)(side->rx_produced % other_end()->receive.pages);
}

/* It may be the start of a chain that has no end, which is no longer the truth. */
static void put_response(void)
{
    struct netif_rx_response response = {
        .id = next_id(),
        .flags = (uint16_t)fuzz_below(32),
        .offset = (uint16_t)fuzz_below(64),
        .status = (int16_t)fuzz_below(256),
    };

    if (fuzz_below(8) == 7)
        fuzz_bytes(&response, sizeof(response));
    else if (fuzz_below(4) == 3)
        response.status = (int16_t)fuzz_word();
    honest = false;
    rx()->ring[side->rx_produced++ % SLOTS].rsp = response;
}

static void push(void);

/*
 * A lie that cannot be overlooked, after nothing but truth: the device has to break. Few inputs get
 * here with frames on the way, so a true frame goes first.
 */
static void lie_openly(void)
{
    struct netif_rx_response frame = { .id = next_id(), .status = 60 };
    struct netfront *front = netfront_of(nic);
    unsigned int lie = 1 + fuzz_below(5);

    if (!honest || front->broken || world_port_masked(port()))
        return;
    fuzz_hook = NULL;
    honest = false;
    rx()->ring[side->rx_produced++ % SLOTS].rsp = frame;
    frame.id = next_id();
    if (lie == 1)
        side->rx_produced += other_end()->receive.pages;
    else if (lie == 2)
        side->rx_produced -= 2;
    else if (lie == 3)
        frame.id ^= 1;
    else if (lie == 4)
        frame.flags = NETRXF_more_data; /* and nothing more */
    else
        frame.id = (uint16_t)(frame.id + other_end()->receive.pages);
    if (lie >= 3)
        rx()->ring[side->rx_produced++ % SLOTS].rsp = frame;
    push();
    world_deliver();
    nic->operations->poll(nic, 2 * SLOTS); /* the other queue may have frames too */
    FUZZ_CHECK(front->broken && all_masked());
    fuzz_hook = side_hook;
}

/* A run of equal slots: long chains of data or of extra-info. */
static void put_run(void)
{
    unsigned int count = fuzz_below(64);
    struct netif_extra_info extra = { .type = (uint8_t)fuzz_below(6),
                                      .flags = (uint8_t)fuzz_below(2) };
    bool as_extra = fuzz_below(2);
    uint16_t status = (uint16_t)fuzz_below(4097);

    honest = false;
    for (; count > 0; count--) {
        struct netif_rx_response response = {
            .id = next_id(),
            .flags = NETRXF_more_data,
            .status = (int16_t)status,
        };

        if (as_extra)
            memcpy(&rx()->ring[side->rx_produced++ % SLOTS], &extra, sizeof(extra));
        else
            rx()->ring[side->rx_produced++ % SLOTS].rsp = response;
    }
}

static void push(void)
{
    rx()->rsp_prod = side->rx_produced;
    tx()->rsp_prod = side->tx_produced;
    rx()->req_event = side->rx_produced + 1;
    tx()->req_event = side->tx_consumed + 1;
    world_event(port());
    world_event((int)number_of(here(), "event-channel-tx"));
}

static void listen(const struct netif_extra_info *word)
{
    unsigned int group = word->u.mcast.addr[5];

    if (word->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD && group < GROUPS)
        listed[group]++;
    if (word->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL && group < GROUPS && listed[group] > 0)
        listed[group]--;
}

static void take_requests(void)
{
    bool extra = false;

    while (side->tx_consumed != other_end()->transmit.ring.published && side->taken_count < SLOTS) {
        union netif_tx_sring_entry *slot = &tx()->ring[side->tx_consumed++ % SLOTS];
        struct netif_tx_request request = slot->req;
        struct netif_extra_info word;

        memcpy(&word, slot, sizeof(word));
        if (extra)
            listen(&word);
        side->taken[side->taken_count++] = extra ? NO_ID : request.id;
        extra = !extra && (request.flags & NETTXF_extra_info);
    }
}

static void complete(unsigned int count)
{
    for (; count > 0 && side->taken_count > 0; count--) {
        unsigned int i = fuzz_below(side->taken_count);
        struct netif_tx_response response = { .id = side->taken[i] };

        if (side->taken[i] == NO_ID)
            response.status = NETIF_RSP_NULL;
        side->taken[i] = side->taken[--side->taken_count];
        if (fuzz_below(16) == 15) {
            response.id = (uint16_t)fuzz_below(400);
            response.status = (int16_t)fuzz_word();
            honest = false;
        }
        tx()->ring[side->tx_produced++ % SLOTS].rsp = response;
    }
}

static void scribble(void)
{
    const struct netfront_queue *queue;

    if (!side_connected())
        return;
    honest = false;
    queue = other_end();
    switch (fuzz_below(8)) {
    case 1:
        rx()->rsp_prod = fuzz_near(queue->receive.ring.available);
        break;
    case 2:
        tx()->rsp_prod = fuzz_near(queue->transmit.ring.available);
        break;
    case 3:
        tx()->ring[queue->transmit.ring.consumed % SLOTS].rsp.id = (uint16_t)fuzz_below(400);
        break;
    case 4:
        fuzz_bytes(&rx()->ring[queue->receive.ring.consumed % SLOTS], 8);
        break;
    case 5:
        ((uint32_t *)rx())[fuzz_below(1024)] = fuzz_word();
        break;
    case 6:
        ((uint32_t *)tx())[fuzz_below(1024)] = fuzz_word();
        break;
    default:
        break;
    }
}

void side_hook(void)
{
    if (fuzz_below(16) == 9)
        scribble();
}

static void new_connection(void)
{
    memset(sides, 0, sizeof(sides));
    side = sides;
    memset(listed, 0, sizeof(listed));
}

/*
 * The driver of the other side is another one, which takes up the rings where the answers end: with
 * an empty list of groups. (Where our side is leaving already, it would get new rings.)
 */
static void restart(void)
{
    const struct netfront *front = netfront_of(nic);

    if (!honest || front->broken || front->bus->state != XenbusStateConnected)
        return;
    for (unsigned int queue = 0; queue < QUEUES; queue++)
        if (sides[queue].taken_count > 0)
            return;
    for (unsigned int queue = 0; queue < front->queues; queue++) {
        side = &sides[queue];
        push();
        side->tx_consumed = side->tx_produced;
    }
    side = sides;
    memset(listed, 0, sizeof(listed));
    store_backend_state("vif", 0, XenbusStateInitWait);
    store_backend_state("vif", 0, XenbusStateConnected);
}

/* All that was said is answered truly: then both sides agree about groups. */
static void agree(void)
{
    const struct netfront *front = netfront_of(nic);
    const struct netfront_multicast *multicast = &front->multicast;

    fuzz_hook = NULL;
    side = sides; /* what is said of groups goes through the first queue */
    for (unsigned int turn = 0; turn < 8 && honest && !front->broken; turn++) {
        take_requests();
        while (side->taken_count > 0) {
            struct netif_tx_response response = { .id = side->taken[--side->taken_count] };

            response.status = response.id == NO_ID ? NETIF_RSP_NULL : NETIF_RSP_OKAY;
            tx()->ring[side->tx_produced++ % SLOTS].rsp = response;
        }
        push();
        world_deliver();
        world_pass(FRONTEND_DELAY_MAX);
        store_fire(""); /* what the driver has asked to be called again for */
    }
    fuzz_hook = side_hook;
    if (!honest || front->broken)
        return;
    for (unsigned int i = 0; i < GROUPS; i++)
        FUZZ_CHECK(!multicast->filtering || listed[i] == (users[i] > 0));
    FUZZ_CHECK(!multicast->unsettled);
    if (!nic->link_up || front->bus->backend_state != XenbusStateConnected)
        return;
    FUZZ_CHECK(multicast->filtering == (with_groups && multicast->asked && !multicast->refused));
    FUZZ_CHECK(multicast->filtering ==
               store_frontend_number("vif", 0, "request-multicast-control"));
}

static void change_state(void)
{
    unsigned int state = fuzz_below(9);
    bool was = side_connected();
    uint64_t before = reference();

    store_backend_state("vif", 0, state);
    if (side_connected() && (!was || reference() != before)) {
        connections++;
        honest = true;
        new_connection();
    }
}

void side_act(void)
{
    unsigned int what = fuzz_below(15);

    if (what == 1)
        change_state();
    else if (what == 2)
        world_hold_some(600);
    else if (what == 3)
        world_pass(MILLISECONDS(fuzz_below(2000)));
    else if (what == 4)
        world_page_failures = fuzz_below(4);
    if (!side_connected())
        return;
    if (what == 5 || what == 6)
        put_response();
    else if (what == 7)
        put_run();
    else if (what == 8)
        take_requests(), complete(1 + fuzz_below(32));
    else if (what == 9)
        scribble();
    else if (what == 10)
        world_storm(world_any_port());
    else if (what == 11)
        lie_openly();
    else if (what == 12)
        restart();
    else if (what == 13)
        agree();
    else if (what == 14)
        side = &sides[(here() + 1) % netfront_of(nic)->queues];
    else
        push();
}

void side_start(bool offers_groups)
{
    new_connection();
    with_groups = offers_groups;
    connections = 1;
    honest = true;
}
