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

#include "lib/mm/paging.h"
#include "lib/base/constant.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"

#define RESERVE 16
#define TABLE_LEVELS 3

static uintptr_t heap_start CONSTANT_AFTER_BOOT; /* page-aligned, as the next two */
static uintptr_t heap_mapped;
static uintptr_t heap_highest; /* what heap_mapped has been at most */
static uintptr_t heap_end;     /* what malloc has asked for */

uint64_t heap_secret CONSTANT_AFTER_BOOT;

void heap_init(void)
{
    heap_start = HEAP_BASE + ((uintptr_t)random_u32() << PAGE_SHIFT);
    heap_end = heap_mapped = heap_highest = heap_start;
    random_bytes(&heap_secret, sizeof(heap_secret));
}

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
    if (heap_highest < heap_mapped)
        heap_highest = heap_mapped;
    return true;
}

void *heap_grow(intptr_t change)
{
    uintptr_t old_end = heap_end, end = heap_end + change;

    if (change < 0 ? end < heap_start || end > old_end : end < old_end)
        return NULL;
    while (heap_mapped < end) {
        if (!map_one()) {
            memory_pressure_check();
            shrink_to(old_end);
            return NULL;
        }
    }
    memory_pressure_check();
    shrink_to(end);
    heap_end = end;
    return (void *)old_end;
}

bool heap_holds(const void *start, size_t length)
{
    uintptr_t address = (uintptr_t)start;

    return address >= heap_start && address < heap_end && length <= heap_end - address;
}

/* Each table of a level maps 512 of those below it; tables are kept when the heap shrinks. */
static size_t table_pages(void)
{
    uintptr_t first = heap_start / PAGE_TABLE_REACH, last = (heap_highest - 1) / PAGE_TABLE_REACH;
    size_t count = 0;

    if (heap_highest == heap_start)
        return 0;
    for (int level = 0; level < TABLE_LEVELS; level++, first /= 512, last /= 512)
        count += last - first + 1;
    return count;
}

size_t heap_pages(void)
{
    return (heap_mapped - heap_start) / PAGE_SIZE + table_pages();
}
