/* SPDX-License-Identifier: MIT */
/*
 * First C code under PV: reads start_info, takes over the builder's page tables, and hands a struct
 * boot_info on. The builder lays the image, the ramdisk, the list of machine frames, its special
 * pages and the page tables out from address 0 upwards; what lies behind them is free.
 */
#include <errno.h>
#include <stdint.h>

#include <xen-abi/grant_table.h>
#include <xen-abi/version.h>
#include <xen-abi/xen.h>

#include "xen/x86_64/pv.h"

#include "xen/boot_info.h"
#include "xen/evtchn.h"
#include "lib/mm/pages.h"
#include "lib/mm/x86_64/tables.h"
#include "xen/x86_64/pv_hypercalls.h"
#include "lib/base/constant.h"
#include "lib/base/printk.h"

#define SHARED_INFO_NUMBER 0u
#define GRANT_FRAMES_NUMBER 1u

struct start_info *pv_start_info CONSTANT_AFTER_BOOT;

void pv_start(struct start_info *start, uint64_t timestamp);

static int map_grant_frame(unsigned int index, void **address)
{
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = index + 1 };
    uint64_t *list;
    long error;

    if (index >= PV_XEN_FRAMES - GRANT_FRAMES_NUMBER)
        return -ENOSPC;
    list = pages_alloc_critical(0);
    if (!list)
        return -ENOMEM;
    set_xen_guest_handle(setup.frame_list, list);
    error = hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    if (!error && setup.status != GNTST_okay)
        error = -ENOSPC;
    if (!error)
        *address = pv_map_xen_frame(GRANT_FRAMES_NUMBER + index, list[index]);
    page_free(list);
    return error;
}

static void set_thread_pointer(void *block)
{
    pv_set_segment_base(SEGBASE_FS, (uintptr_t)block);
}

static uint64_t fault_address(void)
{
    return boot_info.shared_info->vcpu_info[0].arch.cr2;
}

/* There is no telling. */
static bool copied_live(void)
{
    return true;
}

static const struct platform pv_platform = {
    .name = "PV",
    .map_grant_frame = map_grant_frame,
    .set_thread_pointer = set_thread_pointer,
    .give_frames = pv_give_frames,
    .take_frames = pv_take_frames,
    .fault_address = fault_address,
    .write_page = pv_write_page,
    .add_table = pv_add_table,
    .remove_table = pv_remove_table,
    .map_unit = pv_map_unit,
    .suspend = pv_suspend,
    .copied_live = copied_live,
    .block = evtchn_poll,
};

static void *page_of_frame(uint64_t machine_frame)
{
    return machine_frame ? paging_page_of(machine_frame << PAGE_SHIFT) : NULL;
}

void pv_find_rings(struct platform_rings *rings)
{
    rings->console = page_of_frame(pv_start_info->console.domU.mfn);
    rings->console_port = pv_start_info->console.domU.evtchn;
    rings->xenstore = page_of_frame(pv_start_info->store_mfn);
    rings->xenstore_port = pv_start_info->store_evtchn;
}

/* shared_info tells the toolstack, which saves the domain, where the list of frames is. */
struct shared_info *pv_map_shared_info(void)
{
    struct shared_info *shared =
        pv_map_xen_frame(SHARED_INFO_NUMBER, pv_start_info->shared_info >> PAGE_SHIFT);

    shared->arch.max_pfn = pv_frames;
    shared->arch.p2m_vaddr = (uintptr_t)platform_p2m;
    shared->arch.p2m_cr3 = page_frame(paging_root) << PAGE_SHIFT;
    return shared;
}

static void find_ramdisk(const struct start_info *start)
{
    if (!start->mod_len)
        return;
    boot_info.ramdisk = (const void *)start->mod_start;
    boot_info.ramdisk_length = start->mod_len;
}

void pv_start(struct start_info *start, uint64_t timestamp)
{
    /* The builder's tables come last; its stack, which is behind them, is not used any more. */
    uint64_t next_free = start->pt_base + start->nr_pt_frames * PAGE_SIZE;
    uint64_t most = pv_frames_most ? pv_frames_most(start->nr_pages) : start->nr_pages;

    pv_start_info = start;
    platform = &pv_platform;
    platform_p2m = (const uint64_t *)start->mfn_list;
    pv_frames = start->nr_pages;
    boot_info.entry_timestamp = timestamp;
    pv_traps_init();
    pv_paging_init(start, most, &next_free);
    if (most > pv_frames)
        pv_make_room_in_list();
    boot_info.shared_info = pv_map_shared_info();
    boot_info.xen_version = hypercall_xen_version(XENVER_version, NULL);
    boot_info.command_line = (const char *)start->cmd_line;
    pv_find_rings(&boot_info.rings);
    find_ramdisk(start);
    boot_info.memory_total = most * PAGE_SIZE;
    boot_info.memory_present = start->nr_pages * PAGE_SIZE;
    boot_info.memory[0] = (struct boot_memory){ next_free, boot_info.memory_total };
    boot_info.memory_regions = 1;
    pv_fpu_taskswitch(false);
    kernel_start();
}
