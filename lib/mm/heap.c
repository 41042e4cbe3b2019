/* SPDX-License-Identifier: MIT */
/*
 * The heap: one range of addresses that grows at its end, page by page, in a part of the address
 * space of its own, so that malloc() always gets memory that continues what it has, however
 * scattered the pages are.
 */
#include <stdbool.h>

#include "lib/mm/paging.h"
#include "lib/base/constant.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"

#define TABLE_LEVELS 3
#define TABLE_PAGES (PAGE_TABLE_REACH / PAGE_SIZE)

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
    void *page = page_alloc();

    if (page == NULL)
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

/*
 * Whether there are the pages that the heap needs to reach `end`, with a page table for each 512 of
 * them and one for where they begin.
 */
static bool is_room_up_to(uintptr_t end)
{
    size_t pages = (end - heap_mapped + PAGE_SIZE - 1) / PAGE_SIZE;

    return pages + pages / TABLE_PAGES + 1 <= pages_available();
}

/* Pages are looked for before any is mapped; tables of other levels may take one of them yet. */
static bool map_up_to(uintptr_t end)
{
    uintptr_t before = heap_mapped;

    if (heap_mapped < end && !is_room_up_to(end))
        return false;
    while (heap_mapped < end) {
        if (!map_one()) {
            shrink_to(before);
            return false;
        }
    }
    return true;
}

void *heap_grow(intptr_t change)
{
    uintptr_t old_end = heap_end, end = heap_end + change;
    bool done;

    if (change < 0 ? end < heap_start || end > old_end : end < old_end)
        return NULL;
    done = map_up_to(end);
    memory_pressure_check();
    if (!done)
        return NULL;
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
    for (int level = 0; level < TABLE_LEVELS; level++, first /= TABLE_PAGES, last /= TABLE_PAGES)
        count += last - first + 1;
    return count;
}

size_t heap_pages(void)
{
    return (heap_mapped - heap_start) / PAGE_SIZE + table_pages();
}
