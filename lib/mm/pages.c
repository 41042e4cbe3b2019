/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator with a frontier.
 *
 * Each region of RAM is used from its start upwards: memory above the region's frontier has never
 * been handed out, is not mapped and has no state. A block comes from a free list, or else from the
 * frontier. Behind the frontier every page has one byte of state: in the first byte of a block,
 * FREE, USED or ABSENT with its order; 0 in all others. Free blocks carry their list node inside.
 * ABSENT blocks are absent.c's.
 *
 * The bytes of state lie at the region's start, one for each of its pages, with the set of absent
 * blocks behind them; they are written when the frontier passes, so set-up costs the same for any
 * size. While nothing of the region was ever handed out, they may be absent as well: then its end
 * is below its base.
 */
#include "lib/mm/pages.h"

#include <stdbool.h>
#include <string.h>

#include "xen/boot_info.h"
#include "lib/mm/paging.h"
#include "lib/base/list.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/mm.h"
#include "lib/base/printk.h"
#include "regions.h"

#define ORDERS 11
#define RESERVE 16 /* pages that only pages_alloc_critical() gives */
#define MAP_UNIT 0x200000ul

struct page_region page_regions[BOOT_MEMORY_REGIONS];
unsigned int page_region_count;
struct page_counts page_counts;

static struct list free_blocks[ORDERS];

/*
 * The direct map is extended one unit ahead of the frontier, because entering a unit may need a
 * page for a table (paging_refill).
 */
static void map_to(struct page_region *region, uint64_t frame)
{
    uint64_t end = frame << PAGE_SHIFT;

    if (end <= region->mapped)
        return;
    end = (end + MAP_UNIT - 1) & ~(MAP_UNIT - 1);
    paging_map_direct(region->mapped, end);
    region->mapped = end;
}

static void add_region(const struct boot_memory *memory)
{
    struct page_region *region = &page_regions[page_region_count];
    uint64_t frames = (memory->end - memory->start) >> PAGE_SHIFT;
    uint64_t kept = REGION_SET_OFFSET(frames) + BIT_TREE_BYTES(frames);

    region->base = (memory->start + kept + PAGE_SIZE - 1) >> PAGE_SHIFT;
    region->frontier = region->base;
    region->end = region->top = memory->end >> PAGE_SHIFT;
    if (region->base >= region->end)
        return;
    region->mapped = memory->start & ~(MAP_UNIT - 1);
    region->state = (uint8_t *)memory->start;
    page_region_count++;
    page_counts.unused += region->end - region->base;
}

void pages_init(const struct boot_memory *memory, unsigned int count)
{
    for (unsigned int order = 0; order < ORDERS; order++)
        list_init(&free_blocks[order]);
    for (unsigned int i = 0; i < count; i++)
        add_region(&memory[i]);
    page_counts.total = page_counts.unused;
}

struct page_region *page_region_of(uint64_t frame)
{
    for (unsigned int i = 0; i < page_region_count; i++)
        if (frame >= page_regions[i].base && frame < page_regions[i].frontier)
            return &page_regions[i];
    return NULL;
}

static void put_free(const struct page_region *region, uint64_t frame, unsigned int order)
{
    page_set_state(region, frame, STATE_FREE | order);
    list_prepend(&free_blocks[order], (struct list *)(frame << PAGE_SHIFT));
}

static void take_free(const struct page_region *region, uint64_t frame)
{
    list_remove((struct list *)(frame << PAGE_SHIFT));
    page_set_state(region, frame, 0);
}

uint64_t page_take_free(unsigned int order)
{
    unsigned int have = order;
    const struct page_region *region;
    uint64_t frame;

    while (have < ORDERS && list_empty(&free_blocks[have]))
        have++;
    if (have == ORDERS)
        return 0;
    frame = (uintptr_t)list_first(&free_blocks[have]) >> PAGE_SHIFT;
    region = page_region_of(frame);
    take_free(region, frame);
    while (have > order) {
        have--;
        put_free(region, frame + (1ul << have), have);
    }
    return frame;
}

/* Move a frontier up to `frame`, giving what it passes to the free lists in aligned blocks. */
static void pass_to(struct page_region *region, uint64_t frame)
{
    while (region->frontier < frame) {
        unsigned int order = 0;

        while (order + 1 < ORDERS && !(region->frontier & ((2ul << order) - 1)) &&
               region->frontier + (2ul << order) <= frame)
            order++;
        memset(&region->state[region->frontier - region->base], 0, 1ul << order);
        region->frontier += 1ul << order;
        put_free(region, region->frontier - (1ul << order), order);
    }
}

static uint64_t take_from_frontier(unsigned int order)
{
    uint64_t size = 1ul << order;

    for (unsigned int i = 0; i < page_region_count; i++) {
        struct page_region *region = &page_regions[i];
        uint64_t frame = (region->frontier + size - 1) & ~(size - 1);

        if (frame + size > region->end)
            continue;
        map_to(region, frame + size);
        pass_to(region, frame);
        memset(&region->state[frame - region->base], 0, size);
        region->frontier = frame + size;
        return frame;
    }
    return 0;
}

void *pages_alloc(unsigned int order)
{
    if (order < ORDERS && pages_available() >> order != 0)
        return pages_alloc_critical(order);
    memory_pressure_check();
    return NULL;
}

void *pages_alloc_critical(unsigned int order)
{
    uint64_t frame;

    if (order >= ORDERS)
        return NULL;
    frame = page_take_free(order);
    if (!frame)
        frame = take_from_frontier(order);
    if (!frame)
        return NULL;
    page_set_state(page_region_of(frame), frame, STATE_USED | order);
    page_counts.unused -= 1ul << order;
    paging_refill();
    return (void *)(frame << PAGE_SHIFT);
}

void pages_free(void *block, unsigned int order)
{
    uint64_t frame = (uintptr_t)block >> PAGE_SHIFT;
    const struct page_region *region = page_region_of(frame);

    if (block == NULL)
        return;
    if (region == NULL || (uintptr_t)block % PAGE_SIZE ||
        region->state[frame - region->base] != (STATE_USED | order))
        panic("pages_free: %p, order %u, is no block in use", block, order);
    page_counts.unused += 1ul << order;
    page_set_state(region, frame, 0);
    while (order + 1 < ORDERS) {
        uint64_t buddy = frame ^ 1ul << order;

        if (buddy < region->base || buddy >= region->frontier ||
            region->state[buddy - region->base] != (STATE_FREE | order))
            break;
        take_free(region, buddy);
        frame &= ~(1ul << order);
        order++;
    }
    put_free(region, frame, order);
}

void pages_split(void *block, unsigned int order)
{
    uint64_t frame = (uintptr_t)block >> PAGE_SHIFT;
    const struct page_region *region = page_region_of(frame);

    memset(&region->state[frame - region->base], STATE_USED, 1ul << order);
}

void *page_alloc_zeroed(void)
{
    void *page = page_alloc();

    if (page)
        memset(page, 0, PAGE_SIZE);
    return page;
}

void pages_print(print_line print)
{
    for (unsigned int i = 0; i < page_region_count; i++)
        print("pages: %lx to %lx, used below %lx", page_regions[i].base << PAGE_SHIFT,
              page_regions[i].end << PAGE_SHIFT, page_regions[i].frontier << PAGE_SHIFT);
    print("pages: %zu of %zu free", page_counts.unused, page_counts.total);
}

size_t pages_total(void)
{
    return page_counts.total;
}

size_t pages_unused(void)
{
    return page_counts.unused;
}

size_t pages_available(void)
{
    return page_counts.unused > RESERVE ? page_counts.unused - RESERVE : 0;
}
