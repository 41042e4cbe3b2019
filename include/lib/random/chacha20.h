/* SPDX-License-Identifier: MIT */
/*
 * The ChaCha20 block function of RFC 8439. Any context.
 */
#ifndef LIB_RANDOM_CHACHA20_H
#define LIB_RANDOM_CHACHA20_H

#include <stdint.h>

#define CHACHA20_KEY_WORDS 8
#define CHACHA20_POSITION_WORDS 4
#define CHACHA20_BLOCK_WORDS 16

/*
 * One block of key stream, in words (their bytes in memory, lowest first, are RFC 8439's). The
 * position is the block's counter and the nonce.
 */
void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS],
                    const uint32_t position[CHACHA20_POSITION_WORDS],
                    uint32_t block[CHACHA20_BLOCK_WORDS]);

#endif
