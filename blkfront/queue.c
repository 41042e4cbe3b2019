/* SPDX-License-Identifier: MIT */
/*
 * blkfront's queue: from requests to transfers.
 *
 * Requests that go on where another one ends form a run: `next` leads through it, and its first
 * request stands in the queue. Runs take turns. A turn is one transfer, filled from the run's
 * beginning; what is left goes to the queue's end. So who queues waits for one turn of each run in
 * front of it, however much is added to these runs meanwhile.
 *
 * A transfer takes one piece of one request, or several requests that end in it. If it fails, each
 * of those is sent again, alone: an error is told to that request only which has it.
 *
 * A request is in the queue while it has bytes that no transfer covers. Its `pending` counts who
 * holds it: the queue and each transfer with a part of it; the last one to let go tells the caller.
 */
#include "blkfront.h"

#include <errno.h>

#include "lib/mm/pages.h"

#define MERGE_LOOK 16u          /* runs from the queue's end that a new request is compared with */
#define DISCARD_MOST (1u << 30) /* bytes of one transfer: it has a time limit */

static struct block_request *request_of(const struct list *node)
{
    return container_of(node, struct block_request, link);
}

static struct block_request *first_run(const struct blkfront *disk)
{
    struct list *node = list_first(&disk->queue);

    return node != NULL ? request_of(node) : NULL;
}

static void put(struct blkfront *disk, struct block_request *request, int error)
{
    if (request->result == 0)
        request->result = error;
    if (--request->pending == 0)
        block_finish(&disk->block, request, request->result);
}

/* At the queue's end; it has had its turn. */
static void append_run(struct blkfront *disk, struct block_request *first)
{
    first->queued = disk->ticks;
    list_append(&disk->queue, &first->link);
}

/* The first request of a run leaves the queue, and the next one takes its place. */
static void leave_queue(struct blkfront *disk, struct block_request *first, int error)
{
    struct block_request *next = first->next;

    if (next != NULL) {
        next->last = first->last;
        list_insert_before(&first->link, &next->link);
    }
    list_remove(&first->link);
    put(disk, first, error);
}

void blkfront_fail_queue(struct blkfront *disk, int error)
{
    struct block_request *first;

    while ((first = first_run(disk)) != NULL)
        leave_queue(disk, first, error);
}

static bool too_old(const struct blkfront *disk, const struct block_request *request)
{
    return disk->ticks - request->queued >= BLKFRONT_QUEUE_LIMIT / BLKFRONT_TICK;
}

/* The oldest runs are in front, or nearly: what was merged with an older one is not looked at. */
void blkfront_expire(struct blkfront *disk)
{
    struct block_request *first;

    while ((first = first_run(disk)) != NULL && too_old(disk, first))
        leave_queue(disk, first, -EIO);
}

/* Does `next` go on where `request` ends? A flush does not go on. */
static bool follows(const struct block_request *request, const struct block_request *next)
{
    return next->operation == request->operation && next->operation != BLOCK_FLUSH &&
           next->started == 0 && !next->alone && !request->alone &&
           next->offset == request->offset + request->length;
}

/*
 * The request goes behind a run, in front of one, or between two, which then are one. The place is
 * that of the run which is nearer to its turn.
 */
static void enqueue(struct blkfront *disk, struct block_request *request)
{
    struct block_request *before = NULL, *behind = NULL, *first = request;
    struct list *place = &disk->queue, *node = disk->queue.prev;

    for (unsigned int i = 0; i < MERGE_LOOK && node != &disk->queue; i++, node = node->prev) {
        struct block_request *run = request_of(node);

        if (before == NULL && follows(run->last, request))
            before = request_of(place = node);
        else if (behind == NULL && follows(request, run))
            behind = request_of(place = node);
    }
    if (before != NULL) {
        before->last->next = request;
        before->last = request;
        first = before;
    }
    if (place != &first->link) {
        list_remove(&first->link);
        list_insert_before(place, &first->link);
    }
    if (behind != NULL) {
        list_remove(&behind->link);
        first->last->next = behind;
        first->last = behind->last;
    }
}

static void prepare(struct blkfront *disk, struct block_request *request, uint64_t started)
{
    request->started = started;
    request->queued = disk->ticks;
    request->next = NULL;
    request->last = request;
    list_init(&request->link);
}

/* The disk may have become another since the request was made. */
static int refusal(const struct blkfront *disk, const struct block_request *request)
{
    const struct block_device *device = &disk->block;

    if (request->result != 0)
        return request->result;
    if (!disk->ready)
        return disk->broken ? -EIO : -ENODEV;
    if (request->operation == BLOCK_FLUSH)
        return 0;
    if (request->operation != BLOCK_READ && device->read_only)
        return -EROFS;
    if (((request->offset | request->length) & (device->sector_size - 1)) != 0)
        return -EINVAL;
    return request->offset > device->size || request->length > device->size - request->offset
               ? -ENXIO
               : 0;
}

/* How many bytes of a run go into a transfer of `most`: of its first request, or whole requests. */
static size_t gather(const struct blkfront *disk, const struct block_request *first, size_t most)
{
    uint64_t bytes = first->length - first->started;

    for (const struct block_request *next = first->next;
         next != NULL && bytes < most && next->length <= most - bytes && refusal(disk, next) == 0;
         next = next->next)
        bytes += next->length;
    return bytes < most ? (size_t)bytes : most;
}

/* A transfer has taken `bytes` of the run: what is left of it waits for another turn. */
static void account(struct blkfront *disk, struct block_request *request, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t rest = request->length - request->started;
        struct block_request *next = request->next;

        request->pending++;
        if (bytes < rest) {
            request->started += bytes;
            break;
        }
        request->started = request->length;
        leave_queue(disk, request, 0);
        bytes -= rest;
        disk->block.statistics.merged += bytes > 0;
        request = next;
    }
    if (request != NULL) {
        list_remove(&request->link);
        append_run(disk, request);
    }
}

static int start_data(struct blkfront *disk, struct block_request *first)
{
    bool data = first->operation == BLOCK_READ || first->operation == BLOCK_WRITE;
    size_t bytes = gather(disk, first, data ? disk->segments * PAGE_SIZE : DISCARD_MOST);
    long room = blkfront_room(disk, data ? bytes : 0);

    if (room < 0)
        return (int)room;
    if (data)
        bytes = gather(disk, first, (size_t)room);
    blkfront_send(disk, first, bytes);
    account(disk, first, bytes);
    return 0;
}

/* A turn of the queue's first run: 0, or -EAGAIN. */
static int start(struct blkfront *disk, struct block_request *first)
{
    int result = refusal(disk, first);

    if (result == 0 && first->operation == BLOCK_FLUSH) {
        result = blkfront_start_flush(disk, first);
        if (result == 0)
            leave_queue(disk, first, 0);
    } else if (result == 0) {
        result = start_data(disk, first);
    }
    if (result != 0 && result != -EAGAIN)
        leave_queue(disk, first, result);
    return result == -EAGAIN ? result : 0;
}

void blkfront_pump(struct blkfront *disk)
{
    struct block_request *first;

    while (!disk->paused && (first = first_run(disk)) != NULL)
        if (start(disk, first) != 0)
            break;
    blkfront_publish(disk);
}

void blkfront_submit(struct block_device *device, struct block_request *request)
{
    struct blkfront *disk = device->private_data;

    request->result = 0;
    request->pending = 1;
    request->alone = false;
    prepare(disk, request, 0);
    enqueue(disk, request);
    if (device->plugged == 0)
        blkfront_pump(disk);
}

void blkfront_kick(struct block_device *device)
{
    blkfront_pump(device->private_data);
}

/* What the transfer held goes to the queue. */
static void send_again(struct blkfront *disk, struct block_request *request, uint64_t begin)
{
    request->alone = true;
    prepare(disk, request, begin);
    append_run(disk, request);
}

void blkfront_end(struct blkfront *disk, struct block_request *request, uint64_t begin,
                  uint64_t length, int error)
{
    bool shared = length > request->length - begin;

    do {
        uint64_t rest = request->length - begin, part = rest < length ? rest : length;
        struct block_request *next = request->next;

        if (shared && error == -EIO && disk->ready)
            send_again(disk, request, begin);
        else
            put(disk, request, error);
        length -= part;
        begin = 0;
        request = next;
    } while (length > 0);
}
