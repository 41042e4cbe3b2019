/* SPDX-License-Identifier: MIT */
/*
 * Stopping a PVH guest to be saved, and what it finds in the new domain.
 *
 * Xen saves and restores the vCPU with its registers, so that the hypercall simply returns. That it
 * returns 1 when the suspend was cancelled is the toolstack's work, who does it only for a guest
 * with "PV drivers", which it tells by HVM_PARAM_CALLBACK_IRQ being set, as it is for upcalls.
 */
#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/xen.h>
#include <xen-abi/hvm/hvm_op.h>
#include <xen-abi/sched.h>

#include "xen/platform.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/x86_64/pvh.h"
#include "xen/hypercall.h"

bool pvh_frames_came;

/*
 * While Xen notes which frames are written, those that were not written are read-only to it: a
 * frame of the text is never written.
 */
bool pvh_copied_live(void)
{
    struct xen_hvm_get_mem_type query = {
        .domid = DOMID_SELF,
        .pfn = (uintptr_t)pvh_copied_live >> PAGE_SHIFT,
    };

    return hypercall_hvm_op(HVMOP_get_mem_type, &query) != 0 || query.mem_type != HVMMEM_ram_rw;
}

int pvh_suspend(struct platform_rings *rings)
{
    struct sched_shutdown suspend = { .reason = SHUTDOWN_suspend };
    int result = pvh_ask_for_upcalls();
    long frames = pvh_reservation();

    if (result == 0)
        result = hypercall_sched_op(SCHEDOP_shutdown, &suspend);
    if (result != 0)
        return result;
    pvh_forget_wakeups();
    pvh_find_hypercalls();
    pvh_frames_came |= pvh_reservation() > frames;
    if (pvh_map_shared_info())
        panic("suspend: Xen does not map shared_info in the new domain");
    pvh_find_rings(rings);
    return 0;
}
