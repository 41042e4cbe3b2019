/* SPDX-License-Identifier: MIT */
/*
 * The page cache's pages: see pages.h.
 *
 * The table of buckets doubles when there are more pages than buckets. The pages of the old table
 * move over bucket by bucket, a few with each page that is created, so that nobody waits for all of
 * them; until then a page is in the old table if its bucket there was not moved.
 *
 * Two orders of use: fresh pages, and those that somebody came back to after a while (kept). Fresh
 * ones go first, as long as they are a quarter of all, so that reading a large file once does not
 * push out what is used again and again. Coming back soon does not count: who reads a file in small
 * pieces comes to each page many times.
 */
#include "pages.h"

#include <string.h>

#include "lib/mm/heap.h"
#include "lib/mm/memory_pressure.h"

#define FIRST_BUCKETS 64u
#define MINIMUM_PAGES 8u
#define A_WHILE 8u /* pages that were created since: a part of the limit */

struct table {
    struct cached_page **buckets;
    size_t count; /* a power of two */
};

struct order {
    struct list pages; /* oldest first */
    size_t count;
};

static struct cached_page *first_buckets[FIRST_BUCKETS];
static struct table table = { first_buckets, FIRST_BUCKETS };
static struct table old; /* its buckets below `moved` are empty */
static size_t moved;
static struct order fresh = { LIST_INIT(fresh.pages), 0 }, kept = { LIST_INIT(kept.pages), 0 };
static size_t held, own_limit;
static uint32_t created;
static uint64_t steps;

size_t page_cache_limit(void)
{
    size_t pages = own_limit != 0 ? own_limit : (pages_available() + held) / 2;

    return pages < MINIMUM_PAGES ? MINIMUM_PAGES : pages;
}

void page_cache_set_limit(size_t pages)
{
    own_limit = pages;
    if (held > page_cache_limit())
        page_cache_shrink(held - page_cache_limit());
}

static struct cached_page **bucket_of(const struct table *of, const struct page_mapping *mapping,
                                      uint64_t index)
{
    uint64_t mixed = (index ^ (uintptr_t)mapping >> 4) * 0x9e3779b97f4a7c15u;

    return &of->buckets[(mixed >> 32) & (of->count - 1)];
}

/* Where the page is or would be put. */
static struct cached_page **bucket(const struct page_mapping *mapping, uint64_t index)
{
    struct cached_page **place;

    if (old.buckets != NULL) {
        place = bucket_of(&old, mapping, index);
        if ((size_t)(place - old.buckets) >= moved)
            return place;
    }
    return bucket_of(&table, mapping, index);
}

static void move_bucket(void)
{
    struct cached_page *page, **place;

    while ((page = old.buckets[moved]) != NULL) {
        old.buckets[moved] = page->chain;
        place = bucket_of(&table, page->mapping, page->index);
        page->chain = *place;
        *place = page;
    }
    if (++moved < old.count)
        return;
    if (old.buckets != first_buckets)
        kernel_free(old.buckets);
    old.buckets = NULL;
}

/* Two buckets a page: all have moved before the next doubling. Without memory, chains grow. */
static void grow_table(void)
{
    if (old.buckets == NULL && held > table.count) {
        struct table larger = { kernel_alloc_zeroed(2 * table.count, sizeof(*larger.buckets)),
                                2 * table.count };

        if (larger.buckets == NULL)
            return;
        old = table;
        table = larger;
        moved = 0;
    }
    for (unsigned int i = 0; i < 2 && old.buckets != NULL; i++)
        move_bucket();
}

struct cached_page *page_find(const struct page_mapping *mapping, uint64_t index)
{
    struct cached_page *page = *bucket(mapping, index);

    while (page != NULL && (page->index != index || page->mapping != mapping))
        page = page->chain;
    return page;
}

static void enter_order(struct cached_page *page)
{
    struct order *order = page->kept ? &kept : &fresh;

    list_append(&order->pages, &page->use);
    order->count++;
}

static void leave_order(struct cached_page *page)
{
    list_remove(&page->use);
    (page->kept ? &kept : &fresh)->count--;
}

void page_get(struct cached_page *page)
{
    if (page->references++ == 0)
        leave_order(page);
}

static void free_page(struct cached_page *page)
{
    page_free(page->data);
    kernel_free(page);
    held--;
}

void page_cache_put(struct cached_page *page)
{
    if (--page->references > 0)
        return;
    if (page->hashed)
        enter_order(page);
    else
        free_page(page);
}

void page_used(struct cached_page *page)
{
    if (!page->used) {
        page->used = true;
        page->first_use = created;
    } else if (created - page->first_use >= page_cache_limit() / A_WHILE) {
        page->kept = true;
    }
}

void page_drop(struct cached_page *page)
{
    struct cached_page **place = bucket(page->mapping, page->index);

    while (*place != page)
        place = &(*place)->chain;
    *place = page->chain;
    page->hashed = false;
    list_remove(&page->of_mapping);
    page->mapping->cached--;
    if (page->references > 0)
        return;
    leave_order(page);
    free_page(page);
}

void page_unmap(struct cached_page *page)
{
    if (page->mapped > 0)
        page->mapping->operations->unmap(page->mapping, page);
}

void page_cache_map(struct cached_page *page)
{
    page->mapped++;
    list_remove(&page->of_mapping);
    list_prepend(&page->mapping->pages, &page->of_mapping);
}

void page_cache_unmap(struct cached_page *page, bool dirty)
{
    if (--page->mapped == 0 && page->hashed) {
        list_remove(&page->of_mapping);
        list_append(&page->mapping->pages, &page->of_mapping);
    }
    if (dirty)
        page_cache_dirty(page);
}

static struct cached_page *oldest(void)
{
    const struct order *order = fresh.count > 0 && fresh.count >= kept.count / 4 ? &fresh : &kept;

    return order->count > 0 ? container_of(list_first(&order->pages), struct cached_page, use)
                            : NULL;
}

/* One that its page tables had made dirty has left the order, and is written first. */
size_t page_cache_shrink(size_t pages)
{
    struct cached_page *page;
    size_t freed = 0;

    while (freed < pages && (page = oldest()) != NULL) {
        steps++;
        page_unmap(page);
        if (page->references > 0)
            continue;
        page_drop(page);
        freed++;
    }
    return freed;
}

/* What is not written yet cannot go now, but when it is asked for again. */
static size_t release(size_t pages, void *unused)
{
    size_t freed = page_cache_shrink(pages);

    (void)unused;
    if (freed < pages)
        page_cache_start_writes();
    return freed;
}

static void register_once(void)
{
    static struct memory_pressure pressure = { .release = release };

    if (pressure.link.next == NULL)
        memory_pressure_register(&pressure);
}

/* Of a page that begins at the end or behind it, all: the operations then refuse it. */
static uint32_t length_now(const struct page_mapping *mapping, uint64_t index)
{
    uint64_t start = index << PAGE_SHIFT;

    return start < mapping->size && mapping->size - start < PAGE_SIZE
               ? (uint32_t)(mapping->size - start)
               : PAGE_SIZE;
}

bool page_is_short(const struct cached_page *page)
{
    return page->length < length_now(page->mapping, page->index);
}

static struct cached_page *allocate(void)
{
    struct cached_page *page = kernel_alloc(sizeof(*page));

    if (page == NULL)
        return NULL;
    memset(page, 0, offsetof(struct cached_page, request));
    page->data = page_alloc();
    if (page->data == NULL) {
        kernel_free(page);
        return NULL;
    }
    held++;
    return page;
}

/* Two go for one when there are too many: the limit has come down. */
static struct cached_page *allocate_or_evict(void)
{
    struct cached_page *page = NULL;

    if (held < page_cache_limit() || page_cache_shrink(held > page_cache_limit() ? 2 : 1) > 0)
        page = allocate();
    if (page == NULL && page_cache_shrink(1) > 0)
        page = allocate();
    return page;
}

struct cached_page *page_create(struct page_mapping *mapping, uint64_t index)
{
    struct cached_page *page, **place;

    register_once();
    page = allocate_or_evict();
    if (page == NULL)
        return NULL;
    grow_table();
    page->mapping = mapping;
    page->index = index;
    page->length = length_now(mapping, index);
    page->references = 1;
    page->hashed = page->reading = true;
    created++;
    list_init(&page->use);
    list_init(&page->dirty_link);
    list_append(&mapping->pages, &page->of_mapping);
    mapping->cached++;
    wait_queue_init(&page->read_done);
    place = bucket(mapping, index);
    page->chain = *place;
    *place = page;
    return page;
}

void page_cache_statistics(struct page_cache_statistics *statistics)
{
    statistics->pages = held;
    statistics->limit = page_cache_limit();
    statistics->unwritten = page_cache_unwritten();
    statistics->steps = steps;
    page_cache_reads(statistics);
}
