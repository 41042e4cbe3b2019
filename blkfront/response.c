/* SPDX-License-Identifier: MIT */
/*
 * blkfront's events: responses, and time that passes without them.
 *
 * Nothing here blocks, so no lock is needed. The event handler copies what was read to where it
 * belongs, at most a ring full of it, and then starts what has waited for the room.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>

/*
 * Flushes and discards can be "not supported", and then are not sent again; for data that is an
 * error like any other.
 */
static int error_of(struct blkfront *disk, const struct blkfront_transfer *transfer, int16_t status)
{
    if (status == BLKIF_RSP_OKAY)
        return 0;
    if (status != BLKIF_RSP_EOPNOTSUPP || transfer->operation == BLKIF_OP_READ ||
        transfer->operation == BLKIF_OP_WRITE)
        return -EIO;
    if (transfer->operation == BLKIF_OP_DISCARD)
        disk->block.discard_granularity = 0;
    else
        disk->flush = BLKFRONT_FLUSH_UNSUPPORTED;
    return -EOPNOTSUPP;
}

/* The answer to a transfer that somebody waits for. */
static void complete(struct blkfront *disk, struct blkfront_transfer *transfer, int error)
{
    struct block_request *first = transfer->first;
    uint64_t begin = transfer->begin, length = transfer->length;

    list_remove(&transfer->link);
    if (transfer->sampled != 0) {
        disk->block.statistics.sampled++;
        disk->block.statistics.sampled_ns += clock_monotonic() - transfer->sampled;
    }
    if (error == 0 && transfer->operation == BLKIF_OP_READ)
        blkfront_copy_out(&disk->pool, transfer);
    transfer->first = NULL;
    blkfront_release(disk, transfer);
    blkfront_end(disk, first, begin, length, error);
}

/* One response: its transfer is finished. */
static void finish(struct blkfront *disk, const struct blkif_response *response)
{
    struct blkfront_transfer *transfer;

    if (!ring_ids_pending(&disk->ids, response->id)) {
        blkfront_break(disk, "response with a wrong id");
        return;
    }
    transfer = &disk->transfers[response->id];
    if (response->operation != transfer->operation) {
        blkfront_break(disk, "response with a wrong operation");
        return;
    }
    ring_ids_withdraw(&disk->ids, transfer->id);
    if (transfer->first == NULL)
        blkfront_release(disk, transfer);
    else
        complete(disk, transfer, error_of(disk, transfer, response->status));
}

/*
 * Take all responses that there are, and that come meanwhile: how many. It ends, since what is
 * submitted meanwhile waits for blkfront_pump(), and what was not submitted is not answered.
 */
static unsigned int take_responses(struct blkfront *disk)
{
    struct blkif_response response;
    unsigned int taken = 0;
    int ready;

    disk->block.plugged++;
    while (!disk->broken) {
        ready = ring_arm(&disk->ring, 1);
        if (ready < 0)
            blkfront_break(disk, "producer out of range");
        if (ready <= 0)
            break;
        for (; ready > 0 && !disk->broken; ready--, taken++) {
            ring_take(&disk->ring, &response, sizeof(response));
            finish(disk, &response);
        }
    }
    disk->block.plugged--;
    blkfront_pump(disk);
    if (list_empty(&disk->pending))
        wake_all(&disk->rest);
    return taken;
}

void blkfront_event(void *argument)
{
    struct blkfront *disk = argument;
    unsigned int taken = take_responses(disk);

    if (!disk->broken)
        frontend_port_rearm(&disk->port, taken > 0);
}

static bool too_old(const struct blkfront *disk)
{
    const struct list *oldest = list_first(&disk->pending);

    return oldest != NULL &&
           disk->ticks - container_of(oldest, struct blkfront_transfer, link)->tick >=
               BLKFRONT_TIME_LIMIT / BLKFRONT_TICK;
}

/* The event of a late transfer may be what is missing: look once more before giving up. */
void blkfront_tick(void *argument)
{
    struct blkfront *disk = argument;

    disk->ticks++;
    if (too_old(disk))
        take_responses(disk);
    if (too_old(disk))
        blkfront_break(disk, "a request was not answered in time");
    blkfront_expire(disk);
    if (!list_empty(&disk->pending))
        timer_set(&disk->ticker, deadline_after(BLKFRONT_TICK));
}
