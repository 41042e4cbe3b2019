/* SPDX-License-Identifier: MIT */
/*
 * Page table bits and privileged instructions of x86-64 (AMD64 manual, volume 2); for arch/ alone.
 */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <stdint.h>

#define PTE_PRESENT (1ul << 0)
#define PTE_WRITABLE (1ul << 1)
#define PTE_LARGE (1ul << 7)
#define PTE_NO_EXECUTE (1ul << 63)

#define GDT_CODE 8
#define GDT_TSS 16

static inline void x86_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" :: "r"(value) : "memory");
}

static inline void x86_flush_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" :: "r"(address) : "memory");
}

/* Load the trap table and the stack that traps run on. Called once by the entry code. */
void traps_init(void);

#endif
