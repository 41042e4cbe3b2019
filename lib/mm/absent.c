/* SPDX-License-Identifier: MIT */
/*
 * Memory that is with Xen: see include/lib/mm/balloon.h.
 *
 * What was never handed out goes first, by lowering a region's end; what lies between its end and
 * its top is absent. Then free blocks become ABSENT blocks. Nothing can be kept in them, so each
 * region has the set of their first frames (lib/base/bit_tree.h), where one is found at once.
 */
#include "lib/mm/balloon.h"

#include <string.h>

#include "lib/mm/pages.h"
#include "regions.h"

/* How far down the end can go. */
static uint64_t lowest_end(const struct page_region *region)
{
    bool untouched = region->frontier == region->base;

    return untouched ? (uintptr_t)region->state >> PAGE_SHIFT : region->frontier;
}

/* How many of [start, end) are pages that can be handed out. */
static size_t managed(const struct page_region *region, uint64_t start, uint64_t end)
{
    uint64_t first = start > region->base ? start : region->base;

    return end > first ? end - first : 0;
}

static void set_end(struct page_region *region, uint64_t end)
{
    size_t less = managed(region, end, region->end), more = managed(region, region->end, end);

    page_counts.unused += more - less;
    page_counts.total += more - less;
    region->end = end;
}

void pages_withhold(size_t count)
{
    for (unsigned int i = page_region_count; i-- > 0 && count > 0;) {
        struct page_region *region = &page_regions[i];
        size_t most = region->end - lowest_end(region);
        size_t part = count < most ? count : most;

        set_end(region, region->end - part);
        count -= part;
    }
}

bool pages_withheld(unsigned int index, uint64_t *start, uint64_t *end)
{
    if (index >= page_region_count)
        return false;
    *start = page_regions[index].end;
    *end = page_regions[index].top;
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
    for (unsigned int i = page_region_count; i-- > 0;) {
        struct page_region *region = &page_regions[i];
        uint64_t room = managed(region, region->frontier, region->end);

        if (room == 0)
            continue;
        *order = fitting_order(region->end, room, *order);
        set_end(region, region->end - (1ul << *order));
        return region->end;
    }
    return 0;
}

static void set_absent(struct page_region *region, uint64_t frame, unsigned int order)
{
    size_t most = region->top - region->base;

    if (bit_tree_first(&region->absent) == BIT_TREE_NONE)
        bit_tree_init(&region->absent, (uint64_t *)(region->state + REGION_SET_OFFSET(most)), most);
    page_set_state(region, frame, STATE_ABSENT | order);
    bit_tree_add(&region->absent, frame - region->base);
}

static uint64_t withdraw_free(unsigned int *order)
{
    for (;; --*order) {
        uint64_t frame = page_take_free(*order);

        if (frame) {
            memset((void *)(frame << PAGE_SHIFT), 0, PAGE_SIZE << *order);
            set_absent(page_region_of(frame), frame, *order);
            page_counts.unused -= 1ul << *order;
            page_counts.total -= 1ul << *order;
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
    for (unsigned int i = 0; i < page_region_count; i++) {
        struct page_region *region = &page_regions[i];
        size_t first = bit_tree_first(&region->absent);
        uint64_t frame = region->base + first;
        unsigned int have;

        if (first == BIT_TREE_NONE)
            continue;
        for (have = region->state[first] & STATE_ORDER; have > *order;) {
            have--;
            set_absent(region, frame + (1ul << have), have);
        }
        set_absent(region, frame, have);
        *order = have;
        return frame;
    }
    return 0;
}

uint64_t pages_find_absent(unsigned int *order)
{
    uint64_t frame = find_absent_block(order);

    for (unsigned int i = 0; i < page_region_count && !frame; i++) {
        const struct page_region *region = &page_regions[i];

        if (region->end == region->top)
            continue;
        frame = region->end;
        *order = fitting_order(frame, region->top - frame, *order);
    }
    return frame;
}

void pages_restore(uint64_t frame, unsigned int order)
{
    struct page_region *behind = page_region_of(frame);

    if (behind) {
        bit_tree_remove(&behind->absent, frame - behind->base);
        page_counts.total += 1ul << order;
        page_set_state(behind, frame, STATE_USED | order);
        pages_free((void *)(frame << PAGE_SHIFT), order);
        return;
    }
    for (unsigned int i = 0; i < page_region_count; i++)
        if (page_regions[i].end == frame && frame < page_regions[i].top)
            set_end(&page_regions[i], frame + (1ul << order));
}
