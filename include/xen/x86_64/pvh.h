/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#ifndef ARCH_PVH_H
#define ARCH_PVH_H

#include <stdbool.h>
#include <stdint.h>

#include "xen/platform.h"

/* Load the trap table and the stack that traps run on. */
void pvh_traps_init(void);

/* Take over the entry code's page tables: the image's sections get their protection. */
void pvh_paging_init(void);

/*
 * The bytes of memory that Xen keeps for the domain, of `mapped` bytes in its memory map; less than
 * those when maxmem is above memory.
 */
uint64_t pvh_memory_present(uint64_t mapped);

/* Pages that the domain has, all told; -errno. */
long pvh_reservation(void);

/* A restored domain had more frames than the one that was saved: which ones is not known. */
extern bool pvh_frames_came;

/* What each new domain sets up, at boot and after a restore: */

/* Have Xen write the hypercall page; returns Xen's version. */
uint32_t pvh_find_hypercalls(void);
/* Map shared_info at its place, which the page tables have: 0 or -errno. */
int pvh_map_shared_info(void);
void pvh_find_rings(struct platform_rings *rings);

/* Have Xen interrupt the vCPU for events, which pvh_block() asks for by itself: 0 or -errno. */
int pvh_ask_for_upcalls(void);
/* In a new domain: neither these nor pvh_block()'s timer are there any more. */
void pvh_forget_wakeups(void);

/* Operations of struct platform; the first two only in an image with the balloon. */
int pvh_give_frames(uint64_t frame, unsigned int order, unsigned int count) __attribute__((weak));
int pvh_take_frames(uint64_t frame, unsigned int order) __attribute__((weak));
bool pvh_copied_live(void);
void pvh_block(uint64_t deadline);
void pvh_write_page(uint64_t *entry, uintptr_t address, uint64_t value);
void pvh_add_table(uint64_t *entry, uint64_t *table);
void pvh_remove_table(uint64_t *entry, uintptr_t address, uint64_t *table);
void pvh_map_unit(uint64_t *level2_entry, uint64_t address);
int pvh_suspend(struct platform_rings *rings);

#endif
