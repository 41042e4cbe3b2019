/* SPDX-License-Identifier: MIT */
/*
 * Reads through the block cache.
 *
 * A page that is not there is read together with the missing pages behind it that the same call
 * wants; when the page before it is cached, the reader is taken to go through the device in order,
 * and up to RUN_PAGES are read ahead. A run of several pages is one request into a bounce block,
 * copied out to the pages: next to a request, 32 KiB of copying is nothing.
 *
 * Two threads and one page: the first creates it (state reading) and asks the device; the second
 * finds it, takes a reference and sleeps on read_done; the result, error included, is for both. A
 * failed page is dropped before anybody is woken, so the next reader tries again. A write during a
 * read drops the page from the table at its end; the readers at hand still see what the device
 * gave.
 */
#include <errno.h>
#include <string.h>

#include "cache_pages.h"
#include "lib/pages.h"

#define RUN_ORDER 3u
#define RUN_PAGES (1u << RUN_ORDER)

static uint64_t hits, misses, requests;

/* Told by the device: this range was written, or the device is gone. */
static void forget(struct block_device *device, uint64_t offset, uint64_t length)
{
    uint64_t index;

    if (length > device->size - offset) {
        cache_pages_drop_device(device);
        return;
    }
    for (index = offset >> PAGE_SHIFT; index << PAGE_SHIFT < offset + length; index++) {
        struct cached_page *page = cache_page_find(device, index);

        if (page != NULL)
            cache_page_drop(page);
    }
}

/* Create the missing pages from `index` on, at most `count`; returns how many were made. */
static unsigned int create_run(struct block_device *device, uint64_t index, unsigned int count,
                               struct cached_page **run)
{
    unsigned int made = 0;

    while (made < count && cache_page_find(device, index + made) == NULL) {
        run[made] = cache_page_create(device, index + made);
        if (run[made] == NULL)
            break;
        made++;
    }
    return made;
}

static void finish_run(struct cached_page **run, unsigned int count, int result)
{
    unsigned int i;

    for (i = 0; i < count; i++) {
        run[i]->reading = false;
        run[i]->error = result;
        if (result != 0 && !list_empty(&run[i]->chain))
            cache_page_drop(run[i]);
        wake_all(&run[i]->read_done);
        if (i > 0)
            cache_page_put(run[i]);
    }
}

static size_t bytes_of_run(const struct cached_page *first, unsigned int count)
{
    uint64_t left = first->device->size - (first->index << PAGE_SHIFT);

    return left < count * PAGE_SIZE ? left : count * PAGE_SIZE;
}

static int read_one(struct cached_page *page)
{
    requests++;
    return block_read(page->device, page->index << PAGE_SHIFT, page->data, bytes_of_run(page, 1));
}

static int read_several(struct cached_page **run, unsigned int count, char *bounce)
{
    size_t left = bytes_of_run(run[0], count);
    unsigned int i;
    int result;

    requests++;
    result = block_read(run[0]->device, run[0]->index << PAGE_SHIFT, bounce, left);
    for (i = 0; result == 0 && i < count; i++) {
        memcpy(run[i]->data, bounce + i * PAGE_SIZE, left < PAGE_SIZE ? left : PAGE_SIZE);
        left -= left < PAGE_SIZE ? left : PAGE_SIZE;
    }
    return result;
}

/*
 * Read `index` and what should come with it. Returns the first page, no longer reading and with a
 * reference of the caller's; NULL when no page could be had.
 */
static struct cached_page *read_run(struct block_device *device, uint64_t index,
                                    unsigned int count)
{
    struct cached_page *run[RUN_PAGES];
    char *bounce = count > 1 ? pages_alloc(RUN_ORDER) : NULL;
    unsigned int made = create_run(device, index, bounce != NULL ? count : 1, run);

    if (made == 1)
        finish_run(run, 1, read_one(run[0]));
    else if (made > 1)
        finish_run(run, made, read_several(run, made, bounce));
    if (bounce != NULL)
        pages_free(bounce, RUN_ORDER);
    return made > 0 ? run[0] : NULL;
}

/*
 * How many pages to read from a missing page on: what the caller wants, or a full run for a reader
 * that goes in order.
 */
static unsigned int run_length(struct block_device *device, uint64_t offset, size_t length)
{
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t last = (offset + length - 1) >> PAGE_SHIFT;
    uint64_t device_last = (device->size - 1) >> PAGE_SHIFT;

    if (index > 0 && cache_page_find(device, index - 1) != NULL)
        last = device_last;
    return last - index + 1 < RUN_PAGES ? last - index + 1 : RUN_PAGES;
}

/*
 * The page that holds `offset`, ready or failed, with a reference; NULL when there is no memory for
 * it.
 */
static struct cached_page *get_page(struct block_device *device, uint64_t offset, size_t length)
{
    struct cached_page *page = cache_page_find(device, offset >> PAGE_SHIFT);

    if (page == NULL) {
        misses++;
        return read_run(device, offset >> PAGE_SHIFT, run_length(device, offset, length));
    }
    hits++;
    page->references++;
    cache_page_used(page);
    wait_until(&page->read_done, !page->reading, DEADLINE_NEVER);
    return page;
}

static int read_from_page(struct block_device *device, uint64_t offset, char *buffer,
                          size_t length, size_t wanted)
{
    struct cached_page *page = get_page(device, offset, wanted);
    int result;

    if (page == NULL)
        return block_read_bytes(device, offset, buffer, length);
    result = page->error;
    if (result == 0)
        memcpy(buffer, page->data + (offset & (PAGE_SIZE - 1)), length);
    cache_page_put(page);
    return result;
}

/* The bytes that go past the cache from `offset` on: whole sectors, if there are enough of them. */
static size_t bypass_length(const struct block_device *device, uint64_t offset, size_t length)
{
    size_t mask = device->sector_size - 1;

    return (offset & mask) == 0 && length >= BLOCK_CACHE_BYPASS ? length & ~mask : 0;
}

static int read_cached(struct block_device *device, uint64_t offset, char *buffer, size_t length)
{
    int result = 0;

    while (result == 0 && length > 0) {
        size_t part = bypass_length(device, offset, length);

        if (part > 0) {
            requests++;
            result = block_read(device, offset, buffer, part);
        } else {
            part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));
            part = part < length ? part : length;
            result = read_from_page(device, offset, buffer, part, length);
        }
        buffer += part;
        offset += part;
        length -= part;
    }
    return result;
}

int block_cache_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    if (offset > device->size || length > device->size - offset)
        return -ENXIO;
    if (device->memory != NULL) {
        memcpy(buffer, (const char *)device->memory + offset, length);
        return 0;
    }
    if (cache_pages_ready() != 0)
        return block_read_bytes(device, offset, buffer, length);
    device->changed = forget;
    return read_cached(device, offset, buffer, length);
}

void block_cache_statistics(struct block_cache_statistics *statistics)
{
    *statistics = (struct block_cache_statistics) {
        .pages = cache_pages_held(),
        .limit = cache_pages_limit(),
        .hits = hits,
        .misses = misses,
        .requests = requests,
    };
}
