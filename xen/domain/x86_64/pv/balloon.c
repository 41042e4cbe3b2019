/* SPDX-License-Identifier: MIT */
/*
 * The balloon's hypercalls under PV, where a frame is a machine frame in the list, with an entry in
 * the direct map once its 2 MiB are mapped. A frame that is with Xen has PV_FRAME_ABSENT in the
 * list, which tells the toolstack, when it saves the domain, that there is nothing to save.
 *
 * maxmem above memory: the builder's list ends with `memory`; the memory map that the toolstack sets
 * goes up to maxmem. The list is then moved, by page tables, to a range of addresses where pages can
 * be added at its end; it gets them when frames come that it has no entries for.
 *
 * A live migration sends frames while they come and go. In the new domain the list is the
 * toolstack's, and may have machine frames where this one had none: they are given back first.
 */
#include "xen/x86_64/pv.h"

#include <errno.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/memory.h>

#include "xen/boot_info.h"
#include "lib/mm/paging.h"
#include "xen/x86_64/pv_hypercalls.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"

#define LIST_ENTRIES (PAGE_SIZE / sizeof(uint64_t)) /* in a page */
#define E820_RAM 1

struct e820_entry {
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));

uint64_t pv_frames_most(uint64_t present)
{
    struct e820_entry entry;
    struct xen_memory_map map = { .nr_entries = 1 };
    uint64_t most;

    set_xen_guest_handle(map.buffer, &entry);
    if (hypercall_memory_op(XENMEM_memory_map, &map) < 0 || map.nr_entries != 1 ||
        entry.type != E820_RAM || entry.start != 0)
        return present;
    most = entry.size >> PAGE_SHIFT;
    if (most > PV_LIST_BASE >> PAGE_SHIFT)
        most = PV_LIST_BASE >> PAGE_SHIFT;
    return most > present ? most : present;
}

static uint64_t *list_entry(uint64_t frame)
{
    return (uint64_t *)&platform_p2m[frame];
}

static bool absent(uint64_t frame)
{
    return frame >= pv_frames || *list_entry(frame) == PV_FRAME_ABSENT;
}

void pv_make_room_in_list(void)
{
    pv_map_list();
    while (pv_frames % LIST_ENTRIES)
        *list_entry(pv_frames++) = PV_FRAME_ABSENT;
}

/* p2m_generation tells the toolstack, which may be reading, that the list's pages change. */
static int add_list_page(void *page)
{
    struct arch_shared_info *shared = &boot_info.shared_info->arch;
    int error;

    memset(page, 0xff, PAGE_SIZE); /* PV_FRAME_ABSENT */
    shared->p2m_generation++;
    error = paging_map_page((uintptr_t)list_entry(pv_frames), page);
    shared->p2m_generation++;
    if (error == 0)
        shared->max_pfn = pv_frames += LIST_ENTRIES;
    return error;
}

static int lengthen_list(uint64_t end)
{
    while (pv_frames < end) {
        void *page = pages_alloc_critical(0);
        int error = page ? add_list_page(page) : -ENOMEM;

        if (error != 0) {
            page_free(page);
            return error;
        }
    }
    return 0;
}

/*
 * In place: the list's entries are what Xen is told, and for populate_physmap what it answers in.
 * Returns the number of frames done.
 */
static uint64_t change(unsigned int command, uint64_t frame, uint64_t count)
{
    struct xen_memory_reservation reservation = { .nr_extents = count, .domid = DOMID_SELF };
    long done;

    set_xen_guest_handle(reservation.extent_start, list_entry(frame));
    done = hypercall_memory_op(command, &reservation);
    return done > 0 ? done : 0;
}

/* A refusal is an error of ours: Xen needs no memory for it. */
static void give(uint64_t frame, uint64_t count)
{
    if (change(XENMEM_decrease_reservation, frame, count) != count)
        panic("balloon: Xen does not take frames %lx to %lx", frame, frame + count - 1);
}

static void forget(uint64_t frame, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        *list_entry(frame + i) = PV_FRAME_ABSENT;
}

static void give_block(uint64_t frame, uint64_t count)
{
    if (absent(frame))
        return;
    pv_map_frames(frame, count, false);
    give(frame, count);
    forget(frame, count);
}

int pv_give_frames(uint64_t frame, unsigned int order, unsigned int count)
{
    for (uint64_t block = 0; block < count; block++)
        give_block(frame + (block << order), 1ul << order);
    return 0;
}

int pv_take_frames(uint64_t frame, unsigned int order)
{
    uint64_t count = 1ul << order, done;
    int error = lengthen_list(frame + count);

    if (error != 0)
        return error;
    for (uint64_t i = 0; i < count; i++) {
        if (!absent(frame + i))
            give(frame + i, 1);
        *list_entry(frame + i) = frame + i;
    }
    done = change(XENMEM_populate_physmap, frame, count);
    if (done == count) {
        pv_map_frames(frame, count, true);
        return 0;
    }
    if (done > 0)
        give(frame, done);
    forget(frame, count);
    return -ENOMEM;
}
