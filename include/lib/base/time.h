/* SPDX-License-Identifier: MIT */
/*
 * Units of time, and the clocks. Times are nanoseconds; a deadline is a time of clock_monotonic().
 * xen/x86_64/clock.c reads the clocks. Any context.
 */
#ifndef LIB_BASE_TIME_H
#define LIB_BASE_TIME_H

#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX
#define MILLISECONDS(n) ((uint64_t)(n)*1000000u)
#define SECONDS(n) ((uint64_t)(n)*1000000000u)

/* Nanoseconds since the guest's start; never goes back, not even over a restore. */
uint64_t clock_monotonic(void);
/* Nanoseconds since 1970 (UTC). */
uint64_t clock_realtime(void);

#endif
