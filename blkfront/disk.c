/* SPDX-License-Identifier: MIT */
/*
 * blkfront as a block device: the operations of lib/blockdev.h. A transfer is cut into requests,
 * all of which are in flight before the first is waited for, as far as ids and pages go.
 *
 * Flush: a backend that offers neither FLUSH_DISKCACHE nor barriers because its disk has no
 * volatile cache says so with "0" in feature-flush-cache; then writes are stable when they are
 * answered, and flush has nothing to do. One that does not say anything cannot promise anything:
 * flush answers -EOPNOTSUPP, as it does when the backend refuses the request.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>

static int transfer(struct blkfront *disk, uint8_t operation, uint64_t offset, uint8_t *data,
                    size_t length)
{
    struct blkfront_batch batch;

    blkfront_batch_init(&batch);
    while (batch.outstanding > 0 || (length > 0 && batch.error == 0)) {
        blkfront_collect(disk, &batch);
        if (length > 0 && batch.error == 0) {
            long done = blkfront_start(disk, &batch, operation, offset, data, length);

            if (done > 0) {
                offset += (uint64_t)done;
                data += done;
                length -= (size_t)done;
                continue;
            }
            if (done != -EAGAIN) {
                batch.error = (int)done;
                continue;
            }
            blkfront_wait(disk, &batch);
        } else if (batch.outstanding > 0) {
            blkfront_wait(disk, &batch);
        }
    }
    return batch.error;
}

/* Only a flush can be "not supported"; for data that is an error like any other. */
static int data_error(int error)
{
    return error == -EOPNOTSUPP ? -EIO : error;
}

static int disk_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    return data_error(transfer(device->private_data, BLKIF_OP_READ, offset, buffer, length));
}

static int disk_write(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length)
{
    /* The data of a write is only read; one path serves both directions. */
    return data_error(
        transfer(device->private_data, BLKIF_OP_WRITE, offset, (uint8_t *)buffer, length));
}

static int flush_now(struct blkfront *disk, uint8_t operation, bool in_pause)
{
    struct blkfront_batch batch;
    int result;

    blkfront_batch_init(&batch);
    batch.in_pause = in_pause;
    while ((result = blkfront_start_flush(disk, &batch, operation)) == -EAGAIN)
        blkfront_wait(disk, &batch);
    if (result != 0)
        return result;
    while (batch.outstanding > 0) {
        blkfront_wait(disk, &batch);
        blkfront_collect(disk, &batch);
    }
    return batch.error;
}

int blkfront_flush(struct blkfront *disk, bool in_pause)
{
    int result;

    if (!disk->ready)
        return disk->broken ? -EIO : -ENODEV;
    if (disk->block.read_only || disk->flush == BLKFRONT_FLUSH_NOT_NEEDED)
        return 0;
    if (disk->flush == BLKFRONT_FLUSH_UNSUPPORTED)
        return -EOPNOTSUPP;
    result = flush_now(disk,
                       disk->flush == BLKFRONT_FLUSH_CACHE ? BLKIF_OP_FLUSH_DISKCACHE
                                                           : BLKIF_OP_WRITE_BARRIER,
                       in_pause);
    if (result == -EOPNOTSUPP)
        disk->flush = BLKFRONT_FLUSH_UNSUPPORTED;
    return result;
}

static int disk_flush(struct block_device *device)
{
    struct blkfront *disk = device->private_data;

    wait_until(&disk->space, !disk->paused, DEADLINE_NEVER);
    return blkfront_flush(disk, false);
}

const struct block_operations blkfront_operations = {
    .read = disk_read,
    .write = disk_write,
    .flush = disk_flush,
};
