/* SPDX-License-Identifier: MIT */
/*
 * A disk when the domain is saved and restored.
 *
 * Transfers that are with the backend are waited for: a backend that still worked on one after the
 * domain has gone on elsewhere could write over newer data, and what it wrote into our pages in the
 * last moment may not be in the saved image. So nothing is ever done twice, and nothing is pending
 * in a new domain. A flush follows, since the caches of this host are out of reach of a later
 * fsync() on another. The queue waits in between (`paused`), and finds the disk connected anew. A
 * disk that does not come back in time gives its callers errors.
 */
#include "blkfront.h"

#include <errno.h>

#include "lib/base/printk.h"

static void too_late(void *argument)
{
    struct blkfront *disk = argument;

    printk("%s: the disk is not there after the restore", disk->block.name);
    blkfront_unpause(disk);
}

void blkfront_suspend(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    if (disk->ready)
        disk->paused = true;
}

/*
 * It was the last one here, perhaps: who flushes next is told of its error. A backend that cannot
 * flush has promised nothing to fsync() either.
 */
static void flushed(struct block_request *request)
{
    struct blkfront *disk = request->argument;

    if (request->result != -EOPNOTSUPP)
        disk->flush_error = request->result;
}

/* Beside the queue, which is paused; the last flush of this kind has ended, since nothing pends. */
static void flush(struct blkfront *disk)
{
    struct block_request *request = &disk->last_flush;
    int result;

    *request = (struct block_request){
        .operation = BLOCK_FLUSH,
        .done = flushed,
        .argument = disk,
    };
    result = blkfront_start_flush(disk, request);
    if (result != 0 || request->pending == 0) {
        request->result = result;
        flushed(request);
    }
    blkfront_publish(disk);
}

/*
 * Each transfer has a time limit, after which the device breaks and what is pending ends. A flush
 * that has not ended at the deadline stays pending, and a later drain waits for it.
 */
int blkfront_drain(struct xenbus_device *bus, uint64_t deadline)
{
    struct blkfront *disk = bus->private_data;
    int result = wait_until(&disk->rest, list_empty(&disk->pending), deadline);

    if (result != 0 || !disk->ready)
        return result;
    flush(disk);
    return wait_until(&disk->rest, list_empty(&disk->pending), deadline);
}

void blkfront_unpause(struct blkfront *disk)
{
    timer_cancel(&disk->patience);
    disk->paused = false;
    blkfront_pump(disk);
}

/* A disk that has not come back from the last restore yet is still waited for. */
void blkfront_cancel(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    if (disk->ready || !timer_pending(&disk->patience))
        blkfront_unpause(disk);
}

void blkfront_resume(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    disk->paused = true;
    timer_cancel(&disk->patience);
    timer_init(&disk->patience, too_late, disk);
    timer_set(&disk->patience, deadline_after(BLKFRONT_TIME_LIMIT));
    blkfront_disconnect(disk);
}
