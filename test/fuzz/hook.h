/* SPDX-License-Identifier: MIT */
/*
 * Given to the compiler in front of the fuzzed code: ring layers call the fuzzer around each access
 * to shared memory.
 */
#ifndef TEST_FUZZ_HOOK_H
#define TEST_FUZZ_HOOK_H

void fuzz_ring_hook(void);

#define RING_BEFORE_READ(ring) ((void)(ring), fuzz_ring_hook())
#define RING_ACCESS_HOOK fuzz_ring_hook

#endif
