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

#include "lib/block/blockcache.h"
#include "lib/sched/sched.h"

struct cached_page {
    struct list chain; /* of its hash bucket; alone once dropped */
    struct list use;   /* oldest first */
    struct block_device *device;
    uint64_t index;    /* offset on the device / PAGE_SIZE */
    char *data;
    size_t length;     /* valid bytes: less than a page at the end of the device, as it was then */
    unsigned int references; /* one of them while it is dirty or being written */
    bool reading;
    bool dirty;        /* changed since it was last handed to the device */
    bool writing;
    bool ahead;        /* whoever comes here has the pages behind the last run read */
    int error;         /* of the read, when it failed */
    struct wait_queue read_done;
    struct list dirty_link;
    unsigned int turn; /* of the write */
    struct block_request request;
    struct iovec vector;
};

/* Has the device grown since its end cut this page off? What is behind that is not known. */
bool cache_page_is_short(const struct cached_page *page);
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
/* Pages that are neither dirty nor being written, or all. */
void cache_pages_drop_device(const struct block_device *device, bool all);
void cache_page_put(struct cached_page *page);
size_t cache_pages_held(void);
size_t cache_pages_limit(void);

/* cache.c: the page that holds `offset`, as block_cache_read() wants it; NULL: no memory. */
struct cached_page *cache_get_page(struct block_device *device, uint64_t offset, size_t length);
/* The bytes that go past the cache from `offset` on: whole sectors, if there are enough of them. */
size_t cache_bypass_length(const struct block_device *device, uint64_t offset, size_t length);
/* Have the device tell the cache of changes. */
void cache_attach(struct block_device *device);

/* cache_write.c: all dirty pages of the device are void; pages held for that reason; start some. */
void cache_writes_forget(struct block_device *device);
size_t cache_writes_held(void);
void cache_writes_start_all(void);

#endif
