/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers share: the input, read like dice, and what a check that fails does.
 *
 * The fuzzer is the other side. Whatever that may choose (what to write, where, when, how long to
 * wait) is taken from the input; once it is used up, every further choice is 0, which always means
 * "do nothing more".
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry, once for each input: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_start(const uint8_t *data, size_t size);
bool fuzz_left(void);
/* A number below n: one byte of input for n up to 256, two up to 65536, four beyond. */
uint32_t fuzz_below(uint32_t n);
/* Any 32 bits. */
uint32_t fuzz_word(void);
/* Mostly a small step from `near`, sometimes anything: an index that may be believed. */
uint32_t fuzz_near(uint32_t near);
/* Fill with input. */
void fuzz_bytes(void *target, size_t size);

/* Called around each access to a ring: the fuzzer's chance to change it. NULL: none. */
extern void (*fuzz_hook)(void);

/* A fault found: says where and what, and ends the process so that libFuzzer keeps the input. */
#define FUZZ_CHECK(condition)                                               \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

#endif
