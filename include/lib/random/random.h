/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: one generator for the kernel, the network stack and the application (getrandom(),
 * getentropy(), arc4random(), /dev/urandom), seeded at its first use from RDSEED or RDRAND, else
 * from timing jitter; from the clock and the domain's uuid; and from the command line's seed=; and
 * anew after a restore, so that copies restored from one image do not draw the same numbers.
 *
 * Nothing here fails or blocks; any context.
 */
#ifndef LIB_RANDOM_RANDOM_H
#define LIB_RANDOM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fill with unpredictable bytes. */
void random_bytes(void *buffer, size_t length);
uint32_t random_u32(void);

/*
 * Mix in fresh entropy and forget what was generated in advance. To be called after a restore, when
 * the clocks and hypercalls work again and before any number is drawn: two copies of one saved
 * guest must not go on with the same numbers.
 */
void random_reseed(void);

/* A log line about the seed, where the CPU has no random instructions. */
void random_report_source(void);

/* Mix in a seed from outside; before the first number is drawn. */
void random_stir_seed(const char *seed, size_t length);

#endif
