/* SPDX-License-Identifier: MIT */
/* What pages.c and absent.c share: regions of RAM, and the state of their pages. */
#ifndef LIB_MM_REGIONS_H
#define LIB_MM_REGIONS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/bit_tree.h"
#include "xen/boot_info.h"

/* A page's byte of state: one of these, with the order of the block that begins there; or 0. */
#define STATE_FREE 0x80
#define STATE_USED 0x40
#define STATE_ABSENT 0x20
#define STATE_ORDER 0x0f

/* Bytes of state come first, then the set of absent blocks. */
#define REGION_SET_OFFSET(frames) (((frames) + 7) & ~7ul)

struct page_region {
    uint64_t base, frontier, end, top; /* frames; those from `end` to `top` are absent */
    uint64_t mapped;                   /* bytes: the direct map reaches to here */
    uint8_t *state;                    /* of frame base + i */
    struct bit_tree absent;            /* their first frames, counted from base; absent.c */
};

extern struct page_region page_regions[BOOT_MEMORY_REGIONS];
extern unsigned int page_region_count;

/* What pages_unused() and pages_total() say. */
extern struct page_counts {
    size_t unused, total;
} page_counts;

/* The region that has handed `frame` out before; or NULL. */
struct page_region *page_region_of(uint64_t frame);

static inline void page_set_state(const struct page_region *region, uint64_t frame, uint8_t state)
{
    region->state[frame - region->base] = state;
}

/*
 * A block from the free lists, split down from the smallest that fits, of which nothing is counted
 * or noted yet; 0 when there is none.
 */
uint64_t page_take_free(unsigned int order);

#endif
