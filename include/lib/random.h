/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: one generator for the kernel, the network stack and getrandom(), seeded at boot
 * from RDSEED/RDRAND and timing jitter, and anew after a restore: two copies that were restored
 * from one image do not draw the same numbers.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fill with unpredictable bytes. Never fails, never blocks; any context. */
void random_bytes(void *buffer, size_t length);
uint32_t random_u32(void);

#endif
