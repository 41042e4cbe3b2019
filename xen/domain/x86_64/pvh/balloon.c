/* SPDX-License-Identifier: MIT */
/*
 * The balloon's hypercalls under PVH, where frames go by their guest numbers and page tables need
 * no change: frames that are with Xen are mapped and never touched.
 *
 * A live migration sends frames while they come and go: in the new domain some may be there that
 * were with Xen when the old one stopped. To fill such a frame again would leave what it had
 * unreachable and counted; so it is given back first, once there is reason to think of it.
 */
#include "xen/x86_64/pvh.h"

#include <errno.h>

#include <xen-abi/xen.h>
#include <xen-abi/memory.h>

#include "lib/mm/pages.h"
#include "xen/hypercall.h"

#define BLOCKS_AT_ONCE 32u

/* For `count` blocks, BLOCKS_AT_ONCE at most: most of a hypercall's cost is that there is one. */
static int change(unsigned int command, uint64_t frame, unsigned int order, unsigned int count)
{
    xen_pfn_t numbers[BLOCKS_AT_ONCE];
    struct xen_memory_reservation reservation = {
        .nr_extents = count,
        .extent_order = order,
        .domid = DOMID_SELF,
    };
    long done;

    for (uint64_t block = 0; block < count; block++)
        numbers[block] = frame + (block << order);
    set_xen_guest_handle(reservation.extent_start, numbers);
    done = hypercall_memory_op(command, &reservation);
    if (done < 0)
        return (int)done;
    return done == count ? 0 : -ENOMEM;
}

int pvh_give_frames(uint64_t frame, unsigned int order, unsigned int count)
{
    int error = 0;

    while (count > 0 && error == 0) {
        unsigned int part = count < BLOCKS_AT_ONCE ? count : BLOCKS_AT_ONCE;

        error = change(XENMEM_decrease_reservation, frame, order, part);
        frame += (uint64_t)part << order;
        count -= part;
    }
    return error;
}

int pvh_take_frames(uint64_t frame, unsigned int order)
{
    for (uint64_t i = 0; pvh_frames_came && i < 1ul << order; i++)
        change(XENMEM_decrease_reservation, frame + i, 0, 1);
    return change(XENMEM_populate_physmap, frame, order, 1);
}
