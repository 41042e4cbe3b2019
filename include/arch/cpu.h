/* SPDX-License-Identifier: MIT */
/*
 * The few instructions that C has no words for. Any context.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Keeps the compiler from moving or merging memory accesses; x86 itself orders loads with loads and
 * stores with stores.
 */
#define compiler_barrier() __asm__ volatile("" ::: "memory")

static inline uint64_t cpu_timestamp(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid id;

    __asm__ volatile("cpuid"
                     : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d)
                     : "a"(leaf), "c"(subleaf));
    return id;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t cpu_read_cr2(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

static inline __attribute__((noreturn)) void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/*
 * Numbers from RDSEED or RDRAND; false where the CPU has neither or they do not answer. The CPU is
 * asked each time: it may be another one after a migration.
 */
bool cpu_random(uint64_t *numbers, unsigned int count);

#endif
