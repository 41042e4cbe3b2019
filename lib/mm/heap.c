/* SPDX-License-Identifier: MIT */
/*
 * The heap: one range of addresses that grows at its end, page by page, in a part of the address
 * space of its own, so that malloc() always gets memory that continues what it has, however
 * scattered the pages are.
 *
 * RESERVE pages are left to the rest of the kernel: an application that eats all memory must not
 * take the page that reports it.
 */
#include <stdbool.h>

#include "arch/paging.h"
#include "lib/mm.h"
#include "lib/pages.h"

#define RESERVE 16

static uintptr_t heap_end = HEAP_BASE;    /* what malloc has asked for */
static uintptr_t heap_mapped = HEAP_BASE; /* page-aligned */

static void shrink_to(uintptr_t end)
{
    while (heap_mapped - PAGE_SIZE >= end) {
        heap_mapped -= PAGE_SIZE;
        page_free(paging_unmap_page(heap_mapped));
    }
}

static bool map_one(void)
{
    void *page = pages_unused() > RESERVE ? page_alloc() : NULL;

    if (!page)
        return false;
    if (paging_map_page(heap_mapped, page)) {
        page_free(page);
        return false;
    }
    heap_mapped += PAGE_SIZE;
    return true;
}

void *heap_grow(intptr_t change)
{
    uintptr_t old_end = heap_end, end = heap_end + change;

    if (change < 0 ? end < HEAP_BASE || end > old_end : end < old_end)
        return NULL;
    while (heap_mapped < end) {
        if (!map_one()) {
            shrink_to(old_end);
            return NULL;
        }
    }
    shrink_to(end);
    heap_end = end;
    return (void *)old_end;
}

size_t heap_pages(void)
{
    return (heap_mapped - HEAP_BASE) >> PAGE_SHIFT;
}
