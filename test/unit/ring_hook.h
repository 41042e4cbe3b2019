/* SPDX-License-Identifier: MIT */
/*
 * Given to the compiler in front of driver code under test.
 *
 * Calls the test before each read of a shared ring and after each response that was copied, so that
 * the test can play a backend that changes the page between any two reads.
 *
 * Whatever the test, the slot of the last response is spoilt there, unless it is a request again: a
 * driver that looks at the page once more, instead of at its copy, does not get through any test.
 */
#ifndef TEST_RING_HOOK_H
#define TEST_RING_HOOK_H

extern void (*ring_hook)(void);

#define RING_SPOIL(ring)                                                                        \
    memset((ring)->slots + (size_t)(((ring)->consumed - 1) & (ring)->mask) * (ring)->slot_size, \
           0xff, ring_space(ring) > 0 ? (ring)->slot_size : 0)

#define RING_BEFORE_READ(ring) \
    do {                       \
        RING_SPOIL(ring);      \
        if (ring_hook)         \
            ring_hook();       \
    } while (0)

#endif
