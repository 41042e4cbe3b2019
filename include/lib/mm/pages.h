/* SPDX-License-Identifier: MIT */
/*
 * Page allocator: blocks of 2^order pages of 4096 bytes, aligned to their size.
 *
 * Pages lie in the direct map: their address is their (pseudo-)physical address, and page_frame()
 * gives the frame number to grant. Memory above what was ever handed out is not touched; set-up
 * does not depend on the amount of memory. Contents of a fresh block are undefined unless asked for
 * zeroed. Nothing blocks; any context.
 */
#ifndef LIB_MM_PAGES_H
#define LIB_MM_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "arch/page.h"
#include "xen/platform.h"
#include "lib/base/printk.h"

/*
 * A block of 2^order pages, or NULL when memory is out. The last sixteen pages are a reserve, which
 * is not given to what an application, a peer or a cache can make many of.
 */
void *pages_alloc(unsigned int order);
/*
 * The same, from the reserve too: for what gives memory back, or keeps the domain in the
 * toolstack's hand: page tables, the rings and answers of xenstore and drivers, the balloon's list.
 */
void *pages_alloc_critical(unsigned int order);
void pages_free(void *block, unsigned int order);

static inline void *page_alloc(void)
{
    return pages_alloc(0);
}

static inline void page_free(void *page)
{
    pages_free(page, 0);
}

/* A block in use becomes 2^order blocks of one page, to be freed each by itself. */
void pages_split(void *block, unsigned int order);

/* One zeroed page (what is granted to a backend must never hold old data), or NULL. */
void *page_alloc_zeroed(void);

/*
 * The number that Xen knows a page by, from this allocator or of the image's own data: what grants
 * and page tables hold.
 */
static inline uint64_t page_frame(const void *page)
{
    uint64_t frame = (uintptr_t)page >> PAGE_SHIFT;

    return platform_p2m ? platform_p2m[frame] : frame;
}

/* Print the allocator's regions and how much of them is free. */
void pages_print(print_line print);

/*
 * Pages managed in all, pages free now, and those of them that pages_alloc() gives. `xl mem-set`
 * changes the first: a limit that goes by the size of memory is computed anew at each use.
 */
size_t pages_total(void);
size_t pages_unused(void);
size_t pages_available(void);

#endif
