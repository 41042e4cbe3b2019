/* SPDX-License-Identifier: MIT */
/*
 * The balloon's hypercalls under PVH, where frames go by their guest numbers and page tables need
 * no change: frames that are with Xen are mapped and never touched.
 *
 * maxmem above memory: the memory map shows maxmem, but Xen has set aside only `memory` (populate
 * on demand: a frame is filled at the first access). Whoever touches more frames than are set aside
 * is killed. What is set aside is in the domain's reservation, together with a few pages that are
 * in no memory map (the rings of console and xenstore, ACPI tables).
 */
#include "pvh.h"

#include <errno.h>

#include <xen-abi/xen.h>
#include <xen-abi/memory.h>

#include "lib/pages.h"
#include "xen/hypercall.h"

#define UNMAPPED_PAGES 64u /* more than the toolstack makes outside of the memory map */

uint64_t pvh_memory_present(uint64_t mapped)
{
    domid_t self = DOMID_SELF;
    long pages = hypercall_memory_op(XENMEM_current_reservation, &self);

    if (pages <= UNMAPPED_PAGES || (uint64_t)pages * PAGE_SIZE >= mapped)
        return mapped;
    return (uint64_t)(pages - UNMAPPED_PAGES) * PAGE_SIZE;
}

static int change(unsigned int command, uint64_t frame, unsigned int order)
{
    xen_pfn_t number = frame;
    struct xen_memory_reservation reservation = {
        .nr_extents = 1,
        .extent_order = order,
        .domid = DOMID_SELF,
    };
    long done;

    set_xen_guest_handle(reservation.extent_start, &number);
    done = hypercall_memory_op(command, &reservation);
    if (done < 0)
        return (int)done;
    return done == 1 ? 0 : -ENOMEM;
}

int pvh_give_frames(uint64_t frame, unsigned int order)
{
    return change(XENMEM_decrease_reservation, frame, order);
}

int pvh_take_frames(uint64_t frame, unsigned int order)
{
    return change(XENMEM_populate_physmap, frame, order);
}
