/* SPDX-License-Identifier: MIT */
/*
 * Page table bits and privileged instructions of x86-64 (AMD64 manual, volume 2), and what the
 * common code of arch/x86_64 offers to that of the guest types; for arch/ alone.
 */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <stdint.h>

#include <xen-abi/xen.h>

#include "xen/platform.h"
#include "lib/mm/pages.h"

#define PTE_COUNT 512
#define PTE_PRESENT (1ul << 0)
#define PTE_WRITABLE (1ul << 1)
#define PTE_LARGE (1ul << 7)
#define PTE_NO_EXECUTE (1ul << 63)
#define PTE_ADDRESS_MASK 0x000ffffffffff000ul

#define UNIT_SIZE 0x200000ul /* what one entry of level 2 maps */

#define GDT_CODE 8
#define GDT_TSS 16

/* One stub for each exception (trap_stubs.S). */
#define TRAP_VECTORS 32
#define TRAP_STUB_SIZE 16
extern char trap_stubs[];

/* The one interrupt under PVH, behind the exceptions. */
#define UPCALL_VECTOR TRAP_VECTORS

static inline void x86_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" :: "r"(value) : "memory");
}

static inline void x86_flush_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" :: "r"(address) : "memory");
}

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
