/* SPDX-License-Identifier: MIT */
/*
 * The block cache's pages: see cache_pages.h.
 *
 * The table of buckets is made once, for the limit that holds at the first read, and never grows:
 * with the default limit a chain holds two pages on average.
 */
#include <errno.h>

#include "cache_pages.h"
#include "lib/mm/heap.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"

#define MINIMUM_PAGES 8u

static struct list *buckets;
static size_t bucket_count; /* a power of two */
static struct list by_use = LIST_INIT(by_use);
static size_t held, limit;

void block_cache_set_limit(size_t pages)
{
    limit = pages < MINIMUM_PAGES ? MINIMUM_PAGES : pages;
    if (held > limit)
        block_cache_shrink(held - limit);
}

size_t cache_pages_held(void)
{
    return held;
}

size_t cache_pages_limit(void)
{
    return limit;
}

/* What is not written yet cannot go now, but when it is asked for again. */
static size_t release(size_t pages, void *unused)
{
    size_t freed = block_cache_shrink(pages);

    (void)unused;
    if (freed < pages)
        cache_writes_start_all();
    return freed;
}

int cache_pages_ready(void)
{
    static struct memory_pressure pressure = { .release = release };
    size_t count = 16;

    if (buckets != NULL)
        return 0;
    if (limit == 0)
        block_cache_set_limit(pages_unused() / 4);
    while (count < limit / 2)
        count *= 2;
    buckets = kernel_alloc(count * sizeof(*buckets));
    if (buckets == NULL)
        return -ENOMEM;
    bucket_count = count;
    memory_pressure_register(&pressure);
    while (count-- > 0)
        list_init(&buckets[count]);
    return 0;
}

static struct list *bucket_of(const struct block_device *device, uint64_t index)
{
    uint64_t mixed = (index ^ (uintptr_t)device >> 4) * 0x9e3779b97f4a7c15u;

    return &buckets[(mixed >> 32) & (bucket_count - 1)];
}

struct cached_page *cache_page_find(struct block_device *device, uint64_t index)
{
    struct list *node, *next, *bucket = bucket_of(device, index);

    list_for_each(node, next, bucket) {
        struct cached_page *page = container_of(node, struct cached_page, chain);

        if (page->index == index && page->device == device)
            return page;
    }
    return NULL;
}

static void free_page(struct cached_page *page)
{
    page_free(page->data);
    kernel_free(page);
    held--;
}

void cache_page_drop(struct cached_page *page)
{
    list_remove(&page->chain);
    list_remove(&page->use);
    if (page->references == 0)
        free_page(page);
}

void cache_pages_drop_device(const struct block_device *device, bool all)
{
    struct list *node, *next;

    list_for_each(node, next, &by_use) {
        struct cached_page *page = container_of(node, struct cached_page, use);

        if (page->device == device && (all || (!page->dirty && !page->writing)))
            cache_page_drop(page);
    }
}

size_t cache_bypass_length(const struct block_device *device, uint64_t offset, size_t length)
{
    size_t mask = device->sector_size - 1;

    return (offset & mask) == 0 && length >= BLOCK_CACHE_BYPASS ? length & ~mask : 0;
}

/* Of a page that begins at the end or beyond, all: the device then refuses it. */
static size_t length_now(const struct block_device *device, uint64_t index)
{
    uint64_t start = index << PAGE_SHIFT;

    return start < device->size && device->size - start < PAGE_SIZE ? device->size - start
                                                                    : PAGE_SIZE;
}

bool cache_page_is_short(const struct cached_page *page)
{
    return page->length < length_now(page->device, page->index);
}

void cache_page_put(struct cached_page *page)
{
    if (--page->references == 0 && list_empty(&page->chain))
        free_page(page);
}

void cache_page_used(struct cached_page *page)
{
    list_remove(&page->use);
    list_append(&by_use, &page->use);
}

size_t block_cache_shrink(size_t pages)
{
    struct list *node, *next;
    size_t freed = 0;

    list_for_each(node, next, &by_use) {
        struct cached_page *page = container_of(node, struct cached_page, use);

        if (freed == pages)
            break;
        if (page->references == 0) {
            cache_page_drop(page);
            freed++;
        }
    }
    return freed;
}

static struct cached_page *allocate(void)
{
    struct cached_page *page = kernel_alloc(sizeof(*page));

    if (page == NULL)
        return NULL;
    page->data = page_alloc();
    if (page->data == NULL) {
        kernel_free(page);
        return NULL;
    }
    held++;
    return page;
}

struct cached_page *cache_page_create(struct block_device *device, uint64_t index)
{
    struct cached_page *page = NULL;

    if (held < limit || block_cache_shrink(1) == 1)
        page = allocate();
    if (page == NULL && block_cache_shrink(1) == 1)
        page = allocate();
    if (page == NULL)
        return NULL;
    page->device = device;
    page->index = index;
    page->length = length_now(device, index);
    page->references = 1;
    page->reading = true;
    page->dirty = page->writing = page->ahead = false;
    list_init(&page->dirty_link);
    page->error = 0;
    wait_queue_init(&page->read_done);
    list_prepend(bucket_of(device, index), &page->chain);
    list_append(&by_use, &page->use);
    return page;
}
