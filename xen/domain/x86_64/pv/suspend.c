/* SPDX-License-Identifier: MIT */
/*
 * Stopping a PV guest to be saved, and what it finds in the new domain.
 *
 * The toolstack saves our pages, with the machine frames in page tables turned into our own
 * numbers, and turns them back on the new host; so no table may hold a frame that is not ours: the
 * one that maps Xen's frames is taken out. start_info names the rings by our own numbers while the
 * domain stands still, and is named itself, by its machine frame, in the hypercall's third
 * argument.
 *
 * The new domain comes with page tables, list of machine frames, the vCPU with its trap table and
 * thread pointer, and in start_info the new shared_info and rings.
 */
#include "xen/x86_64/pv.h"

#include <xen-abi/sched.h>

#include "arch/x86_64.h"
#include "lib/mm/pages.h"
#include "xen/hypercall.h"

static void name_rings(struct start_info *start, xen_pfn_t console, xen_pfn_t store)
{
    start->console.domU.mfn = console;
    start->store_mfn = store;
}

int pv_suspend(struct platform_rings *rings)
{
    struct sched_shutdown suspend = { .reason = SHUTDOWN_suspend };
    struct start_info *start = pv_start_info;
    xen_pfn_t console = start->console.domU.mfn, store = start->store_mfn;
    long result;

    pv_hide_xen_frames();
    name_rings(start, machine_to_phys_mapping[console], machine_to_phys_mapping[store]);
    result = hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&suspend,
                       page_frame(start), 0);
    if (result) {
        name_rings(start, console, store);
        pv_show_xen_frames();
        return result;
    }
    pv_forget_xen_frames();
    pv_map_shared_info();
    pv_find_rings(rings);
    return 0;
}
