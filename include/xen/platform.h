/* SPDX-License-Identifier: MIT */
/*
 * What depends on the guest type. The entry code of the type that the domain was built as sets
 * `platform` and, under PV, `platform_p2m`, before anything else runs; the rooms above do not know
 * which it is. Any context.
 */
#ifndef XEN_PLATFORM_H
#define XEN_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* What the toolstack gives each domain: the rings, mapped (NULL: there is none), and their ports. */
struct platform_rings {
    void *console, *xenstore;
    uint32_t console_port, xenstore_port;
};

struct platform {
    const char *name; /* "PVH" or "PV" */

    int (*map_grant_frame)(unsigned int index, void **address);
    void (*set_thread_pointer)(void *block);
    /*
     * For xen/domain/balloon.c, and only in an image with it: give `count` blocks of 2^order free
     * frames to Xen, one behind the other, each of 2 MiB at most, or have the frames of one filled
     * again; `frame` is a multiple of 2^order. Giving what never was there does no harm. 0, or
     * -errno; when one was to be given or filled, nothing has changed then.
     */
    int (*give_frames)(uint64_t frame, unsigned int order, unsigned int count);
    int (*take_frames)(uint64_t frame, unsigned int order);
    /* The address that the last page fault was about. */
    uint64_t (*fault_address)(void);
    int (*suspend)(struct platform_rings *rings);
    /* Is memory being copied while the domain runs, for a live migration, for all that we know? */
    bool (*copied_live)(void);
    void (*block)(uint64_t deadline);

    /*
     * Page tables, for lib/mm/x86_64/paging.c alone; an entry points into a table that the CPU walks.
     * write_page enters `value` at level 1, where it maps `address`, and flushes what the TLB knew
     * of it; add_table enters a zeroed page that becomes a table, and remove_table makes it a page
     * again, nothing of which is mapped any more, `address` included; map_unit maps 2 MiB of the
     * direct map, from an `address` that is a multiple of that.
     */
    void (*write_page)(uint64_t *entry, uintptr_t address, uint64_t value);
    void (*add_table)(uint64_t *entry, uint64_t *table);
    void (*remove_table)(uint64_t *entry, uintptr_t address, uint64_t *table);
    void (*map_unit)(uint64_t *level2_entry, uint64_t address);
};

extern const struct platform *platform;

/*
 * The machine frame of each frame, in the order of the domain's own numbers: the domain builder's
 * list. NULL under PVH, where Xen translates.
 */
extern const uint64_t *platform_p2m;

/*
 * Map frame `index` of the grant table, growing the table up to it: its address in *address. 0, or
 * -errno (-ENOMEM; from Xen when the host's limit is reached).
 */
static inline int platform_map_grant_frame(unsigned int index, void **address)
{
    return platform->map_grant_frame(index, address);
}

/*
 * Point %fs at the thread control block: the TLS data ends there, and its first word holds its own
 * address.
 */
static inline void platform_set_thread_pointer(void *block)
{
    platform->set_thread_pointer(block);
}

/*
 * Block until an unmasked port has an event or clock_monotonic() reaches the deadline. May end sooner,
 * without either.
 */
static inline void platform_block(uint64_t deadline)
{
    platform->block(deadline);
}

/*
 * Set when an event was that of a deadline: the clock is worth a look. Whoever looks clears it. (A
 * platform whose blocks end at the deadline without an event leaves it alone.)
 */
extern bool platform_alarm;

/*
 * Stop the domain for saving. 0: this is the new domain; shared_info is mapped where it was,
 * hypercalls work, *rings are the new ones. 1: the suspend was cancelled, nothing has changed.
 * -errno: Xen refused, nothing has changed. Does not switch threads.
 */
static inline int platform_suspend(struct platform_rings *rings)
{
    return platform->suspend(rings);
}

#endif
