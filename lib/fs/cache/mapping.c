/* SPDX-License-Identifier: MIT */
/* Mappings: their beginning, their end, and what makes their pages void. */
#include <string.h>

#include "pages.h"

void page_mapping_init(struct page_mapping *mapping, const struct page_operations *operations,
                       struct block_device *device, const char *name, uint64_t size)
{
    memset(mapping, 0, sizeof(*mapping));
    mapping->operations = operations;
    mapping->device = device;
    mapping->name = name;
    mapping->size = size;
    list_init(&mapping->pages);
    list_init(&mapping->dirty);
    list_init(&mapping->dirty_mapping);
    wait_queue_init(&mapping->queue);
    mutex_init(&mapping->syncing);
}

static struct cached_page *page_of(struct list *node)
{
    return container_of(node, struct cached_page, of_mapping);
}

/* What its page tables had changed is written, if it may be. */
static void forget_page(struct cached_page *page)
{
    if (!page->dirty && !page->writing)
        page_unmap(page);
    if (!page->dirty && !page->writing)
        page_drop(page);
}

/* Page by page, or through all that there are, whatever is less. */
void page_cache_forget(struct page_mapping *mapping, uint64_t offset, uint64_t length)
{
    uint64_t first = offset >> PAGE_SHIFT, last = (offset + length - 1) >> PAGE_SHIFT;
    struct list *node, *next;

    if (last < first)
        last = UINT64_MAX >> PAGE_SHIFT;
    if (last - first < mapping->cached) {
        for (uint64_t i = first; i <= last; i++) {
            struct cached_page *page = page_find(mapping, i);

            if (page != NULL)
                forget_page(page);
        }
        return;
    }
    list_for_each (node, next, &mapping->pages) {
        if (page_of(node)->index >= first && page_of(node)->index <= last)
            forget_page(page_of(node));
    }
}

void page_cache_lose(struct page_mapping *mapping)
{
    struct list *node;

    while ((node = list_first(&mapping->pages)) != NULL && page_of(node)->mapped > 0)
        page_unmap(page_of(node));
    page_cache_lose_dirty(mapping);
    while ((node = list_first(&mapping->pages)) != NULL)
        page_drop(page_of(node));
}

void page_mapping_destroy(struct page_mapping *mapping)
{
    page_cache_lose(mapping);
    wait_until(&mapping->queue, mapping->reading + mapping->writing[0] + mapping->writing[1] == 0,
               DEADLINE_NEVER);
}

void page_mapping_resize(struct page_mapping *mapping, uint64_t size)
{
    uint64_t less = size < mapping->size ? size : mapping->size;

    mapping->size = size;
    page_cache_forget(mapping, less & PAGE_MASK, UINT64_MAX - less);
}
