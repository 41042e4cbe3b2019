/* SPDX-License-Identifier: MIT */
// SRCS: $(DRIVER_WORLD) $(TEST_BLKFRONT) blkfront/xenbus.c
// CFLAGS: -Wl,-T,test/fuzz/drivers.ld -mllvm -asan-globals=0
/*
 * blkfront's requests and their completion. Calls of a user run against a side that answers some,
 * in any order, with any id, operation and status, changes the ring around each access, flaps its
 * state and keeps pages mapped. Each call ends, with 0 or an error; no page is in two places; what
 * was not flushed is not called flushed; and in the end nothing is left in use.
 */
#include "../../blkfront/blkfront.h"

#include <errno.h>
#include <string.h>

#include <xen-abi/io/blkif.h>

#include "fuzz.h"
#include "store.h"
#include "world.h"
#include "xen/bus/gnttab.h"

#define ID 51712u
#define SLOTS_MAX 64u
#define BUFFER (160u << 10)
#define AT_ONCE 8u
#define MEMORY_FOR_TWO 24576u /* pages of memory, from which on a ring has two */

static struct block_device *block;
static bool honest;                 /* it has kept to the rules so far */
static uint32_t consumed, produced; /* of a side that does */
static struct {
    uint64_t id;
    uint8_t operation;
} taken[SLOTS_MAX];
static unsigned int taken_count;
static unsigned int flushes, connections;
static uint8_t *buffer;

int block_register(struct block_device *registered)
{
    block = registered;
    return 0;
}

void block_expect(struct block_device *expected)
{
    FUZZ_CHECK(expected->name[0] != '\0');
}

void block_expect_no_more(struct block_device *expected)
{
    FUZZ_CHECK(expected->name[0] != '\0');
}

void block_contents_replaced(struct block_device *replaced)
{
    FUZZ_CHECK(replaced == block);
}

static struct blkfront *disk(void)
{
    return block->private_data;
}

static uint64_t reference(void)
{
    return store_frontend_number("vbd", ID, "ring-ref");
}

static struct blkif_sring *ring(void)
{
    return world_granted((uint32_t)reference());
}

/* Of the ring, which has one page or two. */
static unsigned int slots(void)
{
    return disk()->ring.mask + 1;
}

static union blkif_sring_entry *slot(uint32_t index)
{
    return &ring()->ring[index % slots()];
}

static bool connected(void)
{
    return block != NULL && disk()->ring_memory != NULL && ring() != NULL;
}

/* The other side. */

static void take_requests(void)
{
    while (consumed != disk()->ring.published && taken_count < slots()) {
        const struct blkif_request *request = &slot(consumed++)->req;
        const struct blkif_request_indirect *indirect = (const void *)request;

        taken[taken_count].id = request->operation == BLKIF_OP_INDIRECT ? indirect->id
                                                                        : request->id;
        taken[taken_count++].operation =
            request->operation == BLKIF_OP_INDIRECT ? indirect->indirect_op : request->operation;
    }
}

static void respond(uint64_t id, uint8_t operation, int16_t status)
{
    slot(produced++)->rsp = (struct blkif_response){ id, operation, status };
}

static void answer(unsigned int count, int16_t status)
{
    for (; count > 0 && taken_count > 0; count--) {
        unsigned int i = fuzz_below(taken_count);

        flushes += status == 0 && (taken[i].operation == BLKIF_OP_WRITE_BARRIER ||
                                   taken[i].operation == BLKIF_OP_FLUSH_DISKCACHE);
        respond(taken[i].id, taken[i].operation, status);
        taken[i] = taken[--taken_count];
    }
}

static void answer_falsely(void)
{
    honest = false;
    respond(fuzz_below(4) == 3 ? fuzz_word() : fuzz_below(slots() + 8), (uint8_t)fuzz_below(8),
            (int16_t)fuzz_word());
}

static void push(void)
{
    ring()->rsp_prod = produced;
    ring()->req_event = consumed + 1;
    world_event((int)store_frontend_number("vbd", ID, "event-channel"));
}

static void hook(void);

/* A lie that cannot be overlooked, after nothing but truth: the device has to break. */
static void lie_openly(void)
{
    int port = (int)store_frontend_number("vbd", ID, "event-channel");
    unsigned int lie = 1 + fuzz_below(5);

    take_requests();
    if (!honest || disk()->broken || !disk()->ready || taken_count == 0 || world_port_masked(port))
        return;
    fuzz_hook = NULL;
    honest = false;
    if (lie == 1)
        produced += taken_count + 1;
    else if (lie == 2)
        produced = disk()->ring.available - 1;
    else if (lie == 3)
        respond(taken[0].id ^ slots(), taken[0].operation, 0);
    else if (lie == 4)
        respond(taken[0].id + (1ull << 32), taken[0].operation, 0);
    else
        respond(taken[0].id, taken[0].operation ^ 1, 0);
    push();
    world_deliver();
    FUZZ_CHECK(disk()->broken && world_port_masked(port));
    fuzz_hook = hook;
}

static void scribble(void)
{
    if (!connected())
        return;
    honest = false;
    switch (fuzz_below(5)) {
    case 1:
        ring()->rsp_prod = fuzz_near(disk()->ring.available);
        break;
    case 2:
        fuzz_bytes(slot(disk()->ring.consumed), 12);
        break;
    case 3:
        ((uint32_t *)ring())[fuzz_below(1024 << disk()->ring_order)] = fuzz_word();
        break;
    case 4:
        ring()->rsp_prod = disk()->ring.published;
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

static void change_state(void)
{
    unsigned int state = fuzz_below(9);
    bool was = connected();
    uint64_t before = reference();

    store_backend_state("vbd", ID, state);
    if (connected() && (!was || reference() != before)) {
        connections++;
        consumed = produced = taken_count = 0;
        honest = true;
    }
}

static void other_side(void)
{
    unsigned int what = fuzz_below(13);

    if (what == 1)
        change_state();
    else if (what == 2)
        world_hold_some(200);
    else if (what == 3)
        world_pass(MILLISECONDS(fuzz_below(2000)));
    else if (what == 4)
        world_page_failures = fuzz_below(4);
    if (!connected())
        return;
    if (what == 5)
        answer_falsely();
    else if (what == 6)
        take_requests(), answer(1, (int16_t)(fuzz_below(4) == 3 ? fuzz_word() : 0));
    else if (what == 7)
        scribble();
    else if (what == 8)
        world_storm((int)store_frontend_number("vbd", ID, "event-channel"));
    else if (what == 9)
        lie_openly();
    else if (what >= 10)
        take_requests(), answer(slots(), 0), push();
    else
        push();
}

/* Our side. */

static bool an_answer(int result)
{
    return result == 0 || result == -EIO || result == -ENODEV || result == -ENOMEM;
}

/* A call waits for one request after the other, each of which has its time limit. */
static void transfer(bool write)
{
    size_t length = 512 * (1 + fuzz_below(BUFFER / 512));
    uint64_t offset = 512 * (uint64_t)fuzz_below(256);
    uint64_t start = clock_monotonic();
    int result = write ? block_write(block, offset, buffer, length)
                       : block_read(block, offset, buffer, length);

    FUZZ_CHECK(an_answer(result));
    FUZZ_CHECK(clock_monotonic() - start <=
               (2 + length / 4096) * (BLKFRONT_TIME_LIMIT + SECONDS(5)));
}

static void flush(void)
{
    unsigned int before = flushes;
    int result = block_flush(block);

    FUZZ_CHECK(an_answer(result) || result == -EOPNOTSUPP);
    if (honest && result == 0 && disk()->ready && disk()->flush == BLKFRONT_FLUSH_CACHE)
        FUZZ_CHECK(flushes > before);
}

static void discard(void)
{
    uint64_t offset = 512 * (uint64_t)fuzz_below(256);
    int result = block_discard(block, offset, 512 * (1 + (uint64_t)fuzz_below(256)), fuzz_below(2));

    FUZZ_CHECK(an_answer(result) || result == -EOPNOTSUPP);
}

static struct {
    struct block_request requests[AT_ONCE];
    struct iovec vectors[AT_ONCE];
    unsigned int again, left;
    struct wait_queue queue;
} at_once;

static void at_once_done(struct block_request *request)
{
    FUZZ_CHECK(an_answer(request->result));
    if (request->result == 0 && at_once.again > 0) {
        at_once.again--;
        block_submit(block, request);
    } else if (--at_once.left == 0) {
        wake_all(&at_once.queue);
    }
}

/* Neighbours and others, some of which are submitted again when they are done. */
static void several(void)
{
    unsigned int count = 1 + fuzz_below(AT_ONCE);
    uint64_t offset = 0;

    at_once.left = count;
    at_once.again = fuzz_below(8);
    wait_queue_init(&at_once.queue);
    block_plug(block);
    for (unsigned int i = 0; i < count; i++) {
        size_t length = 512 * (1 + fuzz_below(32));

        at_once.vectors[i] = (struct iovec){ buffer + i * 16384, length };
        at_once.requests[i] = (struct block_request){
            .operation = fuzz_below(4) == 3 ? BLOCK_WRITE : BLOCK_READ,
            .offset = offset,
            .length = length,
            .vector = &at_once.vectors[i],
            .done = at_once_done,
        };
        block_submit(block, &at_once.requests[i]);
        offset = fuzz_below(4) == 3 ? 512 * (uint64_t)fuzz_below(256) : offset + length;
    }
    block_unplug(block);
    wait_until(&at_once.queue, at_once.left == 0, DEADLINE_NEVER);
}

/* Each page is free or in the chain of one request, never both. */
static void check_pages(void)
{
    const struct blkfront_pool *pool = &disk()->pool;
    static bool seen[BLKFRONT_POOL_MAX];
    unsigned int count = 0;

    memset(seen, 0, sizeof(seen));
    for (uint16_t i = pool->first; i != BLKFRONT_NO_PAGE; i = pool->pages[i].next, count++) {
        FUZZ_CHECK(i < pool->count && !seen[i]);
        seen[i] = true;
    }
    FUZZ_CHECK(count == pool->unused);
    for (unsigned int id = 0; id < disk()->ids.count; id++) {
        if (disk()->ids.next[id] != RING_ID_PENDING)
            continue;
        for (uint16_t i = disk()->transfers[id].first_page; i != BLKFRONT_NO_PAGE;
             i = pool->pages[i].next, count++) {
            FUZZ_CHECK(i < pool->count && !seen[i]);
            seen[i] = true;
        }
    }
    FUZZ_CHECK(count == pool->count);
}

static void check(void)
{
    FUZZ_CHECK(world_lines_with("broke the protocol") <= connections + 1);
    FUZZ_CHECK(list_empty(&disk()->queue) && list_empty(&disk()->pending));
    FUZZ_CHECK(!honest || !disk()->broken || world_lines_with("not answered in time") > 0);
    FUZZ_CHECK(!disk()->broken || !disk()->ready);
    for (unsigned int id = 0; id < disk()->ids.count; id++)
        FUZZ_CHECK(disk()->transfers[id].first == NULL);
    if (disk()->ring_memory != NULL)
        check_pages();
}

static void set_up(void)
{
    world_memory = fuzz_below(4) == 3 ? MEMORY_FOR_TWO : 600;
    store_start();
    store_device("vbd", ID);
    store_backend_set("vbd", ID, "sectors", "100000");
    store_backend_set("vbd", ID, "sector-size", "512");
    store_backend_set("vbd", ID, "info", "0");
    store_backend_set("vbd", ID, "max-ring-page-order", "1");
    store_backend_set("vbd", ID, fuzz_below(4) == 3 ? "feature-barrier" : "feature-flush-cache",
                      "1");
    if (fuzz_below(2))
        store_backend_set("vbd", ID, "feature-discard", "1");
    if (fuzz_below(2))
        store_backend_set("vbd", ID, "discard-secure", "1");
    if (fuzz_below(2))
        store_backend_set("vbd", ID, "feature-max-indirect-segments", "32");
    xenbus_init();
    store_fire("device");
    consumed = produced = taken_count = flushes = 0;
    connections = 1;
    store_backend_state("vbd", ID, XenbusStateInitWait);
    store_backend_state("vbd", ID, XenbusStateConnected);
    honest = true;
    FUZZ_CHECK(connected() && disk()->ready);
    FUZZ_CHECK(slots() == (world_memory == MEMORY_FOR_TWO ? SLOTS_MAX : SLOTS_MAX / 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start(data, size);
    world_start();
    if (buffer == NULL)
        buffer = malloc(BUFFER);
    set_up();
    world_backend = other_side;
    fuzz_hook = hook;
    while (fuzz_left()) {
        unsigned int what = fuzz_below(6);

        if (what == 1 || what == 2)
            transfer(what == 1);
        else if (what == 3)
            flush();
        else if (what == 4)
            discard();
        else if (what == 5)
            several();
        else
            other_side();
        world_deliver();
        check();
    }
    fuzz_hook = NULL;
    store_remove_devices();
    world_end();
    return 0;
}
