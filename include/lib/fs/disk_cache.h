/* SPDX-License-Identifier: MIT */
/*
 * Disks in the page cache: a device's bytes as pages (lib/fs/page_cache.h), for /dev/xvdX and for
 * file systems that read their own structures.
 *
 * Reads go through the cache, whatever their length. So do small writes; of a write from
 * DISK_CACHE_BYPASS bytes on, whole pages go straight from the caller's buffer to the device, and
 * so does all that is written to a device without a queue.
 *
 * A call past the cache (the direct ones) sees what was written through it before, and the other
 * way round, and two writes of different bytes never undo each other. block_read(), block_write()
 * and block_submit() know of no cache: it forgets what they overwrite, but what it has not written
 * yet may come before or after.
 *
 * All calls: a count, less where a bad place behind it ended the transfer, or -errno: -ENXIO (not
 * inside of the device), -EROFS, -ENOMEM, or what the device answers. Threads only; they wait.
 */
#ifndef LIB_FS_DISK_CACHE_H
#define LIB_FS_DISK_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/block/blockdev.h"

#define DISK_CACHE_BYPASS 32768u

/* Any alignment. */
ssize_t disk_read(struct block_device *device, uint64_t offset, void *buffer, size_t length);
ssize_t disk_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length);
ssize_t disk_read_direct(struct block_device *device, uint64_t offset, void *buffer, size_t length);
ssize_t disk_write_direct(struct block_device *device, uint64_t offset, const void *buffer,
                          size_t length);
/* All of it, or -errno. */
int disk_read_all(struct block_device *device, uint64_t offset, void *buffer, size_t length);
/*
 * All that was written before is on stable storage when this returns 0: writes what is not yet
 * written, and has the device flush its own cache. Otherwise the first error since the last call.
 */
int disk_sync(struct block_device *device);
/* Of this range, the device has all that was written through the cache before. */
void disk_settle(struct block_device *device, uint64_t offset, uint64_t length);

#endif
