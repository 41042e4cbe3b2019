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
    for (uint64_t i = 0; pvh_frames_came && i < 1ul << order; i++)
        change(XENMEM_decrease_reservation, frame + i, 0);
    return change(XENMEM_populate_physmap, frame, order);
}
