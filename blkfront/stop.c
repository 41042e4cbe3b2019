/* SPDX-License-Identifier: MIT */
/*
 * The end of a connection, or of the trust in its backend: callers get errors for what is pending
 * and, unless the domain is being saved, for what is queued.
 */
#include "blkfront.h"

#include <errno.h>

#include "lib/base/printk.h"

static void abandon(struct blkfront *disk, struct blkfront_transfer *transfer)
{
    struct block_request *first = transfer->first;

    list_remove(&transfer->link);
    transfer->first = NULL;
    blkfront_end(disk, first, transfer->begin, transfer->length, -EIO);
}

void blkfront_abandon(struct blkfront *disk)
{
    struct list *node;

    disk->ready = false;
    timer_cancel(&disk->ticker);
    while ((node = list_first(&disk->pending)) != NULL)
        abandon(disk, container_of(node, struct blkfront_transfer, link));
    if (!disk->paused)
        blkfront_fail_queue(disk, disk->broken ? -EIO : -ENODEV);
    wake_all(&disk->rest);
}

void blkfront_break(struct blkfront *disk, const char *what)
{
    if (disk->broken)
        return;
    disk->broken = true;
    printk_limited(&disk->bus->log,
                   "%s: the backend broke the protocol (%s); the device is disabled",
                   disk->block.name, what);
    frontend_port_silence(&disk->port);
    blkfront_abandon(disk);
}

void blkfront_disconnect(struct blkfront *disk)
{
    frontend_port_close(&disk->port);
    blkfront_abandon(disk);
    blkfront_ring_destroy(disk);
}
