/* SPDX-License-Identifier: MIT */
/*
 * The block cache: pages of 4 KiB, least recently used first out, one cache for all devices.
 *
 * Filesystems and /dev/xvdX read and write through it, so that hot data costs no disk request, and
 * small writes are gathered. Large transfers do not: from BLOCK_CACHE_BYPASS bytes on, whole
 * sectors go straight between the device and the caller's buffer, after what the cache has not
 * written yet. Readers that go in order find the next pages already read, or under way.
 *
 * What was written stays in memory until block_cache_sync(), for at most five seconds, or until an
 * eighth of the cache is such; at a quarter writers wait. An error of writing back is told to the
 * next block_cache_sync(), once; the data is then lost, and reads show what the disk has.
 *
 * block_read(), block_write() and block_submit() go past the cache: it forgets what they overwrite,
 * but what it has not written yet may come before or after. Errors of reads are not cached.
 */
#ifndef LIB_BLOCK_BLOCKCACHE_H
#define LIB_BLOCK_BLOCKCACHE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/block/blockdev.h"

#define BLOCK_CACHE_BYPASS 32768u

/*
 * Read `length` bytes at `offset`, any alignment. 0, -ENXIO (outside of the device), -ENOMEM (not
 * one page to be had), or what the device answers; on error the buffer's contents are undefined.
 * May block: threads only; any number of them at once.
 */
int block_cache_read(struct block_device *device, uint64_t offset, void *buffer, size_t length);

/*
 * Write likewise; -EROFS, too. When there is no memory, the data goes straight to the device, as it
 * does on devices that have no queue.
 */
int block_cache_write(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length);
/*
 * All that was written before is on stable storage when this returns 0: writes what is not yet
 * written, and has the device flush its own cache. Otherwise the first error since the last call.
 */
int block_cache_sync(struct block_device *device);
/* Write what is not yet written of this range, and wait for that: for who goes past the cache. */
void block_cache_settle(struct block_device *device, uint64_t offset, uint64_t length);

/*
 * The most pages that the cache may hold (at least 8). Before the first read: the default is a
 * quarter of the memory free at that time.
 */
void block_cache_set_limit(size_t pages);
/*
 * Give back up to `pages` pages, oldest first; returns how many. For memory pressure. Any context.
 */
size_t block_cache_shrink(size_t pages);

struct block_cache_statistics {
    size_t pages;           /* held now */
    size_t limit;
    size_t unwritten;       /* of these; they cannot be given back at once */
    uint64_t hits, misses;  /* pages asked for */
    uint64_t requests;      /* sent to devices, bypassing ones included */
};
void block_cache_statistics(struct block_cache_statistics *statistics);

#endif
