/* SPDX-License-Identifier: MIT */
/*
 * Given to the compiler in front of driver code under test: calls the test before each read of a
 * shared ring, so that the test can play a backend that changes the page between any two reads.
 */
#ifndef TEST_RING_HOOK_H
#define TEST_RING_HOOK_H

extern void (*ring_hook)(void);

#define RING_BEFORE_READ(ring) \
    do {                       \
        (void)(ring);          \
        if (ring_hook)         \
            ring_hook();       \
    } while (0)

#endif
