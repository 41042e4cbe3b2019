/* SPDX-License-Identifier: MIT */
// SRCS: $(DRIVER_WORLD) $(TEST_NETFRONT) netfront/xenbus.c
// CFLAGS: -Wl,-T,test/fuzz/drivers.ld -mllvm -asan-globals=0
/*
 * netfront's two rings. The other side posts and completes, plausibly or not, changes both pages
 * around each access, flaps its state, and keeps pages mapped. Each frame that comes up lies in
 * our pages, within the protocol's limits; no buffer is handed out twice; a storm of events costs
 * a few calls; a backend that answers truly has the groups that are wanted in its list, once each;
 * and in the end nothing is left in use.
 */
#include "../../netfront/netfront.h"

#include <string.h>

#include <xen-abi/io/netif.h>

#include "fuzz.h"
#include "store.h"
#include "world.h"
#include "xen/gnttab.h"

#define SLOTS 256u

static struct net_device *nic;
static uint32_t rx_produced, tx_consumed, tx_produced; /* of a side that keeps to the rules */
static bool honest; /* it has kept to the rules on this connection */
static unsigned int connections;
#define NO_ID 0xffffu         /* of a request that is extra-info */
static uint16_t taken[SLOTS]; /* transmit ids that can be completed */
static unsigned int taken_count;

/* Groups: more than there is room for, how many users each has, how often the other side has it. */
#define GROUPS (NETFRONT_GROUPS + 8)
static unsigned int users[GROUPS], listed[GROUPS];
static bool offers_groups;

static uint64_t reference(void)
{
    return store_frontend_number("vif", 0, "rx-ring-ref");
}

static struct netif_rx_sring *rx(void)
{
    return world_granted((uint32_t)reference());
}

static struct netif_tx_sring *tx(void)
{
    return world_granted((uint32_t)store_frontend_number("vif", 0, "tx-ring-ref"));
}

/* Where it hears of frames that come in, and of both when it has only one port. */
static int port(void)
{
    uint64_t split = store_frontend_number("vif", 0, "event-channel-rx");

    return (int)(split > 0 ? split : store_frontend_number("vif", 0, "event-channel"));
}

static bool connected(void)
{
    return nic != NULL && netfront_of(nic)->connected && rx() != NULL && tx() != NULL;
}

/* Above. */

static void on_receive(struct net_device *from, const struct net_fragment *fragments,
                       unsigned int count, const struct net_receive_info *info)
{
    size_t length = 0;

    (void)info;
    FUZZ_CHECK(from == nic && count > 0 && count <= NETFRONT_CHAIN_MAX);
    FUZZ_CHECK(!netfront_of(nic)->broken);
    for (unsigned int i = 0; i < count; i++) {
        uintptr_t start = (uintptr_t)fragments[i].data;

        FUZZ_CHECK(start % 4096 + fragments[i].length <= 4096);
        for (size_t byte = 0; byte < fragments[i].length; byte += 61)
            (void)((const volatile uint8_t *)fragments[i].data)[byte];
        length += fragments[i].length;
    }
    FUZZ_CHECK(length >= 14 && length <= 65535);
}

static void on_added(struct net_device *added)
{
    nic = added;
    nic->receive = on_receive;
}

static void on_removed(struct net_device *gone)
{
    FUZZ_CHECK(gone == nic);
    nic = NULL;
}

/* The other side. */

static uint16_t next_id(void)
{
    return (uint16_t)(rx_produced % netfront_of(nic)->receive.pages);
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
    rx()->ring[rx_produced++ % SLOTS].rsp = response;
}

static void hook(void);
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
    rx()->ring[rx_produced++ % SLOTS].rsp = frame;
    frame.id = next_id();
    if (lie == 1)
        rx_produced += front->receive.pages;
    else if (lie == 2)
        rx_produced -= 2;
    else if (lie == 3)
        frame.id ^= 1;
    else if (lie == 4)
        frame.flags = NETRXF_more_data; /* and nothing more */
    else
        frame.id = (uint16_t)(frame.id + front->receive.pages);
    if (lie >= 3)
        rx()->ring[rx_produced++ % SLOTS].rsp = frame;
    push();
    world_deliver();
    nic->operations->poll(nic, 64);
    FUZZ_CHECK(front->broken && world_port_masked(port()));
    fuzz_hook = hook;
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
            memcpy(&rx()->ring[rx_produced++ % SLOTS], &extra, sizeof(extra));
        else
            rx()->ring[rx_produced++ % SLOTS].rsp = response;
    }
}

static void push(void)
{
    rx()->rsp_prod = rx_produced;
    tx()->rsp_prod = tx_produced;
    rx()->req_event = rx_produced + 1;
    tx()->req_event = tx_consumed + 1;
    world_event(port());
    world_event((int)store_frontend_number("vif", 0, "event-channel-tx"));
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

    while (tx_consumed != netfront_of(nic)->transmit.ring.published && taken_count < SLOTS) {
        union netif_tx_sring_entry *slot = &tx()->ring[tx_consumed++ % SLOTS];
        struct netif_tx_request request = slot->req;
        struct netif_extra_info word;

        memcpy(&word, slot, sizeof(word));
        if (extra)
            listen(&word);
        taken[taken_count++] = extra ? NO_ID : request.id;
        extra = !extra && (request.flags & NETTXF_extra_info);
    }
}

static void complete(unsigned int count)
{
    for (; count > 0 && taken_count > 0; count--) {
        unsigned int i = fuzz_below(taken_count);
        struct netif_tx_response response = { .id = taken[i] };

        if (taken[i] == NO_ID)
            response.status = NETIF_RSP_NULL;
        taken[i] = taken[--taken_count];
        if (fuzz_below(16) == 15) {
            response.id = (uint16_t)fuzz_below(400);
            response.status = (int16_t)fuzz_word();
            honest = false;
        }
        tx()->ring[tx_produced++ % SLOTS].rsp = response;
    }
}

static void scribble(void)
{
    const struct netfront *front;

    if (!connected())
        return;
    honest = false;
    front = netfront_of(nic);
    switch (fuzz_below(8)) {
    case 1:
        rx()->rsp_prod = fuzz_near(front->receive.ring.available);
        break;
    case 2:
        tx()->rsp_prod = fuzz_near(front->transmit.ring.available);
        break;
    case 3:
        tx()->ring[front->transmit.ring.consumed % SLOTS].rsp.id = (uint16_t)fuzz_below(400);
        break;
    case 4:
        fuzz_bytes(&rx()->ring[front->receive.ring.consumed % SLOTS], 8);
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

static void hook(void)
{
    if (fuzz_below(16) == 9)
        scribble();
}

static void new_connection(void)
{
    rx_produced = tx_consumed = tx_produced = taken_count = 0;
    memset(listed, 0, sizeof(listed));
}

/*
 * The driver of the other side is another one, which takes up the rings where the answers end: with
 * an empty list of groups. (Where our side is leaving already, it would get new rings.)
 */
static void restart(void)
{
    const struct netfront *front = netfront_of(nic);

    if (!honest || front->broken || front->bus->state != XenbusStateConnected || taken_count > 0)
        return;
    push();
    tx_consumed = tx_produced;
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
    for (unsigned int turn = 0; turn < 8 && honest && !front->broken; turn++) {
        take_requests();
        while (taken_count > 0) {
            struct netif_tx_response response = { .id = taken[--taken_count] };

            response.status = response.id == NO_ID ? NETIF_RSP_NULL : NETIF_RSP_OKAY;
            tx()->ring[tx_produced++ % SLOTS].rsp = response;
        }
        push();
        world_deliver();
        world_pass(FRONTEND_DELAY_MAX);
        store_fire(""); /* what the driver has asked to be called again for */
    }
    fuzz_hook = hook;
    if (!honest || front->broken)
        return;
    for (unsigned int i = 0; i < GROUPS; i++)
        FUZZ_CHECK(!multicast->filtering || listed[i] == (users[i] > 0));
    FUZZ_CHECK(!multicast->unsettled);
    if (!nic->link_up || front->bus->backend_state != XenbusStateConnected)
        return;
    FUZZ_CHECK(multicast->filtering ==
               (offers_groups && multicast->asked && !multicast->refused));
    FUZZ_CHECK(multicast->filtering ==
               store_frontend_number("vif", 0, "request-multicast-control"));
}

static void change_state(void)
{
    unsigned int state = fuzz_below(9);
    bool was = connected();
    uint64_t before = reference();

    store_backend_state("vif", 0, state);
    if (connected() && (!was || reference() != before)) {
        connections++;
        honest = true;
        new_connection();
    }
}

/* As many events as a storm has, without work in between. */
static void storm(void)
{
    int port = world_any_port();
    unsigned int handled = 0;

    fuzz_hook = NULL;
    for (unsigned int i = 0; i < 200 && connected(); i++) {
        if (world_port_masked(port))
            break;
        world_event(port);
        world_deliver();
        handled++;
    }
    FUZZ_CHECK(handled <= 2 * FRONTEND_IDLE_EVENTS + 4);
    fuzz_hook = hook;
}

static void hold(void)
{
    if (fuzz_below(2))
        world_hold_all(fuzz_below(2));
    else
        world_hold(8 + fuzz_below(600), true);
}

static void other_side(void)
{
    unsigned int what = fuzz_below(15);

    if (what == 1)
        change_state();
    else if (what == 2)
        hold();
    else if (what == 3)
        world_pass(MILLISECONDS(fuzz_below(2000)));
    else if (what == 4)
        world_page_failures = fuzz_below(4);
    if (!connected())
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
        storm();
    else if (what == 11)
        lie_openly();
    else if (what == 12)
        restart();
    else if (what == 13)
        agree();
    else
        push();
}

/* Our side. */

static void send(void)
{
    static uint8_t data[66000];
    struct net_fragment pieces[2] = { { data, 40 }, { data, 0 } };
    unsigned int count = 1 + fuzz_below(64);
    struct net_send_info info = { .checksum_partial = nic->transmit_checksum };
    int result;

    if (fuzz_below(4) == 3) {
        info.segment_size = (uint16_t)fuzz_below(2000);
        info.ipv6 = fuzz_below(2);
    }
    pieces[1].length = fuzz_below(4) == 3 ? fuzz_below(65536) : fuzz_below(256);
    for (; count > 0 && nic != NULL; count--) {
        result = nic->operations->send(nic, pieces, 2, &info);
        FUZZ_CHECK(result == 0 || result == -EAGAIN || result == -EIO || result == -ENODEV ||
                   result == -ENOMEM || result == -EINVAL);
    }
    if (nic != NULL)
        nic->operations->kick(nic);
}

static void filter(void)
{
    uint8_t mac[6] = { 0x33, 0x33 };

    for (unsigned int count = 1 + fuzz_below(16); count > 0; count--) {
        unsigned int group = fuzz_below(fuzz_below(4) == 3 ? GROUPS : 8);
        bool wanted = users[group] == 0 || fuzz_below(2);

        mac[5] = (uint8_t)group;
        users[group] += wanted ? 1 : -1u;
        nic->operations->filter(nic, mac, wanted);
    }
}

static void poll(void)
{
    unsigned int budget = 1 + fuzz_below(64);

    FUZZ_CHECK(nic->operations->poll(nic, budget) <= budget);
}

static unsigned int pending(const struct ring_ids *ids)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < ids->count; i++)
        count += ids->next[i] == RING_ID_PENDING;
    return count;
}

static void check(void)
{
    const struct netfront *front;

    FUZZ_CHECK(world_lines_with("broke the protocol") <= connections + 1);
    if (!connected())
        return;
    front = netfront_of(nic);
    FUZZ_CHECK(front->receive.pages <= NETFRONT_RING_SLOTS);
    FUZZ_CHECK(front->broken || ring_outstanding(&front->receive.ring) <= front->receive.pages);
    FUZZ_CHECK(pending(&front->transmit.small) + front->transmit.small.unused ==
               2 * front->transmit.small_pages);
    FUZZ_CHECK(pending(&front->transmit.large) + front->transmit.large.unused ==
               front->transmit.large_pages);
    FUZZ_CHECK(!front->broken || (!nic->link_up && !honest));
}

static void set_up(void)
{
    static const char *const features[] = {
        "feature-rx-copy",   "feature-sg",        "feature-ipv6-csum-offload",
        "feature-gso-tcpv4", "feature-gso-tcpv6", "feature-split-event-channels",
        "feature-dynamic-multicast-control"
    };
    const unsigned int offered = fuzz_below(2) ? 7 : 3;
    static bool listening;

    if (!listening)
        net_device_listen(on_added, on_removed);
    listening = true;
    world_memory = fuzz_below(4) == 3 ? 2000 : 900; /* 64 receive pages, or 16 */
    store_start();
    store_device("vif", 0);
    store_set("device/vif/0/mac", "00:16:3e:0a:0b:0c");
    for (unsigned int i = 0; i < offered; i++)
        store_backend_set("vif", 0, features[i], "1");
    xenbus_init();
    store_fire("device");
    store_backend_state("vif", 0, XenbusStateInitWait);
    new_connection();
    memset(users, 0, sizeof(users));
    offers_groups = offered == 7;
    connections = 1;
    honest = true;
    store_backend_state("vif", 0, XenbusStateConnected);
    FUZZ_CHECK(connected() && nic->link_up);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start(data, size);
    world_start();
    set_up();
    fuzz_hook = hook;
    while (fuzz_left()) {
        unsigned int what = fuzz_below(5);

        if (nic != NULL && what == 1)
            send();
        else if (nic != NULL && what == 2)
            poll();
        else if (nic != NULL && what == 4)
            filter();
        else
            other_side();
        world_deliver();
        check();
    }
    fuzz_hook = NULL;
    store_remove_devices();
    FUZZ_CHECK(nic == NULL);
    world_end();
    return 0;
}
