/* SPDX-License-Identifier: MIT */
/*
 * Clocks from the time area of shared_info (struct vcpu_time_info, <xen-abi/xen.h>): RDTSC scaled
 * by what Xen says, corrected whenever Xen updates it. An odd version, or one that changed, means
 * that the numbers are being written: read again.
 *
 * The wall clock is the time of Xen's start plus the system time.
 */
#include "xen/clock.h"

#include <xen-abi/xen.h>

#include "xen/boot_info.h"
#include "arch/cpu.h"
#include "lib/base/time.h"

#define NANOSECONDS 1000000000ull

/*
 * System time less clock_monotonic(). At boot the time of entry; after a restore, modulo 2^64, it
 * may be before the new host's start.
 */
static uint64_t start_time;

/* What clock_monotonic() gave last: it stays there while the host's numbers would take it back. */
static uint64_t last_given;

static uint64_t scale(uint64_t ticks, int8_t shift, uint32_t multiplier)
{
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (unsigned __int128)ticks * multiplier >> 32;
}

/* Xen may have written the numbers on a processor whose counter is a little ahead of ours. */
static uint64_t ticks_since(uint64_t timestamp)
{
    uint64_t ticks = cpu_timestamp() - timestamp;

    return (int64_t)ticks > 0 ? ticks : 0;
}

uint64_t clock_system_time(void)
{
    const volatile struct vcpu_time_info *info = &boot_info.shared_info->vcpu_info[0].time;
    uint32_t version;
    uint64_t time;

    do {
        version = info->version;
        compiler_barrier(); /* the version before the numbers */
        time = info->system_time +
               scale(ticks_since(info->tsc_timestamp), info->tsc_shift, info->tsc_to_system_mul);
        compiler_barrier(); /* the numbers before the version's second reading */
    } while (version & 1 || version != info->version);
    return time;
}

void clock_init(void)
{
    const struct vcpu_time_info *info = &boot_info.shared_info->vcpu_info[0].time;
    uint64_t since_entry = scale(cpu_timestamp() - boot_info.entry_timestamp, info->tsc_shift,
                                 info->tsc_to_system_mul);

    start_time = clock_system_time() - since_entry;
}

void clock_resume(uint64_t monotonic)
{
    start_time = clock_system_time() - monotonic;
}

uint64_t clock_to_system_time(uint64_t deadline)
{
    return deadline + start_time;
}

uint64_t clock_monotonic(void)
{
    uint64_t now;

    if (!boot_info.shared_info)
        return 0;
    now = clock_system_time() - start_time;
    if ((int64_t)(now - last_given) > 0)
        last_given = now;
    return last_given;
}

uint64_t clock_realtime(void)
{
    const volatile struct shared_info *shared = boot_info.shared_info;
    uint64_t seconds, nanoseconds;
    uint32_t version;

    do {
        version = shared->wc_version;
        compiler_barrier(); /* as above */
        seconds = shared->wc_sec | (uint64_t)shared->wc_sec_hi << 32;
        nanoseconds = shared->wc_nsec;
        compiler_barrier();
    } while (version & 1 || version != shared->wc_version);
    return seconds * NANOSECONDS + nanoseconds + clock_system_time();
}
