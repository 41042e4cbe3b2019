/* SPDX-License-Identifier: MIT */
/*
 * blkfront's transfers: the ring, and what is written into it and copied out of the pages.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>

#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "xen/evtchn.h"

_Static_assert(offsetof(struct blkif_sring, ring) == sizeof(struct ring_header), "ring head");
_Static_assert(sizeof(struct blkif_request) == 112, "request");
_Static_assert(sizeof(struct blkif_request_indirect) <= 112, "indirect request");
_Static_assert(sizeof(struct blkif_request_segment) == 8, "segment");
_Static_assert(sizeof(struct blkif_request_discard) <= 112, "discard");
_Static_assert(sizeof(struct blkif_response) == 16, "response");
_Static_assert(BLKFRONT_SEGMENTS_MAX * sizeof(struct blkif_request_segment) <= PAGE_SIZE,
               "one indirect page is enough");

#define SLOT_SIZE sizeof(union blkif_sring_entry)
#define DIRECT_SEGMENTS BLKIF_MAX_SEGMENTS_PER_REQUEST
#define SAMPLE_EVERY 64u /* transfers; one is timed */

/* A ring of that many pages, or of fewer. */
static int alloc_ring(struct blkfront *disk, uint16_t domain, unsigned int order)
{
    int result;

    for (;; order--) {
        result = frontend_rings_alloc(domain, order, &disk->ring_memory, disk->ring_references);
        if (result == 0 || order == 0)
            break;
    }
    disk->ring_order = order;
    return result;
}

static int alloc_transfers(struct blkfront *disk, unsigned int slots)
{
    disk->id_next = kernel_alloc_zeroed(slots, sizeof(*disk->id_next));
    disk->transfers = kernel_alloc_zeroed(slots, sizeof(*disk->transfers));
    return disk->id_next == NULL || disk->transfers == NULL ? -ENOMEM : 0;
}

int blkfront_ring_create(struct blkfront *disk, uint16_t domain, unsigned int order)
{
    unsigned int slots = 0, i;
    size_t bytes;
    int result = blkfront_pool_create(&disk->pool, domain);

    if (result == 0)
        result = alloc_ring(disk, domain, order);
    bytes = PAGE_SIZE << disk->ring_order;
    if (result == 0) {
        slots = ring_slots(bytes, SLOT_SIZE);
        result = alloc_transfers(disk, slots);
    }
    if (result != 0) {
        blkfront_ring_destroy(disk);
        return result;
    }
    ring_init(&disk->ring, disk->ring_memory, bytes, SLOT_SIZE);
    ring_ids_init(&disk->ids, disk->id_next, slots);
    for (i = slots; i-- > 0;) {
        disk->transfers[i].id = (uint16_t)i;
        list_init(&disk->transfers[i].link);
        ring_ids_add(&disk->ids, i);
    }
    return 0;
}

void blkfront_ring_destroy(struct blkfront *disk)
{
    blkfront_pool_destroy(&disk->pool);
    disk->block.kept_pages = 0;
    frontend_rings_free(disk->ring_order, &disk->ring_memory, disk->ring_references);
    kernel_free(disk->transfers);
    kernel_free(disk->id_next);
    disk->transfers = NULL;
    disk->id_next = NULL;
    memset(&disk->ids, 0, sizeof(disk->ids));
}

/* Take an id, which there is, for a transfer without data so far. */
static struct blkfront_transfer *begin(struct blkfront *disk, struct block_request *first,
                                       uint8_t operation, uint64_t length)
{
    struct blkfront_transfer *transfer = &disk->transfers[ring_ids_take(&disk->ids)];

    transfer->first = first;
    transfer->begin = first->started;
    transfer->length = length;
    transfer->first_page = BLKFRONT_NO_PAGE;
    transfer->operation = operation;
    transfer->tick = disk->ticks;
    transfer->sampled = 0;
    if (disk->block.statistics.transfers++ % SAMPLE_EVERY == 0)
        transfer->sampled = clock_monotonic();
    list_append(&disk->pending, &transfer->link);
    if (!timer_pending(&disk->ticker))
        timer_set(&disk->ticker, deadline_after(BLKFRONT_TICK));
    return transfer;
}

void blkfront_publish(struct blkfront *disk)
{
    if (ring_publish(&disk->ring))
        evtchn_notify(disk->port.port);
}

/* A place in the memory of a chain of requests. */
struct cursor {
    const struct block_request *request;
    const struct iovec *part;
    uint64_t left; /* of the request */
    size_t skip;   /* in the part */
};

static void cursor_set(struct cursor *cursor, const struct block_request *request, uint64_t begin)
{
    cursor->request = request;
    cursor->part = request->vector;
    cursor->left = request->length - begin;
    for (; begin >= cursor->part->iov_len; cursor->part++)
        begin -= cursor->part->iov_len;
    cursor->skip = (size_t)begin;
}

/* Up to `most` bytes that lie in one piece; the cursor moves behind them. */
static uint8_t *cursor_take(struct cursor *cursor, size_t most, size_t *length)
{
    uint8_t *data;

    if (cursor->left == 0)
        cursor_set(cursor, cursor->request->next, 0);
    while (cursor->skip == cursor->part->iov_len) {
        cursor->part++;
        cursor->skip = 0;
    }
    data = (uint8_t *)cursor->part->iov_base + cursor->skip;
    *length = cursor->part->iov_len - cursor->skip;
    if (*length > most)
        *length = most;
    cursor->skip += *length;
    cursor->left -= *length;
    return data;
}

static void fill_page(uint8_t *page, struct cursor *cursor, size_t length)
{
    size_t done, part;

    for (done = 0; done < length; done += part) {
        const uint8_t *data = cursor_take(cursor, length - done, &part);

        memcpy(page + done, data, part);
    }
}

static void empty_page(const uint8_t *page, struct cursor *cursor, size_t length)
{
    size_t done, part;

    for (done = 0; done < length; done += part) {
        uint8_t *data = cursor_take(cursor, length - done, &part);

        memcpy(data, page + done, part);
    }
}

/* Bytes of the transfer that go into the page that starts at `done` of it. */
static size_t page_share(const struct blkfront_transfer *transfer, uint64_t done)
{
    uint64_t rest = transfer->length - done;

    return rest < PAGE_SIZE ? (size_t)rest : PAGE_SIZE;
}

/* Chain data pages behind `*tail` and describe them; a write's data goes in. */
static void describe(struct blkfront *disk, struct blkfront_transfer *transfer, uint16_t *tail,
                     struct blkif_request_segment *segments)
{
    struct blkfront_pool *pool = &disk->pool;
    struct cursor cursor;
    uint64_t done;

    cursor_set(&cursor, transfer->first, transfer->begin);
    for (done = 0; done < transfer->length; done += PAGE_SIZE, segments++) {
        uint16_t index = blkfront_pool_take(pool);
        struct blkfront_page *page = &pool->pages[index];
        size_t share = page_share(transfer, done);

        *tail = index;
        tail = &page->next;
        segments->gref = (grant_ref_t)page->reference;
        segments->first_sect = 0;
        segments->last_sect = (uint8_t)(share / BLKFRONT_SECTOR - 1);
        if (transfer->operation == BLKIF_OP_WRITE)
            fill_page(page->data, &cursor, share);
    }
    *tail = BLKFRONT_NO_PAGE;
}

static void write_direct(struct blkfront *disk, struct blkfront_transfer *transfer,
                         unsigned int count, uint64_t sector)
{
    struct blkif_request slot = { 0 };

    slot.operation = transfer->operation;
    slot.nr_segments = (uint8_t)count;
    slot.handle = (blkif_vdev_t)disk->id;
    slot.id = transfer->id;
    slot.sector_number = sector;
    if (count > 0)
        describe(disk, transfer, &transfer->first_page, slot.seg);
    memcpy(ring_next_request(&disk->ring), &slot, sizeof(slot));
}

/* The segments go to a page of their own, at the head of the transfer's chain. */
static void write_indirect(struct blkfront *disk, struct blkfront_transfer *transfer,
                           unsigned int count, uint64_t sector)
{
    struct blkfront_page *page;
    struct blkif_request_indirect slot = { 0 };

    transfer->first_page = blkfront_pool_take(&disk->pool);
    page = &disk->pool.pages[transfer->first_page];
    slot.operation = BLKIF_OP_INDIRECT;
    slot.indirect_op = transfer->operation;
    slot.nr_segments = (uint16_t)count;
    slot.id = transfer->id;
    slot.sector_number = sector;
    slot.handle = (blkif_vdev_t)disk->id;
    slot.indirect_grefs[0] = (grant_ref_t)page->reference;
    describe(disk, transfer, &page->next, (struct blkif_request_segment *)page->data);
    memcpy(ring_next_request(&disk->ring), &slot, sizeof(slot));
}

long blkfront_room(struct blkfront *disk, size_t bytes)
{
    unsigned int count = (unsigned int)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    unsigned int wanted = count + (count > DIRECT_SEGMENTS ? 1 : 0);
    unsigned int have;

    if (disk->ids.unused == 0)
        return -EAGAIN;
    have = blkfront_pool_reserve(&disk->pool, wanted);
    disk->block.kept_pages = disk->pool.count;
    if (have == wanted)
        return (long)(count * PAGE_SIZE);
    if (disk->ids.unused < disk->ids.count)
        return -EAGAIN;
    if (have == 0)
        return -ENOMEM;
    if (have > DIRECT_SEGMENTS + 1)
        have--;
    else if (have > DIRECT_SEGMENTS)
        have = DIRECT_SEGMENTS;
    return (long)(have * PAGE_SIZE);
}

static void send_discard(struct blkfront *disk, struct block_request *first, size_t bytes)
{
    struct blkif_request_discard slot = { 0 };

    slot.operation = BLKIF_OP_DISCARD;
    slot.flag = first->operation == BLOCK_DISCARD_SECURE ? BLKIF_DISCARD_SECURE : 0;
    slot.handle = (blkif_vdev_t)disk->id;
    slot.sector_number = (first->offset + first->started) / BLKFRONT_SECTOR;
    slot.nr_sectors = bytes / BLKFRONT_SECTOR;
    slot.id = begin(disk, first, BLKIF_OP_DISCARD, bytes)->id;
    memcpy(ring_next_request(&disk->ring), &slot, sizeof(slot));
}

void blkfront_send(struct blkfront *disk, struct block_request *first, size_t bytes)
{
    uint8_t operation = first->operation == BLOCK_WRITE ? BLKIF_OP_WRITE : BLKIF_OP_READ;
    uint64_t sector = (first->offset + first->started) / BLKFRONT_SECTOR;
    unsigned int count = (unsigned int)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);

    if (first->operation != BLOCK_READ && first->operation != BLOCK_WRITE)
        send_discard(disk, first, bytes);
    else if (count > DIRECT_SEGMENTS)
        write_indirect(disk, begin(disk, first, operation, bytes), count, sector);
    else
        write_direct(disk, begin(disk, first, operation, bytes), count, sector);
}

int blkfront_send_flush(struct blkfront *disk, struct block_request *request, uint8_t operation)
{
    if (disk->ids.unused == 0)
        return -EAGAIN;
    write_direct(disk, begin(disk, request, operation, 0), 0, 0);
    return 0;
}

void blkfront_copy_out(const struct blkfront_pool *pool, const struct blkfront_transfer *transfer)
{
    uint16_t index = transfer->first_page;
    struct cursor cursor;
    uint64_t done;

    cursor_set(&cursor, transfer->first, transfer->begin);
    if (transfer->length > DIRECT_SEGMENTS * PAGE_SIZE)
        index = pool->pages[index].next;
    for (done = 0; done < transfer->length; done += PAGE_SIZE, index = pool->pages[index].next)
        empty_page(pool->pages[index].data, &cursor, page_share(transfer, done));
}

void blkfront_release(struct blkfront *disk, const struct blkfront_transfer *transfer)
{
    uint16_t index, next;

    for (index = transfer->first_page; index != BLKFRONT_NO_PAGE; index = next) {
        next = disk->pool.pages[index].next;
        blkfront_pool_put(&disk->pool, index);
    }
    ring_ids_add(&disk->ids, transfer->id);
}
