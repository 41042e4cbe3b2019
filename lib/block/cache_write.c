/* SPDX-License-Identifier: MIT */
/*
 * Writes through the block cache.
 *
 * A page is dirty from when it is changed until it is handed to the device, and writing until that
 * has answered; it can become dirty again meanwhile, and then is written once more. While it is one
 * of both it is held by a reference (a held page), so that it is neither evicted nor forgotten.
 *
 * Writing back needs no thread: the device has a queue, so whoever finds that it is time (a timer,
 * a writer, memory pressure) only submits; the device merges neighbours.
 *
 * block_cache_sync() must wait for the writes begun before it and not for those of others after it,
 * or busy writers could hold it up for ever: writes are counted by turn, one of two, which each
 * sync changes; it waits until the old turn's count is 0. A page that was being written, and was
 * changed since, is written in a second round.
 */
#include <errno.h>
#include <string.h>

#include "cache_pages.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"

#define WRITE_AFTER SECONDS(5)

/* A device's part. */
struct cache_writes {
    struct list dirty;        /* pages, longest first */
    unsigned int writing[2];  /* pages, by turn */
    unsigned int turn;
    int error;                /* that no sync has told yet */
    struct log_limit log;     /* for lines about such */
    struct wait_queue queue;  /* for writes that end */
    struct mutex syncing;
};

static size_t held; /* pages, of all devices */

static void time_to_write(void *unused);
static struct timer write_timer = TIMER_INIT(write_timer, time_to_write, NULL);

static struct cache_writes *create(void)
{
    struct cache_writes *writes = kernel_alloc_zeroed(1, sizeof(*writes));

    if (writes == NULL)
        return NULL;
    list_init(&writes->dirty);
    wait_queue_init(&writes->queue);
    mutex_init(&writes->syncing);
    return writes;
}

size_t cache_writes_held(void)
{
    return held;
}

/* The page is neither dirty nor writing any more. */
static void let_go(struct cached_page *page)
{
    held--;
    cache_page_put(page);
}

static void lose(struct block_device *device, int error)
{
    if (device->cache->error != 0)
        return;
    printk_limited(&device->cache->log, "%s: something that was written is lost (error %d)",
                   device->name, -error);
    device->cache->error = error;
}

/* What a write that failed held is not what the disk has. */
static void written(struct block_request *request)
{
    struct cached_page *page = container_of(request, struct cached_page, request);
    struct cache_writes *writes = page->device->cache;

    page->writing = false;
    writes->writing[page->turn]--;
    if (request->result != 0)
        lose(page->device, request->result);
    wake_all(&writes->queue);
    if (page->dirty)
        return;
    if (request->result != 0 && !list_empty(&page->chain))
        cache_page_drop(page);
    let_go(page);
}

static void start_write(struct cached_page *page)
{
    struct cache_writes *writes = page->device->cache;

    list_remove(&page->dirty_link);
    page->dirty = false;
    page->writing = true;
    page->turn = writes->turn;
    writes->writing[page->turn]++;
    page->vector = (struct iovec){ page->data, page->length };
    page->request = (struct block_request){
        .operation = BLOCK_WRITE,
        .offset = page->index << PAGE_SHIFT,
        .length = page->vector.iov_len,
        .vector = &page->vector,
        .done = written,
    };
    block_submit(page->device, &page->request);
}

/* Pages that are being written stay for the next time. */
static void start_all(struct block_device *device)
{
    struct list *node, *next;

    block_plug(device);
    list_for_each(node, next, &device->cache->dirty) {
        struct cached_page *page = container_of(node, struct cached_page, dirty_link);

        if (!page->writing)
            start_write(page);
    }
    block_unplug(device);
}

void cache_writes_start_all(void)
{
    struct block_device *device;

    for (unsigned int i = 0; (device = block_at(i)) != NULL; i++)
        if (device->cache != NULL)
            start_all(device);
}

static void time_to_write(void *unused)
{
    (void)unused;
    cache_writes_start_all();
    if (held > 0)
        timer_set(&write_timer, deadline_after(WRITE_AFTER));
}

static void mark_dirty(struct cached_page *page)
{
    if (page->dirty)
        return;
    page->dirty = true;
    list_append(&page->device->cache->dirty, &page->dirty_link);
    if (page->writing)
        return;
    page->references++;
    held++;
    if (!timer_pending(&write_timer))
        timer_set(&write_timer, deadline_after(WRITE_AFTER));
}

void cache_writes_forget(struct block_device *device)
{
    struct list *node;

    while (device->cache != NULL && (node = list_first(&device->cache->dirty)) != NULL) {
        struct cached_page *page = container_of(node, struct cached_page, dirty_link);

        list_remove(&page->dirty_link);
        page->dirty = false;
        lose(device, -EIO);
        if (!page->writing)
            let_go(page);
    }
}

/* An eighth of the cache may wait to be written; at a quarter, writers do. */
static void keep_limits(struct block_device *device)
{
    if (held > cache_pages_limit() / 8)
        start_all(device);
    wait_until(&device->cache->queue,
               held <= cache_pages_limit() / 4 ||
                   device->cache->writing[0] + device->cache->writing[1] == 0,
               DEADLINE_NEVER);
}

/*
 * The page at `offset`, to be changed there: read, unless all of it is written. With a reference;
 * NULL: no memory; -errno in *error.
 */
static struct cached_page *page_to_change(struct block_device *device, uint64_t offset,
                                          size_t length, int *error)
{
    uint64_t index = offset >> PAGE_SHIFT;
    struct cached_page *page = cache_page_find(device, index);

    *error = 0;
    if (page == NULL && (offset & (PAGE_SIZE - 1)) == 0 &&
        (length == PAGE_SIZE || length == device->size - offset)) {
        page = cache_page_create(device, index);
        if (page != NULL)
            page->reading = false;
        return page;
    }
    for (;;) {
        page = cache_get_page(device, offset, length);
        if (page == NULL)
            return NULL;
        *error = page->error;
        if (*error == 0 && !list_empty(&page->chain))
            return page;
        cache_page_put(page); /* failed, or forgotten while it was read: then once more */
        if (*error != 0)
            return NULL;
    }
}

/* Past the cache. */
static int write_through(struct block_device *device, uint64_t offset, const char *buffer,
                         size_t length)
{
    block_cache_settle(device, offset, length);
    return block_write_bytes(device, offset, buffer, length);
}

static int write_to_page(struct block_device *device, uint64_t offset, const char *buffer,
                         size_t length)
{
    int error;
    struct cached_page *page = page_to_change(device, offset, length, &error);

    if (page == NULL)
        return error != 0 ? error : write_through(device, offset, buffer, length);
    memcpy(page->data + (offset & (PAGE_SIZE - 1)), buffer, length);
    mark_dirty(page);
    cache_page_put(page);
    keep_limits(device);
    return 0;
}

int block_cache_write(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length)
{
    const char *from = buffer;
    int result = 0;

    if (offset > device->size || length > device->size - offset)
        return -ENXIO;
    if (device->read_only)
        return -EROFS;
    if (device->cache == NULL && device->operations->submit != NULL && cache_pages_ready() == 0)
        device->cache = create();
    if (device->cache == NULL)
        return block_write_bytes(device, offset, buffer, length);
    cache_attach(device);
    while (result == 0 && length > 0) {
        size_t part = cache_bypass_length(device, offset, length);

        if (part > 0) {
            result = write_through(device, offset, from, part);
        } else {
            part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));
            part = part < length ? part : length;
            result = write_to_page(device, offset, from, part);
        }
        from += part;
        offset += part;
        length -= part;
    }
    return result;
}

static void settle_page(struct block_device *device, struct cached_page *page)
{
    page->references++;
    if (page->dirty && !page->writing)
        start_write(page);
    wait_until(&device->cache->queue, !page->writing, DEADLINE_NEVER);
    if (page->dirty) {
        start_write(page);
        wait_until(&device->cache->queue, !page->writing, DEADLINE_NEVER);
    }
    cache_page_put(page);
}

void block_cache_settle(struct block_device *device, uint64_t offset, uint64_t length)
{
    if (device->cache == NULL)
        return;
    for (uint64_t at = offset & PAGE_MASK; held > 0 && at < offset + length; at += PAGE_SIZE) {
        struct cached_page *page = cache_page_find(device, at >> PAGE_SHIFT);

        if (page != NULL && (page->dirty || page->writing))
            settle_page(device, page);
    }
}

/* What is dirty now is written, or has failed. */
static void write_round(struct block_device *device)
{
    struct cache_writes *writes = device->cache;
    unsigned int turn = writes->turn;

    start_all(device);
    writes->turn = !turn;
    wait_until(&writes->queue, writes->writing[turn] == 0, DEADLINE_NEVER);
}

int block_cache_sync(struct block_device *device)
{
    int lost = 0, result;

    if (device->read_only)
        return 0;
    if (device->cache != NULL) {
        mutex_lock(&device->cache->syncing);
        for (unsigned int round = 0; round < 2; round++)
            write_round(device);
        lost = device->cache->error;
        device->cache->error = 0;
        mutex_unlock(&device->cache->syncing);
    }
    result = block_flush(device);
    return lost != 0 ? lost : result;
}
