/* SPDX-License-Identifier: MIT */
/*
 * First C code under PVH: reads hvm_start_info, finds the hypercall page, shared_info and the rings
 * of xenstore and console, and hands a struct boot_info on.
 *
 * Frames that are not RAM (shared_info, the grant table) are put at FRAMES_BASE: below the LAPIC
 * and above the ACPI tables that the toolstack places at 0xfc000000, where no PVH guest has RAM;
 * the toolstack's special pages lie under 4 GiB.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/arch-x86/cpuid.h>
#include <xen-abi/arch-x86/hvm/start_info.h>
#include <xen-abi/hvm/hvm_op.h>
#include <xen-abi/hvm/params.h>
#include <xen-abi/memory.h>
#include <xen-abi/version.h>

#include "xen/x86_64/pvh.h"

#include "xen/boot_info.h"
#include "arch/cpu.h"
#include "lib/mm/paging.h"
#include "xen/platform.h"
#include "lib/mm/x86_64/tables.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/hypercall.h"

#define MSR_FS_BASE 0xc0000100u
#define FRAMES_BASE 0xfd000000ul
#define GRANT_FRAMES_BASE (FRAMES_BASE + PAGE_SIZE)
#define GRANT_FRAMES_MAX 511u
#define MODULES_MAX 32u
#define MEMORY_MAP_MAX 128u
#define ENTRY_MAPPED 0x800000ul /* what the entry code has mapped */
#define START_INFO_REACH 0x200000ul
#define START_INFO_LIMIT (0x40000000ul - START_INFO_REACH)

extern char image_end[], hypercall_page[];

void pvh_start(const struct hvm_start_info *start, uint64_t timestamp);

/*
 * CPUID leaves from 0x40000000 on, in steps of 0x100; another interface (Viridian) may come before
 * Xen's.
 */
static uint32_t xen_leaves(void)
{
    for (uint32_t base = 0x40000000; base < 0x40010000; base += 0x100) {
        struct cpuid id = cpu_id(base, 0);

        if (id.b == XEN_CPUID_SIGNATURE_EBX && id.c == XEN_CPUID_SIGNATURE_ECX &&
            id.d == XEN_CPUID_SIGNATURE_EDX)
            return base;
    }
    cpu_halt(); /* no Xen: there is nobody to tell */
}

uint32_t pvh_find_hypercalls(void)
{
    uint32_t base = xen_leaves();

    cpu_write_msr(cpu_id(base + 2, 0).b, (uintptr_t)hypercall_page);
    return cpu_id(base + 1, 0).a;
}

static int map_frame(unsigned int space, unsigned long index, uint64_t address)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = space,
        .idx = index,
        .gpfn = address >> PAGE_SHIFT,
    };

    return hypercall_memory_op(XENMEM_add_to_physmap, &map);
}

static int map_grant_frame(unsigned int index, void **address)
{
    uint64_t place = GRANT_FRAMES_BASE + index * PAGE_SIZE;
    int error;

    error = index < GRANT_FRAMES_MAX ? map_frame(XENMAPSPACE_grant_table, index, place) : -1;
    if (!error)
        *address = (void *)place;
    return error;
}

static void set_thread_pointer(void *block)
{
    cpu_write_msr(MSR_FS_BASE, (uintptr_t)block);
}

static const struct platform pvh_platform = {
    .name = "PVH",
    .map_grant_frame = map_grant_frame,
    .set_thread_pointer = set_thread_pointer,
    .give_frames = pvh_give_frames,
    .take_frames = pvh_take_frames,
    .fault_address = cpu_read_cr2,
    .write_page = pvh_write_page,
    .add_table = pvh_add_table,
    .remove_table = pvh_remove_table,
    .map_unit = pvh_map_unit,
    .suspend = pvh_suspend,
    .copied_live = pvh_copied_live,
    .block = pvh_block,
};

int pvh_map_shared_info(void)
{
    return map_frame(XENMAPSPACE_shared_info, 0, FRAMES_BASE);
}

static void map_shared_info(void)
{
    paging_map_direct(FRAMES_BASE, FRAMES_BASE + PAGE_SIZE);
    if (pvh_map_shared_info())
        panic("boot: Xen does not map shared_info");
    boot_info.shared_info = (struct shared_info *)FRAMES_BASE;
}

static uint64_t hvm_parameter(unsigned int index)
{
    struct xen_hvm_param parameter = { .domid = DOMID_SELF, .index = index };

    return hypercall_hvm_op(HVMOP_get_param, &parameter) ? 0 : parameter.value;
}

static void *map_special_page(unsigned int parameter)
{
    uint64_t address = hvm_parameter(parameter) << PAGE_SHIFT;

    if (!address)
        return NULL;
    paging_map_direct(address, address + PAGE_SIZE);
    return (void *)address;
}

void pvh_find_rings(struct platform_rings *rings)
{
    rings->console = map_special_page(HVM_PARAM_CONSOLE_PFN);
    rings->console_port = hvm_parameter(HVM_PARAM_CONSOLE_EVTCHN);
    rings->xenstore = map_special_page(HVM_PARAM_STORE_PFN);
    rings->xenstore_port = hvm_parameter(HVM_PARAM_STORE_EVTCHN);
}

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & PAGE_MASK;
}

/* Raise *end to cover [start, start + size). */
static void cover(uint64_t *end, uint64_t start, uint64_t size)
{
    if (size && page_up(start + size) > *end)
        *end = page_up(start + size);
}

/*
 * The builder puts start info, command line, memory map and modules behind the image: the first
 * address behind them all.
 */
static uint64_t occupied_end(const struct hvm_start_info *start)
{
    const struct hvm_modlist_entry *module = (const void *)start->modlist_paddr;
    uint64_t end = page_up((uintptr_t)image_end);

    cover(&end, (uintptr_t)start, sizeof(*start));
    cover(&end, (uintptr_t)boot_info.command_line, strlen(boot_info.command_line) + 1);
    cover(&end, start->memmap_paddr, start->memmap_entries * sizeof(struct hvm_memmap_table_entry));
    cover(&end, start->modlist_paddr, start->nr_modules * sizeof(*module));
    for (unsigned int i = 0; i < start->nr_modules; i++)
        cover(&end, module[i].paddr, module[i].size);
    return end;
}

static void add_memory(uint64_t start, uint64_t end, uint64_t occupied)
{
    boot_info.memory_total += end - start;
    start = page_up(start < occupied ? occupied : start);
    end &= PAGE_MASK;
    if (start < end && boot_info.memory_regions < BOOT_MEMORY_REGIONS)
        boot_info.memory[boot_info.memory_regions++] = (struct boot_memory){ start, end };
}

static void read_memory_map(const struct hvm_start_info *start)
{
    const struct hvm_memmap_table_entry *map = (const void *)start->memmap_paddr;
    unsigned int entries = start->memmap_entries;
    uint64_t occupied = occupied_end(start);

    if (start->version < 1 || !entries || entries > MEMORY_MAP_MAX)
        panic("boot: no usable memory map in the start info (version %u, %u entries)",
              start->version, entries);
    for (unsigned int i = 0; i < entries; i++)
        if (map[i].type == XEN_HVM_MEMMAP_TYPE_RAM)
            add_memory(map[i].addr, map[i].addr + map[i].size, occupied);
}

static void read_start_info(const struct hvm_start_info *start)
{
    const struct hvm_modlist_entry *module;

    /*
     * The builder puts the modules between the image and the start info, and the rest of what start
     * info names right behind it.
     */
    if ((uintptr_t)start >= START_INFO_LIMIT)
        panic("boot: the ramdisk is too large: it must end below 1 GiB");
    paging_map_direct(ENTRY_MAPPED, (uintptr_t)start + START_INFO_REACH);
    module = (const void *)start->modlist_paddr;
    if (start->magic != XEN_HVM_START_MAGIC_VALUE || start->nr_modules > MODULES_MAX)
        panic("boot: the start info at %p is not one of a PVH guest", (const void *)start);
    boot_info.command_line = start->cmdline_paddr ? (const char *)start->cmdline_paddr : "";
    if (start->nr_modules) {
        boot_info.ramdisk = (const void *)module->paddr;
        boot_info.ramdisk_length = module->size;
    }
}

void pvh_start(const struct hvm_start_info *start, uint64_t timestamp)
{
    platform = &pvh_platform;
    boot_info.entry_timestamp = timestamp;
    pvh_traps_init();
    pvh_paging_init();
    boot_info.xen_version = pvh_find_hypercalls();
    /* One GiB's table serves all of these: they lie in the last GiB below 4 GiB. */
    pvh_find_rings(&boot_info.rings);
    map_shared_info();
    read_start_info(start);
    read_memory_map(start);
    boot_info.memory_present = pvh_memory_present(boot_info.memory_total);
    kernel_start();
}
