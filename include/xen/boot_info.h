/* SPDX-License-Identifier: MIT */
/*
 * What the entry code hands to kernel_start(): the same for every guest type, gathered from
 * hvm_start_info under PVH and from start_info under PV.
 */
#ifndef XEN_BOOT_INFO_H
#define XEN_BOOT_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "xen/platform.h"

#define BOOT_MEMORY_REGIONS 8

/* Addresses in bytes; [start, end) is RAM that nothing occupies, page-aligned, ascending. */
struct boot_memory {
    uint64_t start, end;
};

struct boot_info {
    const char *command_line; /* never NULL */
    const void *ramdisk;      /* the cfg's ramdisk=, or NULL */
    size_t ramdisk_length;
    struct boot_memory memory[BOOT_MEMORY_REGIONS];
    unsigned int memory_regions;
    uint64_t memory_total;   /* bytes of RAM in the memory map, the image's own included */
    uint64_t memory_present; /* those that the domain has now; the rest must not be touched */
    struct platform_rings rings;
    struct shared_info *shared_info;
    uint32_t xen_version;     /* major << 16 | minor */
    uint64_t entry_timestamp; /* TSC at the first instruction */
};

/* The one description of this boot, constant once kernel_start() runs. */
extern struct boot_info boot_info;

/* The first C code that does not depend on the guest type; on the boot stack. */
void kernel_start(void) __attribute__((noreturn));

#endif
