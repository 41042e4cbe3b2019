/* SPDX-License-Identifier: MIT */
/*
 * Inside of the block cache: the pages, their hash table and their order of use. cache.c decides
 * what to read; nothing here blocks.
 *
 * A page is hashed (findable, and in the order of use) from its creation until it is dropped:
 * evicted, overwritten on the device, or failed to be read. References keep a dropped page's memory
 * until the last thread that looks at it is done; a page with references is never evicted.
 */
#ifndef LIB_BLOCK_CACHE_PAGES_H
#define LIB_BLOCK_CACHE_PAGES_H

#include "lib/blockcache.h"
#include "lib/sched.h"

struct cached_page {
    struct list chain; /* of its hash bucket; alone once dropped */
    struct list use;   /* oldest first */
    struct block_device *device;
    uint64_t index;    /* offset on the device / PAGE_SIZE */
    char *data;
    unsigned int references;
    bool reading;
    int error;         /* of the read, when it failed */
    struct wait_queue read_done;
};

/* Set the table up at the first call: 0 or -ENOMEM. */
int cache_pages_ready(void);
/* The hashed page, or NULL. No reference is taken. */
struct cached_page *cache_page_find(struct block_device *device, uint64_t index);
/*
 * A new hashed page in state reading, with one reference; evicts when it must. NULL when no page
 * can be had.
 */
struct cached_page *cache_page_create(struct block_device *device, uint64_t index);
void cache_page_used(struct cached_page *page);
void cache_page_drop(struct cached_page *page);
void cache_pages_drop_device(const struct block_device *device);
void cache_page_put(struct cached_page *page);
size_t cache_pages_held(void);
size_t cache_pages_limit(void);

#endif
