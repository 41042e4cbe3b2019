/* SPDX-License-Identifier: MIT */
/*
 * The lies of a network card's backend. Between them, the card works again: an ARP request is
 * answered, through all of the guest's stack.
 *
 * With two queues, frames come to the guest by the second one; those that are not IP it sends by
 * the first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/io/netif.h>

#include "backend.h"

#define SLOTS 256u
#define STORM 3000
#define FRAME 60

static struct netif_rx_sring *rx;
static struct netif_tx_sring *tx;
static uint32_t rx_produced, tx_consumed, tx_produced;
static unsigned int posted; /* receive requests that the guest keeps posted */
static uint16_t taken[SLOTS];
static unsigned int taken_count;

/* What the guest says of the card: "up mtu=1500 received=0 errors=0". */
static void ask_card(char answer[256])
{
    ask_start("card eth1");
    ask_wait(answer);
}

static void wait_up(void)
{
    double end = now() + PATIENCE;
    char answer[256];

    while (ask_card(answer), strncmp(answer, "up", 2) != 0) {
        if (now() > end)
            fail("eth1 does not come up: %s", answer);
        nap(10);
    }
}

static void map_rings(struct device *card)
{
    bool several = get(front(card, "multi-queue-num-queues")) == 2;

    rx = map(get(front(card, several ? "queue-1/rx-ring-ref" : "rx-ring-ref")));
    tx = map(get(front(card, several ? "queue-0/tx-ring-ref" : "tx-ring-ref")));
    bind_port(card, several ? "queue-0/event-channel" : "event-channel");
    if (several)
        bind_port(card, "queue-1/event-channel");
}

static void connect(struct device *card)
{
    put(back(card, "feature-rx-copy"), "1");
    put(back(card, "feature-sg"), "1");
    show(card, INIT_WAIT);
    wait_front(card, 1 << CONNECTED);
    map_rings(card);
    rx_produced = tx_consumed = tx_produced = taken_count = 0;
    posted = rx->req_prod;
    show(card, CONNECTED);
    wait_up();
}

static void leave(struct device *card)
{
    unmap(rx);
    unmap(tx);
    rx = NULL;
    tx = NULL;
    close_down(card);
}

/* The next receive slot; its request is read before the response goes over it. */
static union netif_rx_sring_entry *slot(void)
{
    return &rx->ring[rx_produced++ % SLOTS];
}

static void put_frame(const void *frame, int status, unsigned int offset, unsigned int flags)
{
    union netif_rx_sring_entry *entry = slot();
    uint16_t id = entry->req.id;

    if (frame != NULL) {
        uint8_t *page = map(entry->req.gref);

        memcpy(page + offset, frame, (size_t)status);
        unmap(page);
    }
    entry->rsp =
        (struct netif_rx_response){ id, (uint16_t)offset, (uint16_t)flags, (int16_t)status };
}

static void put_extra(unsigned int type, unsigned int flags)
{
    struct netif_extra_info extra = { .type = (uint8_t)type, .flags = (uint8_t)flags };

    memcpy(slot(), &extra, sizeof(extra));
}

static void push_silently(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    rx->rsp_prod = rx_produced;
    tx->rsp_prod = tx_produced;
    rx->req_event = rx_produced + 1;
    tx->req_event = tx_consumed + 1;
}

static void push(const struct device *card)
{
    push_silently();
    ring_bell(card);
}

/* Take what the guest sends, keep the ids; true when one was the ARP answer of 10.98.0.2. */
static bool take_frames(void)
{
    static const uint8_t arp_answer[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 };
    bool found = false;

    while (tx_consumed != *(volatile uint32_t *)&tx->req_prod && taken_count < SLOTS) {
        struct netif_tx_request request = tx->ring[tx_consumed++ % SLOTS].req;
        uint8_t *page = map_to_read(request.gref);

        found = found || memcmp(page + request.offset + 12, arp_answer, sizeof(arp_answer)) == 0;
        unmap(page);
        taken[taken_count++] = request.id;
    }
    return found;
}

static void complete(uint16_t id)
{
    tx->ring[tx_produced++ % SLOTS].rsp = (struct netif_tx_response){ id, NETIF_RSP_OKAY };
}

/* ARP: who has 10.98.0.2? */
static const uint8_t question[FRAME] = {
    255, 255, 255, 255, 255, 255, 2, 0,  0,  0, 0, 1, 8, 6, 0, 1, 8, 0,  6,  4, 0,
    1,   2,   0,   0,   0,   0,   1, 10, 98, 0, 1, 0, 0, 0, 0, 0, 0, 10, 98, 0, 2,
};

static void works(struct device *card)
{
    double end = now() + PATIENCE;
    bool found = false;

    for (unsigned int turn = 0; !found; turn++) {
        if (turn % 200 == 0)
            put_frame(question, FRAME, 0, 0);
        found = take_frames();
        while (taken_count > 0)
            complete(taken[--taken_count]);
        push(card);
        if (now() > end)
            fail("eth1 does not answer ARP");
        nap(5);
    }
}

/* Lies that leave no common ground. */

static void ahead(void)
{
    rx_produced += posted + 1;
}

static void far_ahead(void)
{
    rx_produced += 0x80000000u;
}

static void backwards(void)
{
    rx_produced -= 1;
}

static void wrong_id(void)
{
    union netif_rx_sring_entry *entry = slot();

    entry->rsp = (struct netif_rx_response){ entry->req.id ^ 1, 0, 0, FRAME };
}

static void twice(void)
{
    uint16_t id = rx->ring[rx_produced % SLOTS].req.id;

    slot()->rsp = (struct netif_rx_response){ id, 0, 0, FRAME };
    slot()->rsp = (struct netif_rx_response){ id, 0, 0, FRAME };
}

static void endless_chain(void)
{
    for (unsigned int i = 0; i < posted; i++)
        put_frame(NULL, FRAME, 0, NETRXF_more_data);
}

static void endless_extras(void)
{
    put_frame(NULL, FRAME, 0, NETRXF_extra_info);
    for (unsigned int i = 1; i < posted; i++)
        put_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE);
}

/* Lies about what was sent: seen when the guest looks for room. */

static void sent_ahead(void)
{
    tx_produced += 600;
}

static void sent_wrong_id(void)
{
    complete(999);
}

static void sent_twice(void)
{
    complete(taken[0]);
    complete(taken[0]);
}

/* Frames that are only bad: dropped with their chain, and the card works on. */

static void status_32767(void)
{
    put_frame(NULL, 32767, 0, 0);
}

static void offset_4095(void)
{
    put_frame(NULL, FRAME, 4095, 0);
}

static void negative_status(void)
{
    put_frame(NULL, -1, 0, 0);
}

static void long_chain(void)
{
    for (unsigned int i = 0; i < 30; i++)
        put_frame(NULL, 4096, 0, i < 29 ? NETRXF_more_data : 0);
}

/* Of a kind that is known, so that nothing but the size is wrong. */
static void gso_size_0(void)
{
    struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO,
                                      .u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4 };

    put_frame(NULL, FRAME, 0, NETRXF_extra_info);
    memcpy(slot(), &extra, sizeof(extra));
}

static void unknown_extra(void)
{
    put_frame(NULL, FRAME, 0, NETRXF_extra_info);
    put_extra(255, 0);
}

enum effect { DROPPED, BROKEN, BROKEN_AT_SENDING };

static const struct {
    const char *name;
    void (*tell)(void);
    enum effect effect;
} lies[] = {
    { "status 32767", status_32767, DROPPED },
    { "offset 4095", offset_4095, DROPPED },
    { "status -1", negative_status, DROPPED },
    { "a chain of 30 slots", long_chain, DROPPED },
    { "GSO of size 0", gso_size_0, DROPPED },
    { "extra-info of no kind", unknown_extra, DROPPED },
    { "a producer ahead", ahead, BROKEN },
    { "a producer far ahead", far_ahead, BROKEN },
    { "a producer that goes back", backwards, BROKEN },
    { "a wrong id", wrong_id, BROKEN },
    { "an id twice", twice, BROKEN },
    { "a chain without end", endless_chain, BROKEN },
    { "extra-info without end", endless_extras, BROKEN },
    { "a transmit producer ahead", sent_ahead, BROKEN_AT_SENDING },
    { "an id that was not sent", sent_wrong_id, BROKEN_AT_SENDING },
    { "an id twice of what was sent", sent_twice, BROKEN_AT_SENDING },
};

#define LIES (sizeof(lies) / sizeof(lies[0]))

/* The number behind "errors=" of the guest's word on its card. */
static unsigned long bad_frames(void)
{
    char answer[256], *found;

    ask_card(answer);
    found = strstr(answer, "errors=");
    return found != NULL ? strtoul(found + 7, NULL, 10) : 0;
}

static void expect_dropped(struct device *card, unsigned long before)
{
    double end = now() + PATIENCE;

    while (bad_frames() == before)
        if (now() > end)
            fail("the guest does not count a bad frame");
    works(card);
}

static void expect_broken(void)
{
    double end = now() + PATIENCE;

    for (;;) {
        char answer[256];

        ask_start("send eth1 300");
        ask_wait(answer);
        if (strcmp(answer, "I/O error") == 0)
            return;
        if (now() > end)
            fail("eth1 does not break: %s", answer);
    }
}

/* The guest sends a few frames, which wait to be completed. */
static void have_sent(void)
{
    double end = now() + PATIENCE;

    ask_start("send eth1 4");
    ask_expect("ok");
    while (take_frames(), taken_count < 2) {
        if (now() > end)
            fail("eth1 sends nothing");
        nap(2);
    }
}

static unsigned int lie_in_the_rings(struct device *card, unsigned int queues)
{
    unsigned int broken = 0;
    char what[64];

    put(back(card, "multi-queue-max-queues"), "%u", queues);
    connect(card);
    if (queues > 1 && get(front(card, "multi-queue-num-queues")) != queues)
        fail("eth1 does not use %u queues", queues);
    if (get(front(card, "feature-gso-tcpv4")) != 1)
        fail("eth1 takes no large segments, so that a lie about them is none");
    for (unsigned int i = 0; i < LIES; i++) {
        unsigned long before = bad_frames();

        works(card);
        if (lies[i].effect == BROKEN_AT_SENDING)
            have_sent();
        lies[i].tell();
        push(card);
        if (lies[i].effect == DROPPED) {
            expect_dropped(card, before);
        } else {
            expect_broken();
            broken++;
        }
        snprintf(what, sizeof(what), "card, queues: %u: %s", queues, lies[i].name);
        check_honest(what);
        if (lies[i].effect != DROPPED) {
            leave(card);
            usage_check(what);
            connect(card);
        }
    }
    leave(card);
    return broken;
}

static void storm(struct device *card)
{
    connect(card);
    for (int i = 0; i < STORM; i++)
        ring_bell(card);
    check_honest("card: a storm of events");
    works(card);
    leave(card);
    usage_check("card: a storm of events");
}

static void flap(struct device *card)
{
    static const int states[] = { 5, 4, 6, 2, 1, 3, 4, 5, 6, 2, 6, 4, 2, 9, 4, 6, 2, 4, 8, 7, 6 };

    for (unsigned int round = 0; round < 5; round++)
        for (unsigned int i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
            show(card, states[i]);
            nap(i % 4);
        }
    check_honest("card: states that flap");
    close_down(card);
    usage_check("card: states that flap");
}

/*
 * Receive pages and rings are kept, each time new ones: the guest gives no more of its memory than
 * a part, and refuses then. When it has all of it back, the card works.
 */
static void never_unmap(struct device *card)
{
    void *kept[16 * (SLOTS + 2)];
    unsigned int count = 0, refused = 0;

    for (unsigned int round = 0; round < 16 && refused == 0; round++) {
        show(card, INIT_WAIT);
        if (wait_front(card, 1 << CONNECTED | 1 << CLOSED) == CLOSED) {
            refused++;
            break;
        }
        rx = map(get(front(card, "rx-ring-ref")));
        for (unsigned int i = 0; i < rx->req_prod && i < SLOTS; i++)
            kept[count++] = map(rx->ring[i].req.gref);
        kept[count++] = rx;
        kept[count++] = map(get(front(card, "tx-ring-ref")));
        show(card, CLOSED);
        wait_front(card, 1 << CLOSED | 1 << INITIALISING);
    }
    if (refused == 0)
        fail("the guest goes on giving memory to a backend that keeps it");
    check_honest("card: pages that stay mapped");
    while (count > 0)
        unmap(kept[--count]);
    nap(1500); /* the guest tries once a second */
    close_down(card);
    connect(card);
    works(card);
    leave(card);
    usage_check("card: pages that stay mapped");
}

/* What the guest reads of a card, and then a card that it cannot use. */
static void lie_in_xenstore(struct device *card)
{
    static const char *const odd_mtus[] = { "0", "67", "65536", "x", "-1" };
    static const char *const odd_macs[] = { "", "00:16:3e:00:00", "01:00:5e:00:00:01", "a mac" };

    for (unsigned int i = 0; i < sizeof(odd_mtus) / sizeof(odd_mtus[0]); i++) {
        char answer[256];

        put(front(card, "mtu"), "%s", odd_mtus[i]);
        connect(card);
        ask_card(answer);
        if (strncmp(answer, "up mtu=1500 ", 12) != 0)
            fail("with mtu %s, the card is '%s'", odd_mtus[i], answer);
        leave(card);
    }
    device_remove(card);
    for (unsigned int i = 0; i < sizeof(odd_macs) / sizeof(odd_macs[0]); i++) {
        device_create(card);
        put(front(card, "mac"), "%s", odd_macs[i]);
        show(card, INIT_WAIT);
        nap(300);
        if (get(front(card, "state")) != INITIALISING)
            fail("a card with the mac '%s' is used", odd_macs[i]);
        device_remove(card);
        nap(100);
    }
    check_honest("card: values that make no sense");
}

/*
 * The guest looks at its cards once a minute, and when it sends. Here its ring for sending is full
 * too, and that it has room again is not told either.
 */
void be_silent_as_card(struct device *card)
{
    double start, end;
    char answer[256];
    bool found = false;

    device_create(card);
    connect(card);
    works(card);
    ask_start("send eth1 300");
    ask_wait(answer);
    if (strcmp(answer, "ok") == 0 || strcmp(answer, "I/O error") == 0)
        fail("eth1's ring does not fill up: %s", answer);
    start = now();
    end = start + 75;
    put_frame(question, FRAME, 0, 0);
    while (!found) {
        found = take_frames();
        while (taken_count > 0)
            complete(taken[--taken_count]);
        push_silently();
        if (now() > end)
            fail("eth1 does not answer ARP without an event");
        nap(50);
    }
    note("ok: card: frames without an event are found after %.0f s", now() - start);
    check_honest("card: frames without an event");
    works(card);
    leave(card);
    device_remove(card);
}

static void be_honest(struct device *card)
{
    connect(card);
    works(card);
    nap(2000); /* the first of its IPv6 timer's seconds brings a group, which stays */
    leave(card);
    usage_note();
    note("ok: an honest card to begin with");
}

unsigned int lie_as_card(struct device *card)
{
    unsigned int broken;

    device_create(card);
    be_honest(card);
    broken = lie_in_the_rings(card, 2);
    device_renew(card);
    be_honest(card);
    broken += lie_in_the_rings(card, 1);
    storm(card);
    flap(card);
    never_unmap(card);
    lie_in_xenstore(card);
    return broken;
}
