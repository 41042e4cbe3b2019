/* SPDX-License-Identifier: MIT */
/* Disks in the page cache: see include/lib/fs/disk_cache.h. */
#include "lib/fs/disk_cache.h"

#include <errno.h>
#include <string.h>

#include "lib/fs/page_cache.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"

static void run_done(struct block_request *request)
{
    page_run_done(container_of(request, struct page_run, request), request->result);
}

static void read_pages(struct page_mapping *mapping, struct page_run *run)
{
    run->request = (struct block_request){
        .operation = BLOCK_READ,
        .offset = run->index << PAGE_SHIFT,
        .length = run->length,
        .vector = run->vector,
        .done = run_done,
    };
    block_submit(mapping->device, &run->request);
}

static void written(struct block_request *request)
{
    page_written(container_of(request, struct cached_page, request), request->result);
}

static void write_page(struct page_mapping *mapping, struct cached_page *page)
{
    page->vector = (struct iovec){ page->data, page->length };
    page->request = (struct block_request){
        .operation = BLOCK_WRITE,
        .offset = page->index << PAGE_SHIFT,
        .length = page->length,
        .vector = &page->vector,
        .done = written,
    };
    block_submit(mapping->device, &page->request);
}

static const struct page_operations disk_operations = {
    .read = read_pages,
    .write = write_page,
};

static void changed(struct block_device *device, uint64_t offset, uint64_t length)
{
    page_cache_forget(device->pages, offset, length);
}

static void replaced(struct block_device *device, bool lost)
{
    if (lost)
        page_cache_lose(device->pages);
    else
        page_cache_forget(device->pages, 0, UINT64_MAX);
}

static void unregistered(struct block_device *device)
{
    page_mapping_destroy(device->pages);
    kernel_free(device->pages);
    device->pages = NULL;
}

static const struct block_watcher watcher = {
    .changed = changed,
    .replaced = replaced,
    .unregistered = unregistered,
};

static struct page_mapping *create_mapping(struct block_device *device)
{
    struct page_mapping *mapping = kernel_alloc(sizeof(*mapping));

    if (mapping == NULL)
        return NULL;
    page_mapping_init(mapping, &disk_operations, device, device->name, device->size);
    device->pages = mapping;
    device->watcher = &watcher;
    return mapping;
}

/* The device's mapping, made at the first call; NULL: no memory. */
static struct page_mapping *mapping_of(struct block_device *device)
{
    if (device->pages == NULL)
        return create_mapping(device);
    device->pages->size = device->size;
    return device->pages;
}

static bool inside(const struct block_device *device, uint64_t offset, size_t length)
{
    return offset <= device->size && length <= device->size - offset;
}

/* What a transfer of many pages failed at is not known: each page is tried alone. */
static ssize_t transfer(struct block_device *device, enum block_operation operation,
                        uint64_t offset, char *buffer, size_t length)
{
    size_t done = 0, part = length;

    while (done < length) {
        int result;

        if (part > length - done)
            part = length - done;
        result = operation == BLOCK_READ
                     ? block_read_bytes(device, offset + done, buffer + done, part)
                     : block_write_bytes(device, offset + done, buffer + done, part);
        if (result == 0) {
            done += part;
        } else if (part > PAGE_SIZE) {
            part = PAGE_SIZE;
        } else {
            return done > 0 ? (ssize_t)done : result;
        }
    }
    return (ssize_t)done;
}

ssize_t disk_read_direct(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    if (!inside(device, offset, length))
        return -ENXIO;
    disk_settle(device, offset, length);
    return transfer(device, BLOCK_READ, offset, buffer, length);
}

/* The data of a write is only read. */
ssize_t disk_write_direct(struct block_device *device, uint64_t offset, const void *buffer,
                          size_t length)
{
    struct page_mapping *mapping = mapping_of(device);
    struct page_claim claim;
    ssize_t result;

    if (!inside(device, offset, length))
        return -ENXIO;
    if (mapping == NULL)
        return -ENOMEM;
    if (length == 0)
        return 0;
    page_cache_claim(mapping, &claim, offset, length);
    result = transfer(device, BLOCK_WRITE, offset, (void *)buffer, length);
    page_cache_release(mapping, &claim);
    return result;
}

ssize_t disk_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    struct page_mapping *mapping;
    ssize_t result = -ENOMEM;

    if (!inside(device, offset, length))
        return -ENXIO;
    if (device->memory != NULL) {
        memcpy(buffer, (const char *)device->memory + offset, length);
        return (ssize_t)length;
    }
    mapping = mapping_of(device);
    if (mapping != NULL)
        result = page_cache_read(mapping, offset, buffer, length);
    return result == -ENOMEM ? disk_read_direct(device, offset, buffer, length) : result;
}

int disk_read_all(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t result = disk_read(device, offset + done, (char *)buffer + done, length - done);

        if (result < 0)
            return (int)result;
        done += (size_t)result;
    }
    return 0;
}

/* What is next of a write: up to a page's border through the cache, or whole pages past it. */
static size_t next_part(uint64_t offset, size_t length, bool *direct)
{
    size_t part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));

    *direct = part == PAGE_SIZE && length >= DISK_CACHE_BYPASS;
    if (*direct)
        return length & PAGE_MASK;
    return part < length ? part : length;
}

ssize_t disk_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length)
{
    struct page_mapping *mapping = mapping_of(device);
    const char *from = buffer;
    size_t done = 0;

    if (!inside(device, offset, length))
        return -ENXIO;
    if (device->read_only)
        return -EROFS;
    if (mapping == NULL)
        return -ENOMEM;
    if (device->operations->submit == NULL) /* nothing can be started in any context */
        return disk_write_direct(device, offset, buffer, length);
    while (done < length) {
        bool direct;
        size_t part = next_part(offset + done, length - done, &direct);
        ssize_t result = -ENOMEM;

        if (!direct)
            result = page_cache_write(mapping, offset + done, from + done, part);
        if (result == -ENOMEM)
            result = disk_write_direct(device, offset + done, from + done, part);
        if (result < 0)
            return done > 0 ? (ssize_t)done : result;
        done += (size_t)result;
        if ((size_t)result < part)
            break;
    }
    return (ssize_t)done;
}

void disk_settle(struct block_device *device, uint64_t offset, uint64_t length)
{
    if (device->pages != NULL && length > 0)
        page_cache_settle(device->pages, offset, length);
}

/* A disk that came back read-only, too: what was written before may be lost, here or in the device. */
int disk_sync(struct block_device *device)
{
    int lost = device->pages != NULL ? page_cache_sync(device->pages) : 0;
    int result = block_flush(device);

    return lost != 0 ? lost : result;
}
