/* SPDX-License-Identifier: MIT */
/*
 * Page table bits, segments, trap stubs and privileged instructions of x86-64 (AMD64 manual,
 * volume 2).
 */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <stdint.h>

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
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

static inline void x86_flush_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

#endif
