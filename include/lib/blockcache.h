/* SPDX-License-Identifier: MIT */
/*
 * Cached reads of block devices: pages of 4 KiB, least recently used first out, one cache for all
 * devices.
 *
 * Filesystems read through it, so that hot data costs no disk request. Large reads do not: from
 * BLOCK_CACHE_BYPASS bytes on, whole sectors go straight from the device to the caller's buffer.
 * block_write() drops what it overwrites. Errors are not cached.
 */
#ifndef LIB_BLOCKCACHE_H
#define LIB_BLOCKCACHE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/blockdev.h"

#define BLOCK_CACHE_BYPASS 32768u

/*
 * Read `length` bytes at `offset`, any alignment. 0, -ENXIO (outside of the device), -ENOMEM (not
 * one page to be had), or what the device answers; on error the buffer's contents are undefined.
 * May block: threads only; any number of them at once.
 */
int block_cache_read(struct block_device *device, uint64_t offset, void *buffer, size_t length);

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
    uint64_t hits, misses;  /* pages asked for */
    uint64_t requests;      /* sent to devices, bypassing ones included */
};
void block_cache_statistics(struct block_cache_statistics *statistics);

#endif
