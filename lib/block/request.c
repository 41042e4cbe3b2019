/* SPDX-License-Identifier: MIT */
/*
 * Requests: the checks that each passes before a provider sees it, its end, and waiting for that.
 *
 * A provider may rely on aligned, nonzero lengths that lie inside of its device at this time. A
 * write that failed may have changed some sectors: the cache is told in either case.
 */
#include <errno.h>

#include "lib/block/blockdev.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"

#define DISCARD_STEP (1ull << 30)

/* 0: the provider may see the request. */
static int check(const struct block_device *device, const struct block_request *request)
{
    const struct block_operations *operations = device->operations;
    uint64_t offset = request->offset, length = request->length;

    if (request->operation == BLOCK_FLUSH)
        return 0;
    if (((offset | length) & (device->sector_size - 1)) != 0)
        return -EINVAL;
    if (offset > device->size || length > device->size - offset)
        return -ENXIO;
    if (request->operation == BLOCK_READ)
        return 0;
    if (device->read_only || (operations->submit == NULL && operations->write == NULL))
        return -EROFS;
    if (request->operation == BLOCK_WRITE)
        return 0;
    return device->discard_granularity == 0 ||
                   (request->operation == BLOCK_DISCARD_SECURE && !device->discard_secure)
               ? -EOPNOTSUPP
               : 0;
}

/* A device that is never busy, part by part. There is none with discards. */
static int perform(struct block_device *device, const struct block_request *request)
{
    const struct block_operations *operations = device->operations;
    const struct iovec *part = request->vector;
    uint64_t done;
    int result = 0;

    if (request->operation == BLOCK_FLUSH)
        return operations->flush != NULL ? operations->flush(device) : 0;
    for (done = 0; result == 0 && done < request->length; done += part++->iov_len) {
        uint64_t offset = request->offset + done;

        if (request->operation == BLOCK_READ)
            result = operations->read(device, offset, part->iov_base, part->iov_len);
        else
            result = operations->write(device, offset, part->iov_base, part->iov_len);
    }
    return result;
}

void block_submit(struct block_device *device, struct block_request *request)
{
    int result = check(device, request);

    if (result != 0 || (request->length == 0 && request->operation != BLOCK_FLUSH)) {
        request->result = result;
        request->done(request);
    } else if (device->operations->submit != NULL) {
        device->operations->submit(device, request);
    } else {
        block_finish(device, request, perform(device, request));
    }
}

void block_finish(struct block_device *device, struct block_request *request, int result)
{
    request->result = result;
    if (request->operation != BLOCK_READ && request->length > 0 && device->watcher != NULL)
        device->watcher->changed(device, request->offset, request->length);
    device->statistics.requests[request->operation]++;
    device->statistics.bytes[request->operation] += request->length;
    device->statistics.errors += result != 0;
    request->done(request);
}

void block_gone(struct block_device *device)
{
    if (device->watcher != NULL)
        device->watcher->replaced(device, false);
}

void block_contents_kept(struct block_device *device)
{
    device->generation++;
    block_gone(device);
}

/* What is cached from the smaller end on is out of date, the page that it lies in included. */
void block_resize(struct block_device *device, uint64_t size)
{
    uint64_t less = size < device->size ? size : device->size;

    device->size = size;
    if (device->watcher != NULL)
        device->watcher->changed(device, less & PAGE_MASK, UINT64_MAX);
}

void block_plug(struct block_device *device)
{
    device->plugged++;
}

static void kick(struct block_device *device)
{
    if (device->operations->kick != NULL)
        device->operations->kick(device);
}

void block_unplug(struct block_device *device)
{
    if (--device->plugged == 0)
        kick(device);
}

/* Somebody who waits for a request. */
struct waiter {
    struct wait_queue queue;
    bool done;
};

static void wake_waiter(struct block_request *request)
{
    struct waiter *waiter = request->argument;

    waiter->done = true;
    wake_all(&waiter->queue);
}

int block_call(struct block_device *device, struct block_request *request)
{
    struct waiter waiter = { .done = false };

    wait_queue_init(&waiter.queue);
    request->done = wake_waiter;
    request->argument = &waiter;
    block_submit(device, request);
    if (device->plugged > 0)
        kick(device);
    wait_until(&waiter.queue, waiter.done, DEADLINE_NEVER);
    return request->result;
}

static int call(struct block_device *device, enum block_operation operation, uint64_t offset,
                void *buffer, uint64_t length)
{
    struct iovec vector = { buffer, length };
    struct block_request request = {
        .operation = operation,
        .offset = offset,
        .length = length,
        .vector = &vector,
    };

    return block_call(device, &request);
}

int block_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    return call(device, BLOCK_READ, offset, buffer, length);
}

/* The data of a write is only read. */
int block_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length)
{
    return call(device, BLOCK_WRITE, offset, (void *)buffer, length);
}

int block_flush(struct block_device *device)
{
    return call(device, BLOCK_FLUSH, 0, NULL, 0);
}

/* Of a long discard: bytes up to the next place where a step ends and no granule is cut. */
static uint64_t discard_step(const struct block_device *device, uint64_t offset)
{
    uint64_t granularity = device->discard_granularity, step = DISCARD_STEP;

    step = granularity > step ? granularity : step - step % granularity;
    return step - (offset + step - device->discard_alignment % step) % step;
}

/*
 * Each step is a request of its own, so that others are served between two of them, and a device
 * that goes ends it at the next one.
 */
int block_discard(struct block_device *device, uint64_t offset, uint64_t length, bool secure)
{
    enum block_operation operation = secure ? BLOCK_DISCARD_SECURE : BLOCK_DISCARD;
    struct block_request whole = { .operation = operation, .offset = offset, .length = length };
    int result = check(device, &whole);

    while (result == 0 && length > 0) {
        uint64_t step = length > DISCARD_STEP ? discard_step(device, offset) : length;

        step = step < length ? step : length;
        result = call(device, operation, offset, NULL, step);
        offset += step;
        length -= step;
    }
    return result;
}
