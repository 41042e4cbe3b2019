/* SPDX-License-Identifier: MIT */
/*
 * Xen's system time (nanoseconds since the host's start), and set-up of clock_monotonic() on it.
 * Any context.
 */
#ifndef XEN_CLOCK_H
#define XEN_CLOCK_H

#include <stdint.h>

/* Called once, when shared_info is mapped. Before it, clock_monotonic() is 0. */
void clock_init(void);
/* In a new domain, when its shared_info is mapped: clock_monotonic() goes on from `monotonic`. */
void clock_resume(uint64_t monotonic);
uint64_t clock_system_time(void);
/* A deadline of clock_monotonic() as system time, for timers in Xen. */
uint64_t clock_to_system_time(uint64_t deadline);

#endif
