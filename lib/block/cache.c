/* SPDX-License-Identifier: MIT */
/*
 * Reads through the block cache.
 *
 * A page that is not there is read together with the missing pages behind it that the same call
 * wants, as one request straight into the pages (a run). When the page before it is cached, the
 * reader is taken to go through the device in order: a full run is read, and the next one is asked
 * for at once, which nobody waits for. Its first page is marked; the reader who comes there has the
 * run after that one read, and so on.
 *
 * Two threads and one page: the first creates it (state reading) and asks the device; the second
 * finds it, takes a reference and sleeps on read_done; the result, error included, is for both. A
 * failed page is dropped before anybody is woken, so the next reader tries again. A write past the
 * cache during a read drops the page from the table at its end; the readers at hand still see what
 * the device gave.
 */
#include <errno.h>
#include <string.h>

#include "cache_pages.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"

#define RUN_PAGES 16u

struct run {
    struct block_request request;
    struct iovec vector[RUN_PAGES];
    struct cached_page *pages[RUN_PAGES]; /* with a reference each */
    unsigned int count;
};

static uint64_t hits, misses, requests;

/*
 * Told by the device: this range was written past the cache. Pages that are still to be written are
 * newer, or as new; or it is they that were just written.
 */
static void forget(struct block_device *device, uint64_t offset, uint64_t length)
{
    uint64_t index;

    if (offset > device->size || length > device->size - offset) {
        cache_pages_drop_device(device, false);
        return;
    }
    for (index = offset >> PAGE_SHIFT; index << PAGE_SHIFT < offset + length; index++) {
        struct cached_page *page = cache_page_find(device, index);

        if (page != NULL && !page->dirty && !page->writing)
            cache_page_drop(page);
    }
}

static void replaced(struct block_device *device, bool lost)
{
    if (lost)
        cache_writes_forget(device);
    cache_pages_drop_device(device, lost);
}

void cache_attach(struct block_device *device)
{
    device->changed = forget;
    device->replaced = replaced;
}

static void finish_page(struct cached_page *page, int result)
{
    page->reading = false;
    page->error = result;
    if (result != 0 && !list_empty(&page->chain))
        cache_page_drop(page);
    wake_all(&page->read_done);
    cache_page_put(page);
}

static void run_done(struct block_request *request)
{
    struct run *run = container_of(request, struct run, request);

    for (unsigned int i = 0; i < run->count; i++)
        finish_page(run->pages[i], request->result);
    kernel_free(run);
}

/* Create the missing pages from `index` on, at most `count`. */
static void create_pages(struct run *run, struct block_device *device, uint64_t index,
                         unsigned int count)
{
    while (run->count < count && cache_page_find(device, index + run->count) == NULL) {
        struct cached_page *page = cache_page_create(device, index + run->count);

        if (page == NULL)
            break;
        run->pages[run->count] = page;
        run->vector[run->count++] = (struct iovec){ page->data, page->length };
        run->request.length += page->length;
    }
}

/*
 * Start to read up to `count` missing pages from `index` on. Returns the first, with a reference of
 * the caller's; NULL when no page could be had, or it is there.
 */
static struct cached_page *start_run(struct block_device *device, uint64_t index,
                                     unsigned int count)
{
    struct run *run = kernel_alloc(sizeof(*run));
    struct cached_page *first;

    if (run == NULL)
        return NULL;
    memset(&run->request, 0, sizeof(run->request));
    run->count = 0;
    create_pages(run, device, index, count);
    if (run->count == 0) {
        kernel_free(run);
        return NULL;
    }
    first = run->pages[0];
    first->references++;
    run->request.operation = BLOCK_READ;
    run->request.offset = index << PAGE_SHIFT;
    run->request.vector = run->vector;
    run->request.done = run_done;
    requests++;
    block_submit(device, &run->request);
    return first;
}

static unsigned int run_limit(struct block_device *device, uint64_t index)
{
    uint64_t device_pages = (device->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t most = cache_pages_limit() / 4;

    most = most < RUN_PAGES ? most : RUN_PAGES;
    return (unsigned int)(device_pages - index < most ? device_pages - index : most);
}

/* Read the run at `index` before somebody asks, unless its first page is there. */
static void read_ahead(struct block_device *device, uint64_t index)
{
    struct cached_page *first;

    if (index << PAGE_SHIFT >= device->size)
        return;
    first = start_run(device, index, run_limit(device, index));
    if (first == NULL)
        return;
    first->ahead = true;
    cache_page_put(first);
}

/* A page that is missing: what the caller wants, or more for a reader that goes in order. */
static struct cached_page *read_missing(struct block_device *device, uint64_t index, uint64_t last)
{
    unsigned int most = run_limit(device, index);
    bool in_order = index > 0 && cache_page_find(device, index - 1) != NULL;
    unsigned int count = in_order || last - index >= most ? most : (unsigned int)(last - index + 1);
    struct cached_page *page = start_run(device, index, count);

    if (in_order && page != NULL)
        read_ahead(device, index + count);
    return page;
}

/* As cache_page_find(). A page that is too short is written back and read anew. */
static struct cached_page *find_whole(struct block_device *device, uint64_t index)
{
    struct cached_page *page;

    while ((page = cache_page_find(device, index)) != NULL && cache_page_is_short(page)) {
        if (!page->dirty && !page->writing)
            cache_page_drop(page);
        else
            block_cache_settle(device, index << PAGE_SHIFT, 1);
    }
    return page;
}

struct cached_page *cache_get_page(struct block_device *device, uint64_t offset, size_t length)
{
    uint64_t index = offset >> PAGE_SHIFT;
    struct cached_page *page = find_whole(device, index);

    if (page == NULL) {
        misses++;
        page = read_missing(device, index, (offset + length - 1) >> PAGE_SHIFT);
        if (page == NULL)
            return NULL;
    } else {
        hits++;
        page->references++;
        cache_page_used(page);
    }
    if (page->ahead) {
        page->ahead = false;
        read_ahead(device, index + run_limit(device, index));
    }
    wait_until(&page->read_done, !page->reading, DEADLINE_NEVER);
    return page;
}

static int read_from_page(struct block_device *device, uint64_t offset, char *buffer,
                          size_t length, size_t wanted)
{
    struct cached_page *page = cache_get_page(device, offset, wanted);
    int result;

    if (page == NULL)
        return block_read_bytes(device, offset, buffer, length);
    result = page->error;
    if (result == 0)
        memcpy(buffer, page->data + (offset & (PAGE_SIZE - 1)), length);
    cache_page_put(page);
    return result;
}

static int read_cached(struct block_device *device, uint64_t offset, char *buffer, size_t length)
{
    int result = 0;

    while (result == 0 && length > 0) {
        size_t part = cache_bypass_length(device, offset, length);

        if (part > 0) {
            requests++;
            block_cache_settle(device, offset, part);
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
    cache_attach(device);
    return read_cached(device, offset, buffer, length);
}

void block_cache_statistics(struct block_cache_statistics *statistics)
{
    *statistics = (struct block_cache_statistics) {
        .pages = cache_pages_held(),
        .limit = cache_pages_limit(),
        .unwritten = cache_writes_held(),
        .hits = hits,
        .misses = misses,
        .requests = requests,
    };
}
