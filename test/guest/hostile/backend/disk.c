/* SPDX-License-Identifier: MIT */
/*
 * The lies of a disk's backend. Each lie meets a request of 64 KiB that is under way: two direct
 * requests of the guest, none of which has been answered. The ring has one page or two.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/io/blkif.h>

#include "backend.h"

#define ORDER_MAX 1u
#define SLOTS_MAX 64u
#define STORM 3000

static struct blkif_sring *ring;
static unsigned int ring_pages, slots;
static uint32_t consumed, produced;
static struct {
    uint64_t id;
    uint8_t operation;
} asked[SLOTS_MAX];
static unsigned int asked_count;

static void offer_disk(const struct device *disk)
{
    put(back(disk, "sectors"), "2048");
    put(back(disk, "sector-size"), "512");
    put(back(disk, "info"), "0");
    put(back(disk, "feature-flush-cache"), "1");
}

/* As many pages as the guest has chosen, of those that it was offered. */
static void map_ring(const struct device *disk)
{
    long order = get(front(disk, "ring-page-order"));
    long references[1u << ORDER_MAX] = { get(front(disk, "ring-ref")) };

    if (order > (long)ORDER_MAX)
        fail("xvdb has a ring of 2^%ld pages", order);
    ring_pages = order > 0 ? 1u << order : 1;
    for (unsigned int i = 0; ring_pages > 1 && i < ring_pages; i++) {
        char node[16];

        snprintf(node, sizeof(node), "ring-ref%u", i);
        references[i] = get(front(disk, node));
    }
    ring = map_several(references, ring_pages);
    slots = __RING_SIZE(ring, ring_pages * PAGE);
}

/* From InitWait to Initialised, with the ring mapped; the guest then waits for Connected. */
static void meet(struct device *disk)
{
    show(disk, INIT_WAIT);
    wait_front(disk, 1 << INITIALISED);
    map_ring(disk);
    bind_port(disk, "event-channel");
    consumed = produced = asked_count = 0;
}

static void connect(struct device *disk)
{
    offer_disk(disk);
    meet(disk);
    show(disk, CONNECTED);
    wait_front(disk, 1 << CONNECTED);
}

static void leave(struct device *disk)
{
    unmap_several(ring, ring_pages);
    ring = NULL;
    close_down(disk);
}

/* What the guest has asked so far. */
static void take_requests(void)
{
    while (consumed != *(volatile uint32_t *)&ring->req_prod && asked_count < SLOTS_MAX) {
        struct blkif_request *request = &ring->ring[consumed++ % slots].req;

        asked[asked_count].id = request->id; /* in the same place in both kinds */
        asked[asked_count++].operation =
            request->operation == BLKIF_OP_INDIRECT
                ? ((struct blkif_request_indirect *)request)->indirect_op
                : request->operation;
    }
}

static void wait_request(void)
{
    double end = now() + PATIENCE;

    while (take_requests(), asked_count == 0) {
        if (now() > end)
            fail("the guest asks nothing of its disk");
        nap(2);
    }
}

static void respond(uint64_t id, uint8_t operation, int status)
{
    ring->ring[produced++ % slots].rsp = (struct blkif_response){ id, operation, (int16_t)status };
}

static void push_silently(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring->rsp_prod = produced;
    ring->req_event = consumed + 1;
}

static void push(const struct device *disk)
{
    push_silently();
    ring_bell(disk);
}

/* Answer as one should until the guest has what it wants. */
static void serve(const struct device *disk, const char *wanted)
{
    double end = now() + PATIENCE;
    char answer[256];

    while (!ask_answered(answer)) {
        take_requests();
        while (asked_count > 0) {
            asked_count--;
            respond(asked[asked_count].id, asked[asked_count].operation, 0);
        }
        push(disk);
        if (now() > end)
            fail("the guest does not finish with its disk");
        nap(2);
    }
    ask_expect(wanted);
}

/* Lies in the ring. */

static void ahead(void)
{
    produced += 1000;
}

static void far_ahead(void)
{
    produced += 0x80000000u;
}

static void backwards(void)
{
    produced -= 1;
}

static void twice(void)
{
    respond(asked[0].id, asked[0].operation, 0);
    respond(asked[0].id, asked[0].operation, 0);
}

static void wrong_id(void)
{
    respond(asked[0].id ^ 16, asked[0].operation, 0);
}

static void huge_id(void)
{
    respond(asked[0].id + (1ull << 32), asked[0].operation, 0);
}

static void wrong_operation(void)
{
    respond(asked[0].id, asked[0].operation ^ 1, 0);
}

static void odd_status(void)
{
    for (unsigned int i = 0; i < asked_count; i++)
        respond(asked[i].id, asked[i].operation, 32767);
}

static const struct {
    const char *name;
    void (*tell)(void);
    bool breaks;
} lies[] = {
    { "a producer ahead", ahead, true },
    { "a producer far ahead", far_ahead, true },
    { "a producer that goes back", backwards, true },
    { "an id twice", twice, true },
    { "an id of nothing", wrong_id, true },
    { "an id beyond the ring", huge_id, true },
    { "another operation", wrong_operation, true },
    { "status 32767", odd_status, false },
};

#define LIES (sizeof(lies) / sizeof(lies[0]))

/* A read under way, none of it answered. */
static void begin_read(void)
{
    asked_count = 0;
    ask_start("read xvdb 65536");
    wait_request();
    nap(20);
    take_requests();
}

/* Each after a request that was answered as it should be: a producer can go back from there. */
static unsigned int lie_in_the_ring(struct device *disk, unsigned int order)
{
    char what[64];
    unsigned int broken = 0;

    put(back(disk, "max-ring-page-order"), "%u", order);
    for (unsigned int i = 0; i < LIES; i++) {
        connect(disk);
        if (ring_pages != 1u << order)
            fail("xvdb has a ring of %u pages, offered were %u", ring_pages, 1u << order);
        ask_start("read xvdb 512");
        serve(disk, "ok");
        begin_read();
        lies[i].tell();
        push(disk);
        ask_expect("I/O error");
        if (lies[i].breaks) {
            ask_start("read xvdb 512"); /* broken stays broken */
            ask_expect("I/O error");
            broken++;
        }
        snprintf(what, sizeof(what), "disk, pages of ring: %u: %s", ring_pages, lies[i].name);
        check_honest(what);
        leave(disk);
        usage_check(what);
    }
    return broken;
}

/* The end, in the middle of a transfer; in this way and that. */
static void leave_in_mid_transfer(struct device *disk)
{
    static const int ends[] = { CLOSED, CLOSING, 0 };

    for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        connect(disk);
        begin_read();
        if (ends[i] != 0)
            show(disk, ends[i]);
        else
            drop(back(disk, "state"));
        ask_expect("I/O error");
        leave(disk);
    }
    check_honest("disk: gone in mid-transfer");
    usage_check("disk: gone in mid-transfer");
}

/* What the guest reads of a disk when it connects. */
static void lie_in_xenstore(struct device *disk)
{
    static const struct {
        const char *node, *value;
        bool usable;
    } values[] = {
        { "sector-size", "0", false },
        { "sector-size", "3", false },
        { "sector-size", "2147483648", false },
        { "sector-size", "-512", false },
        { "sectors", "18446744073709551616", false },
        { "sectors", "9223372036854775807", false },
        { "sectors", "many", false },
        { "sectors", NULL, false },
        { "info", "4294967296", false },
        { "feature-max-indirect-segments", "4294967295", true },
        { "feature-flush-cache", "7", true },
        { "max-ring-page-order", "4294967295", true },
        { "multi-queue-max-queues", "999999", true },
    };

    for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        offer_disk(disk);
        if (values[i].value != NULL)
            put(back(disk, values[i].node), "%s", values[i].value);
        else
            drop(back(disk, values[i].node));
        meet(disk);
        show(disk, CONNECTED);
        wait_front(disk, 1 << (values[i].usable ? CONNECTED : CLOSED));
        if (values[i].usable) {
            ask_start("read xvdb 262144");
            serve(disk, "ok");
        }
        leave(disk);
        drop(back(disk, values[i].node));
    }
    check_honest("disk: values that make no sense");
    usage_check("disk: values that make no sense");
}

/* Events without work: the guest has its time for others. */
static void storm(struct device *disk)
{
    connect(disk);
    for (int i = 0; i < STORM; i++)
        ring_bell(disk);
    check_honest("disk: a storm of events");
    ask_start("read xvdb 65536");
    serve(disk, "ok");
    leave(disk);
    usage_check("disk: a storm of events");
}

static void flap(struct device *disk)
{
    static const int states[] = { 5, 4, 6, 2, 1, 3, 4, 5, 6, 2, 6, 4, 2, 9, 4, 6, 2, 4, 8, 7, 6 };

    for (unsigned int round = 0; round < 5; round++)
        for (unsigned int i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
            show(disk, states[i]);
            nap(i % 4);
        }
    check_honest("disk: states that flap");
    close_down(disk);
    usage_check("disk: states that flap");
}

/* The guest looks once more when its patience with a request is over, after 25 to 30 seconds. */
void be_silent_as_disk(struct device *disk)
{
    double start;

    device_create(disk);
    connect(disk);
    begin_read();
    for (; asked_count > 0; asked_count--)
        respond(asked[asked_count - 1].id, asked[asked_count - 1].operation, 0);
    start = now();
    push_silently();
    check_card("disk: answers without an event");
    ask_expect_within("ok", 40);
    note("ok: disk: answers without an event are found after %.0f s", now() - start);
    if (now() - start < 5)
        fail("that was an event, or nothing was asked");
    check_honest("disk: answers without an event");
    ask_start("read xvdb 65536");
    serve(disk, "ok");
    leave(disk);
    device_remove(disk);
}

/*
 * The guest may not use again what we do not let go of, its rings and the pages of a request; nor
 * may it run out of memory over this.
 */
static void never_unmap(struct device *disk)
{
    void *pages[4 * (1 + BLKIF_MAX_SEGMENTS_PER_REQUEST)];
    unsigned int count = 0;

    for (unsigned int i = 0; i < 4; i++) {
        const struct blkif_request *request;

        connect(disk);
        begin_read();
        request = &ring->ring[0].req;
        for (unsigned int j = 0; j < request->nr_segments; j++)
            pages[count++] = map(request->seg[j].gref);
        pages[count++] = ring;
        ring = NULL;
        close_down(disk);
        ask_expect("I/O error");
    }
    if (count != sizeof(pages) / sizeof(pages[0]))
        fail("a request of xvdb has not as many pages as fit");
    check_honest("disk: pages that stay mapped");
    while (count > 0)
        unmap(pages[--count]);
    usage_check("disk: pages that stay mapped");
}

unsigned int lie_as_disk(struct device *disk)
{
    unsigned int broken;

    device_create(disk);
    connect(disk);
    ask_start("read xvdb 262144");
    serve(disk, "ok");
    leave(disk);
    usage_note();
    note("ok: an honest disk to begin with");
    broken = lie_in_the_ring(disk, 0);
    device_renew(disk);
    broken += lie_in_the_ring(disk, 1);
    device_renew(disk);
    leave_in_mid_transfer(disk);
    lie_in_xenstore(disk);
    storm(disk);
    flap(disk);
    never_unmap(disk);
    connect(disk);
    ask_start("read xvdb 262144");
    serve(disk, "ok");
    leave(disk);
    note("ok: an honest disk to end with");
    device_remove(disk);
    return broken;
}
