/* SPDX-License-Identifier: MIT */
/*
 * blkfront's requests: starting them, taking responses, collecting results, and giving up on a
 * backend.
 *
 * The event handler only takes responses and wakes the callers; the copying is done by each caller
 * in its own thread. Nothing here blocks but blkfront_wait(), so no lock is needed.
 */
#include "blkfront.h"

#include <errno.h>
#include <stdlib.h>

#include <xen-abi/io/blkif.h>

#include "lib/pages.h"
#include "lib/printk.h"
#include "xen/evtchn.h"

_Static_assert(offsetof(struct blkif_sring, ring) == sizeof(struct ring_header), "ring head");
_Static_assert(sizeof(struct blkif_request) == 112, "request");
_Static_assert(sizeof(struct blkif_request_indirect) <= 112, "indirect request");
_Static_assert(sizeof(struct blkif_request_segment) == 8, "segment");
_Static_assert(sizeof(struct blkif_response) == 16, "response");
_Static_assert(BLKFRONT_SEGMENTS_MAX * sizeof(struct blkif_request_segment) <= PAGE_SIZE,
               "one indirect page is enough");

#define SLOT_SIZE sizeof(union blkif_sring_entry)
#define DIRECT_SEGMENTS BLKIF_MAX_SEGMENTS_PER_REQUEST

int blkfront_ring_create(struct blkfront *disk, uint16_t domain)
{
    unsigned int slots = ring_slots(PAGE_SIZE, SLOT_SIZE);
    unsigned int i;
    int result;

    disk->id_next = calloc(slots, sizeof(*disk->id_next));
    disk->requests = calloc(slots, sizeof(*disk->requests));
    result = disk->id_next == NULL || disk->requests == NULL ? -ENOMEM : 0;
    if (result == 0)
        result = blkfront_pool_create(&disk->pool, domain);
    if (result == 0)
        result = frontend_ring_alloc(domain, &disk->ring_memory, &disk->ring_reference);
    if (result != 0) {
        blkfront_ring_destroy(disk);
        return result;
    }
    ring_init(&disk->ring, disk->ring_memory, PAGE_SIZE, SLOT_SIZE);
    ring_ids_init(&disk->ids, disk->id_next, slots);
    for (i = slots; i-- > 0;) {
        disk->requests[i].id = (uint16_t)i;
        list_init(&disk->requests[i].link);
        ring_ids_add(&disk->ids, i);
    }
    return 0;
}

void blkfront_ring_destroy(struct blkfront *disk)
{
    if (disk->requests != NULL)
        blkfront_abandon(disk);
    blkfront_pool_destroy(&disk->pool);
    frontend_ring_free(&disk->ring_memory, &disk->ring_reference);
    free(disk->requests);
    free(disk->id_next);
    disk->requests = NULL;
    disk->id_next = NULL;
    memset(&disk->ids, 0, sizeof(disk->ids));
}

static void release(struct blkfront *disk, struct blkfront_request *request)
{
    uint16_t index, next;

    for (index = request->first_page; index != BLKFRONT_NO_PAGE; index = next) {
        next = disk->pool.pages[index].next;
        blkfront_pool_put(&disk->pool, index);
    }
    request->batch = NULL;
    ring_ids_add(&disk->ids, request->id);
}

/*
 * The caller of a request gets -EIO and forgets it. Id and pages stay taken while the backend may
 * still use them: until it answers, or until the connection ends.
 */
static void abandon(struct blkfront *disk, struct blkfront_request *request)
{
    struct blkfront_batch *batch = request->batch;

    list_remove(&request->link);
    request->batch = NULL;
    batch->outstanding--;
    if (batch->error == 0)
        batch->error = -EIO;
    wake_all(&batch->queue);
    if (!ring_ids_pending(&disk->ids, request->id))
        release(disk, request);
}

void blkfront_abandon(struct blkfront *disk)
{
    unsigned int i;

    disk->ready = false;
    for (i = 0; i < disk->ids.count; i++)
        if (disk->requests[i].batch != NULL)
            abandon(disk, &disk->requests[i]);
    wake_all(&disk->space);
}

void blkfront_break(struct blkfront *disk, const char *what)
{
    if (disk->broken)
        return;
    disk->broken = true;
    printk("%s: the backend broke the protocol (%s); the device is disabled", disk->block.name,
           what);
    frontend_port_silence(&disk->port);
    blkfront_abandon(disk);
}

void blkfront_batch_init(struct blkfront_batch *batch)
{
    wait_queue_init(&batch->queue);
    list_init(&batch->pending);
    list_init(&batch->finished);
    batch->outstanding = 0;
    batch->error = 0;
    batch->in_pause = false;
}

/*
 * Take an id for a request that needs `length` bytes of data, from the pages that
 * blkfront_pool_reserve() answered for.
 */
static struct blkfront_request *begin(struct blkfront *disk, struct blkfront_batch *batch,
                                      uint8_t operation)
{
    struct blkfront_request *request = &disk->requests[ring_ids_take(&disk->ids)];

    request->batch = batch;
    request->deadline = deadline_after(BLKFRONT_TIME_LIMIT);
    request->target = NULL;
    request->length = 0;
    request->first_page = BLKFRONT_NO_PAGE;
    request->operation = operation;
    list_append(&batch->pending, &request->link);
    batch->outstanding++;
    return request;
}

static void publish(struct blkfront *disk)
{
    if (ring_publish(&disk->ring))
        evtchn_notify(disk->port.port);
}

/*
 * Chain `count` data pages to the request and describe them; a write's data goes in. The chain is
 * built from its end, so that it runs in the order of the data.
 */
static void describe(struct blkfront *disk, struct blkfront_request *request,
                     struct blkif_request_segment *segments, unsigned int count,
                     const uint8_t *source)
{
    struct blkfront_pool *pool = &disk->pool;
    unsigned int i;

    for (i = count; i-- > 0;) {
        uint16_t index = blkfront_pool_take(pool);
        struct blkfront_page *page = &pool->pages[index];
        size_t rest = request->length - i * PAGE_SIZE;
        size_t part = rest < PAGE_SIZE ? rest : PAGE_SIZE;

        page->next = request->first_page;
        request->first_page = index;
        segments[i].gref = (grant_ref_t)page->reference;
        segments[i].first_sect = 0;
        segments[i].last_sect = (uint8_t)(part / BLKFRONT_SECTOR - 1);
        if (source != NULL)
            memcpy(page->data, source + i * PAGE_SIZE, part);
    }
}

static void write_direct(struct blkfront *disk, struct blkfront_request *request,
                         unsigned int count, uint64_t sector, const uint8_t *source)
{
    struct blkif_request slot = { 0 };

    slot.operation = request->operation;
    slot.nr_segments = (uint8_t)count;
    slot.handle = (blkif_vdev_t)disk->id;
    slot.id = request->id;
    slot.sector_number = sector;
    describe(disk, request, slot.seg, count, source);
    memcpy(ring_next_request(&disk->ring), &slot, sizeof(slot));
}

/* The segments go to a page of their own, which ends up at the head of the request's chain. */
static void write_indirect(struct blkfront *disk, struct blkfront_request *request,
                           unsigned int count, uint64_t sector, const uint8_t *source)
{
    uint16_t index = blkfront_pool_take(&disk->pool);
    struct blkfront_page *page = &disk->pool.pages[index];
    struct blkif_request_indirect slot = { 0 };

    slot.operation = BLKIF_OP_INDIRECT;
    slot.indirect_op = request->operation;
    slot.nr_segments = (uint16_t)count;
    slot.id = request->id;
    slot.sector_number = sector;
    slot.handle = (blkif_vdev_t)disk->id;
    slot.indirect_grefs[0] = (grant_ref_t)page->reference;
    describe(disk, request, (struct blkif_request_segment *)page->data, count, source);
    page->next = request->first_page;
    request->first_page = index;
    memcpy(ring_next_request(&disk->ring), &slot, sizeof(slot));
}

/* Why no request can be made now; 0 when one can. */
static int refusal(const struct blkfront *disk, const struct blkfront_batch *batch)
{
    if (disk->paused && !batch->in_pause)
        return -EAGAIN;
    if (!disk->ready)
        return disk->broken ? -EIO : -ENODEV;
    /* A long transfer lets those pass who have nothing in flight. */
    if (disk->ids.unused == 0 || (disk->starved > 0 && batch->outstanding > 0))
        return -EAGAIN;
    return 0;
}

/*
 * Data pages for one request: as many as wanted if they are to be had or nothing is worth waiting
 * for; or -EAGAIN, -ENOMEM.
 */
static int reserve(struct blkfront *disk, const struct blkfront_batch *batch, size_t length)
{
    size_t pages = (length + PAGE_SIZE - 1) / PAGE_SIZE;
    unsigned int count = pages < disk->segments ? (unsigned int)pages : disk->segments;
    unsigned int wanted = count + (count > DIRECT_SEGMENTS ? 1 : 0);
    unsigned int have = blkfront_pool_reserve(&disk->pool, wanted);

    if (have == wanted)
        return (int)count;
    if (batch->outstanding > 0 || (have == 0 && disk->ids.unused < disk->ids.count))
        return -EAGAIN;
    if (have == 0)
        return -ENOMEM;
    return (int)(have > DIRECT_SEGMENTS + 1 ? have - 1
                 : have < DIRECT_SEGMENTS   ? have
                                            : DIRECT_SEGMENTS);
}

long blkfront_start(struct blkfront *disk, struct blkfront_batch *batch, uint8_t operation,
                    uint64_t offset, uint8_t *data, size_t length)
{
    struct blkfront_request *request;
    const uint8_t *source = operation == BLKIF_OP_WRITE ? data : NULL;
    int count = refusal(disk, batch);

    if (count == 0)
        count = reserve(disk, batch, length);
    if (count < 0)
        return count;
    request = begin(disk, batch, operation);
    request->length = length < (size_t)count * PAGE_SIZE ? length : (size_t)count * PAGE_SIZE;
    request->target = source == NULL ? data : NULL;
    if (count > DIRECT_SEGMENTS)
        write_indirect(disk, request, (unsigned int)count, offset / BLKFRONT_SECTOR, source);
    else
        write_direct(disk, request, (unsigned int)count, offset / BLKFRONT_SECTOR, source);
    publish(disk);
    return (long)request->length;
}

int blkfront_start_flush(struct blkfront *disk, struct blkfront_batch *batch, uint8_t operation)
{
    int result = refusal(disk, batch);

    if (result != 0)
        return result;
    write_direct(disk, begin(disk, batch, operation), 0, 0, NULL);
    publish(disk);
    return 0;
}

static void copy_out(const struct blkfront_pool *pool, const struct blkfront_request *request)
{
    uint16_t index = request->first_page;
    size_t done = 0;

    if (request->length > DIRECT_SEGMENTS * PAGE_SIZE)
        index = pool->pages[index].next;
    for (; done < request->length; index = pool->pages[index].next) {
        size_t rest = request->length - done;
        size_t part = rest < PAGE_SIZE ? rest : PAGE_SIZE;

        memcpy(request->target + done, pool->pages[index].data, part);
        done += part;
    }
}

void blkfront_collect(struct blkfront *disk, struct blkfront_batch *batch)
{
    struct list *node;

    if (list_empty(&batch->finished))
        return;
    while ((node = list_first(&batch->finished)) != NULL) {
        struct blkfront_request *request = container_of(node, struct blkfront_request, link);

        list_remove(node);
        batch->outstanding--;
        if (batch->error == 0 && request->target != NULL)
            copy_out(&disk->pool, request);
        release(disk, request);
    }
    if (disk->starved > 0 || disk->paused)
        wake_all(&disk->space);
}

/* One response: its request is finished. */
static void finish(struct blkfront *disk, const struct blkif_response *response)
{
    struct blkfront_request *request;

    if (!ring_ids_pending(&disk->ids, response->id)) {
        blkfront_break(disk, "response with a wrong id");
        return;
    }
    request = &disk->requests[response->id];
    if (response->operation != request->operation) {
        blkfront_break(disk, "response with a wrong operation");
        return;
    }
    ring_ids_withdraw(&disk->ids, request->id);
    if (request->batch == NULL) {
        release(disk, request);
        return;
    }
    if (response->status != BLKIF_RSP_OKAY && request->batch->error == 0)
        request->batch->error = response->status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP : -EIO;
    list_remove(&request->link);
    list_append(&request->batch->finished, &request->link);
    wake_all(&request->batch->queue);
}

/* Take all responses that are there, at most a ring full: how many. */
static unsigned int take_responses(struct blkfront *disk)
{
    struct blkif_response response;
    unsigned int taken = 0;
    int ready;

    while (!disk->broken) {
        ready = ring_arm(&disk->ring, 1);
        if (ready < 0)
            blkfront_break(disk, "producer out of range");
        if (ready <= 0 || taken > disk->ring.mask)
            break;
        for (; ready > 0 && !disk->broken; ready--, taken++) {
            ring_take(&disk->ring, &response, sizeof(response));
            finish(disk, &response);
        }
    }
    return taken;
}

void blkfront_event(void *argument)
{
    struct blkfront *disk = argument;
    unsigned int taken = take_responses(disk);

    if (!disk->broken)
        frontend_port_rearm(&disk->port, taken > 0);
}

/* The oldest request is late. Its event may be what is missing: look once more before giving up. */
static void late(struct blkfront *disk, struct blkfront_batch *batch, const struct list *oldest)
{
    if (list_first(&batch->pending) != oldest)
        return;
    take_responses(disk);
    if (list_first(&batch->pending) == oldest)
        blkfront_break(disk, "a request was not answered in time");
}

void blkfront_wait(struct blkfront *disk, struct blkfront_batch *batch)
{
    struct list *oldest = list_first(&batch->pending);
    struct blkfront_request *request;

    if (!list_empty(&batch->finished))
        return;
    if (oldest != NULL) {
        request = container_of(oldest, struct blkfront_request, link);
        if (wait_queue_sleep(&batch->queue, request->deadline) == -ETIMEDOUT)
            late(disk, batch, oldest);
        return;
    }
    /* Those who hold what is missing have time limits: this wait ends with theirs at the latest. */
    disk->starved++;
    wait_queue_sleep(&disk->space, deadline_after(BLKFRONT_TIME_LIMIT));
    disk->starved--;
}
