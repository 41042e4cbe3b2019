/* SPDX-License-Identifier: MIT */
/*
 * What the guest types' halves of the page tables, and the entry code, need of the common one
 * (lib/mm/x86_64/paging.c).
 */
#ifndef LIB_MM_X86_64_TABLES_H
#define LIB_MM_X86_64_TABLES_H

#include <stdint.h>

#include <xen-abi/xen.h>

#include "arch/page.h"
#include "arch/x86_64.h"
#include "xen/platform.h"

/* The root table; the entry code sets it. */
extern uint64_t *paging_root;

/* The page of ours that an entry points to. */
static inline void *paging_page_of(uint64_t entry)
{
    uint64_t frame = (entry & PTE_ADDRESS_MASK) >> PAGE_SHIFT;

    return (void *)((platform_p2m ? machine_to_phys_mapping[frame] : frame) << PAGE_SHIFT);
}

/*
 * The entry of that level for an address; tables come from `new_table` on the way, NULL when it has
 * none.
 */
uint64_t *paging_entry(uintptr_t address, unsigned int last_level, uint64_t *(*new_table)(void));

/* For `new_table`: there is none; a spare one, zeroed, which paging_refill() replaces. */
uint64_t *paging_no_table(void);
uint64_t *paging_take_spare(void);
/* Put a page on the stack of spare tables. */
void paging_give_spare(void *page);

/* The flags with which a page up to the image's end is mapped; 0: not at all. */
uint64_t paging_image_flags(uintptr_t address);

#endif
