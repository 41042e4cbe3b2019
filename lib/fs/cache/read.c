/* SPDX-License-Identifier: MIT */
/*
 * Reads through the page cache.
 *
 * A page that is not there is read together with the missing pages behind it that the same call
 * wants, as one run. When the page before it is cached, or the call wants more than a run, the
 * reader is taken to go through the file in order: a full run is read, and the next one is asked
 * for at once, which nobody waits for. Its first page is marked with its length; the reader who
 * comes there has the run after that one read, twice as long, and so on.
 *
 * Two threads and one page: the first creates it (state reading) and has it read; the second finds
 * it, takes a reference and sleeps on read_done; the result, error included, is for both. A failed
 * page is dropped before anybody is woken, so the next reader tries again. A page that became out
 * of date while it was read is dropped from the table; the readers at hand still see what was read.
 */
#include "pages.h"

#include <errno.h>
#include <string.h>

#include "lib/mm/heap.h"

#define FIRST_RUN 16u

static uint64_t hits, misses, runs;

static struct page_run *allocate_run(unsigned int most)
{
    struct page_run *run =
        kernel_alloc(sizeof(*run) + most * (sizeof(*run->vector) + sizeof(*run->pages)));

    if (run == NULL)
        return NULL;
    memset(run, 0, sizeof(*run));
    run->vector = (struct iovec *)(run + 1);
    run->pages = (struct cached_page **)(run->vector + most);
    return run;
}

static void finish_page(struct cached_page *page, int result)
{
    memset(page->data + page->length, 0, PAGE_SIZE - page->length);
    page->reading = false;
    page->error = result;
    if (result != 0 && page->hashed)
        page_drop(page);
    wake_all(&page->read_done);
    page_cache_put(page);
}

void page_run_done(struct page_run *run, int result)
{
    struct page_mapping *mapping = run->mapping;

    if (result != 0 && run->count > 1)
        mapping->careful = run->count;
    for (unsigned int i = 0; i < run->count; i++)
        finish_page(run->pages[i], result);
    kernel_free(run);
    mapping->reading--;
    wake_all(&mapping->queue);
}

/* Create the missing pages from `index` on, at most `count`. */
static void create_pages(struct page_run *run, unsigned int count)
{
    while (run->count < count && page_find(run->mapping, run->index + run->count) == NULL) {
        struct cached_page *page = page_create(run->mapping, run->index + run->count);

        if (page == NULL)
            break;
        page->alone = count == 1;
        run->pages[run->count] = page;
        run->vector[run->count++] = (struct iovec){ page->data, page->length };
        run->length += page->length;
    }
}

/*
 * Start to read up to `count` missing pages from `index` on. Returns the first, with a reference of
 * the caller's; NULL when no page could be had, or it is there.
 */
static struct cached_page *start_run(struct page_mapping *mapping, uint64_t index,
                                     unsigned int count)
{
    struct page_run *run = page_find(mapping, index) == NULL ? allocate_run(count) : NULL;
    struct cached_page *first;

    if (run == NULL)
        return NULL;
    run->mapping = mapping;
    run->index = index;
    create_pages(run, count);
    if (run->count == 0) {
        kernel_free(run);
        return NULL;
    }
    first = run->pages[0];
    page_get(first);
    runs++;
    mapping->reading++;
    mapping->operations->read(mapping, run);
    return first;
}

/* Pages of a run at `index`; 0 at the end. */
static unsigned int run_limit(const struct page_mapping *mapping, uint64_t index, uint64_t wish)
{
    uint64_t pages = (mapping->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t most = page_cache_limit() / 4;

    most = most < PAGE_RUN_MAX ? most : PAGE_RUN_MAX;
    most = most < wish ? most : wish;
    return (unsigned int)(index >= pages ? 0 : pages - index < most ? pages - index : most);
}

/* Read the run at `index` before somebody asks, unless its first page is there. */
static void read_ahead(struct page_mapping *mapping, uint64_t index, unsigned int wish)
{
    unsigned int count = run_limit(mapping, index, wish);
    struct cached_page *first = count > 0 ? start_run(mapping, index, count) : NULL;

    if (first == NULL)
        return;
    first->ahead = (uint8_t)count;
    page_cache_put(first);
}

/* A page that is missing: what the caller wants, or more for a reader that goes in order. */
static struct cached_page *read_missing(struct page_mapping *mapping, uint64_t index, uint64_t last)
{
    bool in_order = index > 0 && page_find(mapping, index - 1) != NULL;
    uint64_t wish = last - index + 1;
    unsigned int count = run_limit(mapping, index, in_order && wish < FIRST_RUN ? FIRST_RUN : wish);
    struct cached_page *page = start_run(mapping, index, count);

    if (page != NULL && (in_order || wish > count))
        read_ahead(mapping, index + count, 2 * count);
    return page;
}

/* As page_find(). A page that is too short is written back and read anew. */
static struct cached_page *find_whole(struct page_mapping *mapping, uint64_t index)
{
    struct cached_page *page;

    while ((page = page_find(mapping, index)) != NULL && page_is_short(page)) {
        if (!page->dirty && !page->writing)
            page_unmap(page);
        if (!page->dirty && !page->writing)
            page_drop(page);
        else
            page_cache_settle(mapping, index << PAGE_SHIFT, 1);
    }
    return page;
}

static struct cached_page *read_new(struct page_mapping *mapping, uint64_t index, uint64_t last)
{
    misses++;
    if (mapping->careful == 0)
        return read_missing(mapping, index, last);
    mapping->careful--;
    return start_run(mapping, index, 1);
}

/* The page with a reference, read or being read; NULL: no memory. */
static struct cached_page *look_up(struct page_mapping *mapping, uint64_t index, uint64_t last)
{
    struct cached_page *page = find_whole(mapping, index);
    unsigned int ahead;

    if (page == NULL) {
        page = read_new(mapping, index, last);
        if (page == NULL)
            return NULL;
    } else {
        hits++;
        page_get(page);
    }
    page_used(page);
    ahead = page->ahead;
    page->ahead = 0;
    if (ahead > 0)
        read_ahead(mapping, index + ahead, 2 * ahead);
    return page;
}

int page_cache_get_ahead(struct page_mapping *mapping, uint64_t index, uint64_t last,
                         struct cached_page **found)
{
    for (;;) {
        struct cached_page *page = look_up(mapping, index, last);
        int error;
        bool alone;

        if (page == NULL)
            return -ENOMEM;
        wait_until(&page->read_done, !page->reading, DEADLINE_NEVER);
        if (page->error == 0) {
            *found = page;
            return 0;
        }
        error = page->error;
        alone = page->alone;
        page_cache_put(page);
        if (alone)
            return error;
        if (mapping->careful == 0)
            mapping->careful = 1;
    }
}

int page_cache_get(struct page_mapping *mapping, uint64_t index, struct cached_page **page)
{
    if (index > (mapping->size - 1) >> PAGE_SHIFT || mapping->size == 0)
        return -ENXIO;
    return page_cache_get_ahead(mapping, index, index, page);
}

ssize_t page_cache_read(struct page_mapping *mapping, uint64_t offset, void *buffer, size_t length)
{
    uint64_t last = (offset + length - 1) >> PAGE_SHIFT;
    size_t done = 0;

    if (offset > mapping->size || length > mapping->size - offset)
        return -ENXIO;
    while (done < length) {
        size_t skip = (offset + done) & (PAGE_SIZE - 1);
        size_t part = PAGE_SIZE - skip < length - done ? PAGE_SIZE - skip : length - done;
        struct cached_page *page;
        int result = page_cache_get_ahead(mapping, (offset + done) >> PAGE_SHIFT, last, &page);

        if (result != 0)
            return done > 0 ? (ssize_t)done : result;
        memcpy((char *)buffer + done, page->data + skip, part);
        page_cache_put(page);
        done += part;
    }
    return (ssize_t)done;
}

void page_cache_reads(struct page_cache_statistics *statistics)
{
    statistics->hits = hits;
    statistics->misses = misses;
    statistics->runs = runs;
}
