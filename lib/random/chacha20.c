/* SPDX-License-Identifier: MIT */
/* ChaCha20: ten double rounds over a square of 4 by 4 words, then the start is added to the end. */
#include "lib/random/chacha20.h"

#include <string.h>

#define DOUBLE_ROUNDS 10

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b, *d = rotate(*d ^ *a, 16);
    *c += *d, *b = rotate(*b ^ *c, 12);
    *a += *b, *d = rotate(*d ^ *a, 8);
    *c += *d, *b = rotate(*b ^ *c, 7);
}

void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS],
                    const uint32_t position[CHACHA20_POSITION_WORDS],
                    uint32_t block[CHACHA20_BLOCK_WORDS])
{
    uint32_t start[CHACHA20_BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

    memcpy(&start[4], key, CHACHA20_KEY_WORDS * sizeof(*key));
    memcpy(&start[12], position, CHACHA20_POSITION_WORDS * sizeof(*position));
    memcpy(block, start, sizeof(start));
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        for (int column = 0; column < 4; column++)
            quarter_round(&block[column], &block[4 + column], &block[8 + column],
                          &block[12 + column]);
        for (int column = 0; column < 4; column++)
            quarter_round(&block[column], &block[4 + (column + 1) % 4],
                          &block[8 + (column + 2) % 4], &block[12 + (column + 3) % 4]);
    }
    for (int i = 0; i < CHACHA20_BLOCK_WORDS; i++)
        block[i] += start[i];
}
