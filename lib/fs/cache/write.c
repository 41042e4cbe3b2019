/* SPDX-License-Identifier: MIT */
/*
 * Writes through the page cache.
 *
 * A page is dirty from when it is changed until it is handed to the operations, and writing until
 * these have answered; it can become dirty again meanwhile, and then is written once more. While it
 * is one of both it is unwritten and has a reference for that, so that it is neither evicted nor
 * forgotten.
 *
 * Writing back needs no thread and no memory: whoever finds that it is time (a timer, a writer,
 * memory pressure) only starts the pages' requests. A page takes its dirty neighbours along in the
 * order of the disk, so that the device can make one transfer of them.
 *
 * page_cache_sync() must wait for the writes begun before it and not for those of others after it,
 * or busy writers could hold it up for ever: writes are counted by turn, one of two, which each
 * sync changes; it waits until the old turn's count is 0. A page that was being written, and was
 * changed since, is written in a second round.
 */
#include "pages.h"

#include <errno.h>
#include <string.h>

#include "claims.h"

#define WRITE_AFTER SECONDS(5)

static size_t unwritten; /* pages, of all mappings */
static struct list dirty_mappings = LIST_INIT(dirty_mappings);

static void time_to_write(void *unused);
static struct timer write_timer = TIMER_INIT(write_timer, time_to_write, NULL);
static bool timer_runs;

static void set_timer(void)
{
    timer_runs = true;
    timer_set(&write_timer, deadline_after(WRITE_AFTER));
}

size_t page_cache_unwritten(void)
{
    return unwritten;
}

static void become_unwritten(struct cached_page *page)
{
    struct page_mapping *mapping = page->mapping;

    page_get(page);
    unwritten++;
    if (mapping->unwritten++ == 0)
        list_append(&dirty_mappings, &mapping->dirty_mapping);
}

/* The page is neither dirty nor writing any more. */
static void let_go(struct cached_page *page)
{
    struct page_mapping *mapping = page->mapping;

    unwritten--;
    if (--mapping->unwritten == 0)
        list_remove(&mapping->dirty_mapping);
    page_cache_put(page);
}

static void lose(struct page_mapping *mapping, int error)
{
    if (mapping->error != 0)
        return;
    printk_limited(&mapping->log, "%s: something that was written is lost (error %d)",
                   mapping->name, -error);
    mapping->error = error;
}

/* What a write that failed held is not what the disk has. */
void page_written(struct cached_page *page, int result)
{
    struct page_mapping *mapping = page->mapping;

    page->writing = false;
    mapping->writing[page->turn]--;
    if (result != 0)
        lose(mapping, result);
    if (!page->dirty) {
        if (result != 0 && page->hashed) {
            page_unmap(page);
            page_drop(page);
        }
        let_go(page);
    }
    wake_all(&mapping->queue);
}

/* What its page tables know of later is written with it. */
static void start_write(struct cached_page *page)
{
    struct page_mapping *mapping = page->mapping;

    page_unmap(page);
    list_remove(&page->dirty_link);
    page->dirty = false;
    page->writing = true;
    page->turn = mapping->turn;
    mapping->writing[page->turn]++;
    mapping->operations->write(mapping, page);
}

static bool can_start(const struct cached_page *page)
{
    return page != NULL && page->dirty && !page->writing;
}

/* A page with its neighbours, in their order. */
static void start_neighbours(struct cached_page *page)
{
    struct page_mapping *mapping = page->mapping;
    uint64_t index = page->index;

    page_get(page);
    while (index > 0 && page->index - index < PAGE_RUN_MAX &&
           can_start(page_find(mapping, index - 1)))
        index--;
    for (uint64_t end = index + 2 * PAGE_RUN_MAX; index < end; index++) {
        struct cached_page *next = page_find(mapping, index);

        if (!can_start(next))
            break;
        start_write(next);
    }
    if (can_start(page))
        start_write(page);
    page_cache_put(page);
}

static void plug(struct page_mapping *mapping)
{
    if (mapping->device != NULL)
        block_plug(mapping->device);
}

static void unplug(struct page_mapping *mapping)
{
    if (mapping->device != NULL)
        block_unplug(mapping->device);
}

/* Pages that are being written stay for the next time. */
static void start_all(struct page_mapping *mapping)
{
    struct list *node;

    plug(mapping);
    for (size_t i = mapping->unwritten; i > 0 && (node = list_first(&mapping->dirty)) != NULL;
         i--) {
        struct cached_page *page = container_of(node, struct cached_page, dirty_link);

        list_remove(node);
        list_append(&mapping->dirty, node);
        if (!page->writing)
            start_neighbours(page);
    }
    unplug(mapping);
}

/* Those that have nothing left leave the list, now or when their writes end. */
void page_cache_start_writes(void)
{
    struct list *node, *last = dirty_mappings.prev;

    while ((node = list_first(&dirty_mappings)) != NULL) {
        struct page_mapping *mapping = container_of(node, struct page_mapping, dirty_mapping);

        list_remove(node);
        list_append(&dirty_mappings, node);
        start_all(mapping);
        if (node == last)
            break;
    }
}

static void time_to_write(void *unused)
{
    (void)unused;
    timer_runs = false;
    page_cache_start_writes();
    if (unwritten > 0)
        set_timer();
}

void page_cache_dirty(struct cached_page *page)
{
    if (page->dirty || !page->hashed)
        return;
    page->dirty = true;
    list_append(&page->mapping->dirty, &page->dirty_link);
    if (!page->writing)
        become_unwritten(page);
    if (!timer_runs)
        set_timer();
}

void page_cache_lose_dirty(struct page_mapping *mapping)
{
    struct list *node;

    while ((node = list_first(&mapping->dirty)) != NULL) {
        struct cached_page *page = container_of(node, struct cached_page, dirty_link);

        list_remove(node);
        page->dirty = false;
        lose(mapping, -EIO);
        if (!page->writing)
            let_go(page);
    }
}

static bool is_writing(const struct page_mapping *mapping)
{
    return mapping->writing[0] + mapping->writing[1] > 0;
}

/* An eighth of the cache may wait to be written; at a quarter, writers do. */
static void keep_limits(struct page_mapping *mapping)
{
    if (unwritten > page_cache_limit() / 8)
        start_all(mapping);
    wait_until(&mapping->queue, unwritten <= page_cache_limit() / 4 || !is_writing(mapping),
               DEADLINE_NEVER);
}

/*
 * The page, to be changed from `skip` on: read, unless all of it is written. With a reference, in
 * the table, and nobody's claim.
 */
static int page_to_change(struct page_mapping *mapping, uint64_t index, size_t skip, size_t length,
                          struct cached_page **page)
{
    bool whole = skip == 0 &&
                 (length == PAGE_SIZE || length == mapping->size - (index << PAGE_SHIFT));

    for (;;) {
        int result = 0;

        page_wait_unclaimed(mapping, index, index);
        *page = whole && page_find(mapping, index) == NULL ? page_create(mapping, index) : NULL;
        if (*page != NULL)
            (*page)->reading = false;
        else
            result = page_cache_get(mapping, index, page);
        if (result == -ENOMEM || (result != 0 && !whole))
            return result;
        if (result != 0)
            continue; /* nobody needs what cannot be read */
        if ((*page)->hashed && !page_is_claimed(mapping, index))
            return 0;
        page_cache_put(*page); /* forgotten or claimed while it was read: then once more */
    }
}

static int write_to_page(struct page_mapping *mapping, uint64_t offset, const char *buffer,
                         size_t length)
{
    struct cached_page *page;
    size_t skip = offset & (PAGE_SIZE - 1);
    int result = page_to_change(mapping, offset >> PAGE_SHIFT, skip, length, &page);

    if (result != 0)
        return result;
    memcpy(page->data + skip, buffer, length);
    page_cache_dirty(page);
    page_cache_put(page);
    keep_limits(mapping);
    return 0;
}

ssize_t page_cache_write(struct page_mapping *mapping, uint64_t offset, const void *buffer,
                         size_t length)
{
    size_t done = 0;

    while (done < length) {
        size_t part = PAGE_SIZE - ((offset + done) & (PAGE_SIZE - 1));
        int result = -ENXIO;

        if (part > length - done)
            part = length - done;
        /* The size may have changed while the part before this one waited. */
        if (offset + done <= mapping->size && part <= mapping->size - offset - done)
            result = write_to_page(mapping, offset + done, (const char *)buffer + done, part);
        if (result != 0)
            return done > 0 ? (ssize_t)done : result;
        done += part;
    }
    return (ssize_t)done;
}

/* Of the page that it finds dirty, what it holds then; it may be written for the second time. */
static void settle_page(struct cached_page *page)
{
    struct page_mapping *mapping = page->mapping;

    page_get(page);
    for (unsigned int round = 0; round < 2; round++) {
        if (can_start(page))
            start_write(page);
        wait_until(&mapping->queue, !page->writing, DEADLINE_NEVER);
    }
    page_cache_put(page);
}

/* All are started before the first is waited for. */
void page_cache_settle(struct page_mapping *mapping, uint64_t offset, uint64_t length)
{
    uint64_t first = offset >> PAGE_SHIFT, last = (offset + length - 1) >> PAGE_SHIFT;
    struct cached_page *page;

    if (mapping->unwritten == 0)
        return;
    plug(mapping);
    for (uint64_t i = first; i <= last; i++)
        if (can_start(page = page_find(mapping, i)))
            start_write(page);
    unplug(mapping);
    for (uint64_t i = first; mapping->unwritten > 0 && i <= last; i++) {
        page = page_find(mapping, i);
        if (page != NULL && (page->dirty || page->writing))
            settle_page(page);
    }
}

/* What is dirty now is written, or has failed. */
static void write_round(struct page_mapping *mapping)
{
    unsigned int turn = mapping->turn;

    start_all(mapping);
    mapping->turn = !turn;
    wait_until(&mapping->queue, mapping->writing[turn] == 0, DEADLINE_NEVER);
}

/* Mapped pages come first in their list; they go to its end when they are unmapped. */
static void unmap_all(struct page_mapping *mapping)
{
    struct list *node;

    while ((node = list_first(&mapping->pages)) != NULL) {
        struct cached_page *page = container_of(node, struct cached_page, of_mapping);

        if (page->mapped == 0)
            break;
        page_unmap(page);
    }
}

int page_cache_sync(struct page_mapping *mapping)
{
    int lost;

    mutex_lock(&mapping->syncing);
    unmap_all(mapping);
    for (unsigned int round = 0; round < 2; round++)
        write_round(mapping);
    lost = mapping->error;
    mapping->error = 0;
    mutex_unlock(&mapping->syncing);
    return lost;
}
