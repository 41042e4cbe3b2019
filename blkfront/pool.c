/* SPDX-License-Identifier: MIT */
/*
 * A disk's pool of granted pages: grows when it is empty, up to a fourteenth of what memory is then,
 * within fixed bounds, and keeps what it has, since a backend that uses persistent grants keeps the
 * pages mapped anyway. Pages hold only what this disk's backend has seen. The first of them may come
 * from the reserve: what is written back makes room.
 */
#include "blkfront.h"

#include <errno.h>
#include <string.h>

#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "xen/bus/gnttab.h"

/*
 * With 16 MiB, 1 MiB can be under way at once: 256 pages in four requests, each with an indirect
 * one.
 */
#define MEMORY_SHARE 14u

static unsigned int limit_by_memory(void)
{
    size_t limit = pages_total() / MEMORY_SHARE;

    if (limit < BLKFRONT_POOL_MIN)
        return BLKFRONT_POOL_MIN;
    return limit < BLKFRONT_POOL_MAX ? (unsigned int)limit : BLKFRONT_POOL_MAX;
}

int blkfront_pool_create(struct blkfront_pool *pool, uint16_t domain)
{
    unsigned int limit = limit_by_memory();

    pool->pages = kernel_alloc_zeroed(limit, sizeof(*pool->pages));
    if (pool->pages == NULL)
        return -ENOMEM;
    pool->limit = limit;
    pool->count = pool->unused = 0;
    pool->first = BLKFRONT_NO_PAGE;
    pool->domain = domain;
    return 0;
}

void blkfront_pool_destroy(struct blkfront_pool *pool)
{
    while (pool->count > 0) {
        pool->count--;
        gnttab_end_and_free(pool->pages[pool->count].reference, pool->pages[pool->count].data);
    }
    kernel_free(pool->pages);
    pool->pages = NULL;
    pool->unused = 0;
    pool->first = BLKFRONT_NO_PAGE;
}

/* Memory may have grown since: room for more pages, or -ENOMEM. */
static int raise_limit(struct blkfront_pool *pool)
{
    unsigned int limit = limit_by_memory();
    struct blkfront_page *pages;

    if (limit <= pool->limit)
        return -ENOMEM;
    pages = kernel_alloc(limit * sizeof(*pages));
    if (pages == NULL)
        return -ENOMEM;
    memcpy(pages, pool->pages, pool->count * sizeof(*pages));
    kernel_free(pool->pages);
    pool->pages = pages;
    pool->limit = limit;
    return 0;
}

static int grow(struct blkfront_pool *pool)
{
    struct blkfront_page *page;

    if (pool->count == pool->limit && raise_limit(pool) != 0)
        return -ENOMEM;
    page = &pool->pages[pool->count];
    page->data = pool->count > 0 ? pages_alloc(0) : pages_alloc_critical(0);
    if (page->data == NULL)
        return -ENOMEM;
    memset(page->data, 0, PAGE_SIZE);
    page->reference = gnttab_grant(pool->domain, page_frame(page->data), false);
    if (page->reference < 0) {
        page_free(page->data);
        return -ENOSPC;
    }
    blkfront_pool_put(pool, (uint16_t)pool->count);
    pool->count++;
    return 0;
}

unsigned int blkfront_pool_reserve(struct blkfront_pool *pool, unsigned int wanted)
{
    while (pool->unused < wanted && grow(pool) == 0)
        ;
    return pool->unused < wanted ? pool->unused : wanted;
}

uint16_t blkfront_pool_take(struct blkfront_pool *pool)
{
    uint16_t page = pool->first;

    pool->first = pool->pages[page].next;
    pool->unused--;
    return page;
}

void blkfront_pool_put(struct blkfront_pool *pool, uint16_t page)
{
    pool->pages[page].next = pool->first;
    pool->first = page;
    pool->unused++;
}
