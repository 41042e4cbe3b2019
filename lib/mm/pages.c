/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator with a frontier.
 *
 * Each region of RAM is used from its start upwards: memory above the region's frontier has never
 * been handed out, is not mapped and has no state. A block comes from a free list, or else from the
 * frontier. Behind the frontier every page has one byte of state: in the first byte of a block,
 * FREE, USED or ABSENT with its order; 0 in all others. Free blocks carry their list node inside.
 *
 * ABSENT blocks are with Xen (lib/mm/balloon.h), as is everything from a region's end to its top; what
 * was never handed out goes first, by lowering the end.
 *
 * The bytes of state lie at the region's start, one for each of its pages; they are written when
 * the frontier passes, so set-up costs the same for any size. While nothing of the region was ever
 * handed out, they may be absent as well: then its end is below its base.
 */
#include "lib/mm/pages.h"

#include <stdbool.h>
#include <string.h>

#include "xen/boot_info.h"
#include "lib/mm/paging.h"
#include "lib/mm/balloon.h"
#include "lib/base/list.h"
#include "lib/mm/mm.h"
#include "lib/base/printk.h"

#define ORDERS 11
#define STATE_FREE 0x80
#define STATE_USED 0x40
#define STATE_ABSENT 0x20
#define STATE_ORDER 0x0f
#define MAP_UNIT 0x200000ul

struct region {
    uint64_t base, frontier, end, top; /* frames */
    uint64_t mapped;              /* bytes: the direct map reaches to here */
    uint8_t *state;               /* of frame base + i; behind them comes the base */
};

static struct region regions[BOOT_MEMORY_REGIONS];
static unsigned int region_count;
static struct list free_blocks[ORDERS];
static size_t unused_pages, total_pages, absent_blocks;

/*
 * The direct map is extended one unit ahead of the frontier, because entering a unit may need a
 * page for a table (paging_refill).
 */
static void map_to(struct region *region, uint64_t frame)
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
    struct region *region = &regions[region_count++];
    uint64_t frames;

    region->base = memory->start >> PAGE_SHIFT;
    region->end = region->top = memory->end >> PAGE_SHIFT;
    region->mapped = memory->start & ~(MAP_UNIT - 1);
    region->state = (uint8_t *)memory->start;
    frames = (region->end - region->base + PAGE_SIZE - 1) >> PAGE_SHIFT;
    region->base += frames;
    region->frontier = region->base;
    if (region->base >= region->end) {
        region_count--;
        return;
    }
    unused_pages += region->end - region->base;
}

void pages_init(const struct boot_memory *memory, unsigned int count)
{
    for (unsigned int order = 0; order < ORDERS; order++)
        list_init(&free_blocks[order]);
    for (unsigned int i = 0; i < count; i++)
        add_region(&memory[i]);
    total_pages = unused_pages;
}

static struct region *region_of(uint64_t frame)
{
    for (unsigned int i = 0; i < region_count; i++)
        if (frame >= regions[i].base && frame < regions[i].frontier)
            return &regions[i];
    return NULL;
}

static void set_state(const struct region *region, uint64_t frame, uint8_t state)
{
    region->state[frame - region->base] = state;
}

static void put_free(const struct region *region, uint64_t frame, unsigned int order)
{
    set_state(region, frame, STATE_FREE | order);
    list_prepend(&free_blocks[order], (struct list *)(frame << PAGE_SHIFT));
}

static void take_free(const struct region *region, uint64_t frame)
{
    list_remove((struct list *)(frame << PAGE_SHIFT));
    set_state(region, frame, 0);
}

/* A block from the free lists, split down from the smallest that fits; 0 when there is none. */
static uint64_t take_from_lists(unsigned int order)
{
    unsigned int have = order;
    const struct region *region;
    uint64_t frame;

    while (have < ORDERS && list_empty(&free_blocks[have]))
        have++;
    if (have == ORDERS)
        return 0;
    frame = (uintptr_t)list_first(&free_blocks[have]) >> PAGE_SHIFT;
    region = region_of(frame);
    take_free(region, frame);
    while (have > order) {
        have--;
        put_free(region, frame + (1ul << have), have);
    }
    return frame;
}

/* Move a frontier up to `frame`, giving what it passes to the free lists in aligned blocks. */
static void pass_to(struct region *region, uint64_t frame)
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

    for (unsigned int i = 0; i < region_count; i++) {
        struct region *region = &regions[i];
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
    uint64_t frame;

    if (order >= ORDERS)
        return NULL;
    frame = take_from_lists(order);
    if (!frame)
        frame = take_from_frontier(order);
    if (!frame)
        return NULL;
    set_state(region_of(frame), frame, STATE_USED | order);
    unused_pages -= 1ul << order;
    paging_refill();
    return (void *)(frame << PAGE_SHIFT);
}

void pages_free(void *block, unsigned int order)
{
    uint64_t frame = (uintptr_t)block >> PAGE_SHIFT;
    const struct region *region = region_of(frame);

    if (!block)
        return;
    if (!region || (uintptr_t)block % PAGE_SIZE ||
        region->state[frame - region->base] != (STATE_USED | order))
        panic("pages_free: %p, order %u, is no block in use", block, order);
    unused_pages += 1ul << order;
    set_state(region, frame, 0);
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

    memset(&region_of(frame)->state[frame - region_of(frame)->base], STATE_USED, 1ul << order);
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
    for (unsigned int i = 0; i < region_count; i++)
        print("pages: %lx to %lx, used below %lx", regions[i].base << PAGE_SHIFT,
              regions[i].end << PAGE_SHIFT, regions[i].frontier << PAGE_SHIFT);
    print("pages: %zu of %zu free", unused_pages, total_pages);
}

size_t pages_total(void)
{
    return total_pages;
}

size_t pages_unused(void)
{
    return unused_pages;
}

/* How far down the end can go. */
static uint64_t lowest_end(const struct region *region)
{
    bool untouched = region->frontier == region->base;

    return untouched ? (uintptr_t)region->state >> PAGE_SHIFT : region->frontier;
}

/* How many of [start, end) are pages that can be handed out. */
static size_t managed(const struct region *region, uint64_t start, uint64_t end)
{
    uint64_t first = start > region->base ? start : region->base;

    return end > first ? end - first : 0;
}

static void set_end(struct region *region, uint64_t end)
{
    size_t less = managed(region, end, region->end), more = managed(region, region->end, end);

    unused_pages += more - less;
    total_pages += more - less;
    region->end = end;
}

void pages_withhold(size_t count)
{
    for (unsigned int i = region_count; i-- > 0 && count > 0;) {
        struct region *region = &regions[i];
        size_t most = region->end - lowest_end(region);
        size_t part = count < most ? count : most;

        set_end(region, region->end - part);
        count -= part;
    }
}

bool pages_withheld(unsigned int index, uint64_t *start, uint64_t *end)
{
    if (index >= region_count)
        return false;
    *start = regions[index].end;
    *end = regions[index].top;
    return true;
}

/* The largest order up to `order` by which `frame` is aligned and that fits into `room` frames. */
static unsigned int fitting_order(uint64_t frame, uint64_t room, unsigned int order)
{
    while (order > 0 && ((frame & ((1ul << order) - 1)) || 1ul << order > room))
        order--;
    return order;
}

static uint64_t withdraw_untouched(unsigned int *order)
{
    for (unsigned int i = region_count; i-- > 0;) {
        struct region *region = &regions[i];
        uint64_t room = managed(region, region->frontier, region->end);

        if (room == 0)
            continue;
        *order = fitting_order(region->end, room, *order);
        set_end(region, region->end - (1ul << *order));
        return region->end;
    }
    return 0;
}

static uint64_t withdraw_free(unsigned int *order)
{
    for (;; --*order) {
        uint64_t frame = take_from_lists(*order);

        if (frame) {
            unused_pages -= 1ul << *order;
            total_pages -= 1ul << *order;
            memset((void *)(frame << PAGE_SHIFT), 0, PAGE_SIZE << *order);
            set_state(region_of(frame), frame, STATE_ABSENT | *order);
            absent_blocks++;
            return frame;
        }
        if (*order == 0)
            return 0;
    }
}

uint64_t pages_withdraw(unsigned int *order)
{
    unsigned int wanted = *order;
    uint64_t frame = withdraw_untouched(order);

    if (!frame) {
        *order = wanted;
        frame = withdraw_free(order);
    }
    return frame;
}

/* An absent block behind the frontier, cut down to `order` if it is larger. */
static uint64_t find_absent_block(unsigned int *order)
{
    for (unsigned int i = 0; i < region_count && absent_blocks > 0; i++) {
        const struct region *region = &regions[i];
        uint64_t frame = region->base;

        while (frame < region->frontier) {
            uint8_t state = region->state[frame - region->base];
            unsigned int have = state & STATE_ORDER;

            if (!(state & STATE_ABSENT)) {
                frame += 1ul << have;
                continue;
            }
            while (have > *order) {
                have--;
                set_state(region, frame + (1ul << have), STATE_ABSENT | have);
                absent_blocks++;
            }
            set_state(region, frame, STATE_ABSENT | have);
            *order = have;
            return frame;
        }
    }
    return 0;
}

uint64_t pages_find_absent(unsigned int *order)
{
    uint64_t frame = find_absent_block(order);

    for (unsigned int i = 0; i < region_count && !frame; i++) {
        const struct region *region = &regions[i];

        if (region->end == region->top)
            continue;
        frame = region->end;
        *order = fitting_order(frame, region->top - frame, *order);
    }
    return frame;
}

void pages_restore(uint64_t frame, unsigned int order)
{
    const struct region *behind = region_of(frame);

    if (behind) {
        total_pages += 1ul << order;
        absent_blocks--;
        set_state(behind, frame, STATE_USED | order);
        pages_free((void *)(frame << PAGE_SHIFT), order);
        return;
    }
    for (unsigned int i = 0; i < region_count; i++)
        if (regions[i].end == frame && frame < regions[i].top)
            set_end(&regions[i], frame + (1ul << order));
}
