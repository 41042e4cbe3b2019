/* SPDX-License-Identifier: MIT */
/*
 * Random numbers of the CPU: RDSEED, else RDRAND. Both may run dry for a moment: Intel's manual
 * advises ten tries.
 */
#include "arch/cpu.h"

#define TRIES 10
#define CPUID_1_ECX_RDRAND (1u << 30)
#define CPUID_7_EBX_RDSEED (1u << 18)

static bool read_seed(uint64_t *number)
{
    bool ok;

    __asm__ volatile("rdseed %0" : "=r"(*number), "=@ccc"(ok));
    return ok;
}

static bool read_random(uint64_t *number)
{
    bool ok;

    __asm__ volatile("rdrand %0" : "=r"(*number), "=@ccc"(ok));
    return ok;
}

static bool read(bool (*source)(uint64_t *), uint64_t *number)
{
    for (int i = 0; i < TRIES; i++)
        if (source(number))
            return true;
    return false;
}

bool cpu_random(uint64_t *numbers, unsigned int count)
{
    bool (*source)(uint64_t *);

    if (cpu_id(0, 0).a >= 7 && cpu_id(7, 0).b & CPUID_7_EBX_RDSEED)
        source = read_seed;
    else if (cpu_id(1, 0).c & CPUID_1_ECX_RDRAND)
        source = read_random;
    else
        return false;
    for (unsigned int i = 0; i < count; i++)
        if (!read(source, &numbers[i]))
            return false;
    return true;
}
