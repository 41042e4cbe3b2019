/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#ifndef ARCH_PV_H
#define ARCH_PV_H

#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/xen.h>

#include "xen/platform.h"

/* Tell Xen our handlers of exceptions. */
void pv_traps_init(void);

/*
 * Frames that the list of machine frames has entries for, and the entry of one that is with Xen,
 * which the toolstack knows.
 */
extern uint64_t pv_frames;
#define PV_FRAME_ABSENT UINT64_MAX

/*
 * Take over the builder's page tables: spare tables, enough for `most` frames, come from *next_free
 * (an address, which is moved on), and the image's sections get their protection.
 */
void pv_paging_init(const struct start_info *start, uint64_t most, uint64_t *next_free);

/*
 * Map frames in the direct map as the list has them, or unmap them; where nothing is mapped of
 * their 2 MiB, that comes when it is wanted.
 */
void pv_map_frames(uint64_t frame, uint64_t count, bool present);

/* Move the list of machine frames to a range of addresses where it has room to grow. */
void pv_map_list(void);
#define PV_LIST_BASE 0x7f80000000ul

/* Map a frame of Xen's at page `number` of the range for them; its address, or NULL (no table). */
void *pv_map_xen_frame(unsigned int number, uint64_t machine_frame);
#define PV_XEN_FRAMES 512u

/*
 * Take the table of that range out of the page tables; put it back; or, in a new domain, put it
 * back without the frames, which are others there.
 */
void pv_hide_xen_frames(void);
void pv_show_xen_frames(void);
void pv_forget_xen_frames(void);

/* The builder's, and again the toolstack's in a new domain. */
extern struct start_info *pv_start_info;

/* What each new domain sets up, at boot and after a restore. */
struct shared_info *pv_map_shared_info(void);
void pv_find_rings(struct platform_rings *rings);

/*
 * Only in an image with the balloon: how many frames the domain may come to have (`present` at
 * least), and room in the list for more than it has.
 */
uint64_t pv_frames_most(uint64_t present) __attribute__((weak));
void pv_make_room_in_list(void) __attribute__((weak));

/* Operations of struct platform; the first two only in an image with the balloon. */
int pv_give_frames(uint64_t frame, unsigned int order, unsigned int count) __attribute__((weak));
int pv_take_frames(uint64_t frame, unsigned int order) __attribute__((weak));
int pv_suspend(struct platform_rings *rings);
void pv_write_page(uint64_t *entry, uintptr_t address, uint64_t value);
void pv_add_table(uint64_t *entry, uint64_t *table);
void pv_remove_table(uint64_t *entry, uintptr_t address, uint64_t *table);
void pv_map_unit(uint64_t *level2_entry, uint64_t address);

#endif
