/* SPDX-License-Identifier: MIT */
/*
 * blkfront's queue: from requests to transfers.
 *
 * A request is in the queue while it has bytes that no transfer covers. Its `pending` counts who
 * holds it: the queue and each transfer with a part of it; the last one to let go tells the caller.
 * A request that goes on where another in the queue ends is put behind that one, and a transfer
 * takes from its neighbours what fits. A request larger than a transfer goes to the queue's end
 * between two pieces, so that small ones get past.
 */
#include "blkfront.h"

#include <errno.h>

#include "lib/mm/pages.h"

#define MERGE_LOOK 16u /* requests from the queue's end that a new one is compared with */
#define DISCARD_MOST (1u << 30) /* bytes of one transfer: it has a time limit */

static struct block_request *request_of(const struct list *node)
{
    return container_of(node, struct block_request, link);
}

void blkfront_put(struct blkfront *disk, struct block_request *request, int error)
{
    if (request->result == 0)
        request->result = error;
    if (--request->pending == 0)
        block_finish(&disk->block, request, request->result);
}

static void leave_queue(struct blkfront *disk, struct block_request *request, int error)
{
    list_remove(&request->link);
    blkfront_put(disk, request, error);
}

void blkfront_fail_queue(struct blkfront *disk, int error)
{
    struct list *node;

    while ((node = list_first(&disk->queue)) != NULL)
        leave_queue(disk, request_of(node), error);
}

/* Does `next` go on where `request` ends? A flush does not go on. */
static bool follows(const struct block_request *request, const struct block_request *next)
{
    return next->operation == request->operation && next->operation != BLOCK_FLUSH &&
           next->started == 0 && next->offset == request->offset + request->length;
}

static void enqueue(struct blkfront *disk, struct block_request *request)
{
    struct list *node = disk->queue.prev;

    for (unsigned int i = 0; i < MERGE_LOOK && node != &disk->queue; i++, node = node->prev) {
        if (follows(request_of(node), request)) {
            list_prepend(node, &request->link);
            return;
        }
        if (follows(request, request_of(node))) {
            list_insert_before(node, &request->link);
            return;
        }
    }
    list_append(&disk->queue, &request->link);
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

/* Chain the requests that one transfer from `first` on can take: how many bytes. */
static size_t gather(const struct blkfront *disk, struct block_request *first)
{
    bool data = first->operation == BLOCK_READ || first->operation == BLOCK_WRITE;
    size_t most = data ? disk->segments * PAGE_SIZE : DISCARD_MOST;
    uint64_t bytes = first->length - first->started;
    struct block_request *last = first;

    while (bytes < most && last->link.next != &disk->queue) {
        struct block_request *next = request_of(last->link.next);

        if (!follows(last, next) || refusal(disk, next) != 0)
            break;
        bytes += next->length;
        last->next = next;
        last = next;
    }
    return bytes < most ? (size_t)bytes : most;
}

/* A transfer has taken `bytes` of the chain. */
static void account(struct blkfront *disk, struct block_request *request, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t rest = request->length - request->started;
        struct block_request *next = request->next;

        request->pending++;
        request->started += bytes < rest ? bytes : rest;
        if (bytes < rest)
            return;
        leave_queue(disk, request, 0);
        bytes -= rest;
        disk->block.statistics.merged += bytes > 0;
        request = next;
    }
}

static void let_others_pass(struct blkfront *disk, struct block_request *request)
{
    if (list_first(&disk->queue) != &request->link || request->link.next == &disk->queue ||
        follows(request, request_of(request->link.next)))
        return;
    list_remove(&request->link);
    list_append(&disk->queue, &request->link);
}

static int start_data(struct blkfront *disk, struct block_request *request)
{
    long bytes = blkfront_send(disk, request, gather(disk, request));

    if (bytes < 0)
        return (int)bytes;
    account(disk, request, (uint64_t)bytes);
    if (request->started < request->length)
        let_others_pass(disk, request);
    return 0;
}

/* Start the queue's first request, or its next piece: 0, or -EAGAIN. */
static int start(struct blkfront *disk, struct block_request *request)
{
    int result = refusal(disk, request);

    if (result == 0 && request->operation == BLOCK_FLUSH) {
        result = blkfront_start_flush(disk, request);
        if (result == 0)
            leave_queue(disk, request, 0);
    } else if (result == 0) {
        result = start_data(disk, request);
    }
    if (result != 0 && result != -EAGAIN)
        leave_queue(disk, request, result);
    return result == -EAGAIN ? result : 0;
}

void blkfront_pump(struct blkfront *disk)
{
    struct list *node;

    while (!disk->paused && (node = list_first(&disk->queue)) != NULL)
        if (start(disk, request_of(node)) != 0)
            break;
    blkfront_publish(disk);
}

void blkfront_submit(struct block_device *device, struct block_request *request)
{
    struct blkfront *disk = device->private_data;

    request->result = 0;
    request->started = 0;
    request->pending = 1;
    enqueue(disk, request);
    if (device->plugged == 0)
        blkfront_pump(disk);
}

void blkfront_kick(struct block_device *device)
{
    blkfront_pump(device->private_data);
}
