/* SPDX-License-Identifier: MIT */
/* What a scan does with each byte that it reads, a word at a time: compiled for speed. */
#include <string.h>

#include "tarfs.h"

/* Eight bytes at a time, in four lanes, which 64 words cannot overflow. */
uint64_t tar_block_sum(const unsigned char *block)
{
    const uint64_t lanes = 0x00ff00ff00ff00ff;
    uint64_t sum = 0, word;
    size_t i;

#pragma GCC unroll 8
    for (i = 0; i < TAR_BLOCK; i += sizeof(word)) {
        memcpy(&word, block + i, sizeof(word));
        sum += (word & lanes) + (word >> 8 & lanes);
    }
    return (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff) + (sum >> 48);
}

/* A product's high half, which all bits have a part in, is the low one of the next round. */
uint64_t tar_digest(uint64_t digest, const unsigned char *data, size_t length)
{
    uint64_t word;

#pragma GCC unroll 8
    for (; length >= sizeof(word); data += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        digest = (digest ^ word) * 0x9e3779b97f4a7c15u;
        digest = digest << 32 | digest >> 32;
    }
    word = 0;
    memcpy(&word, data, length);
    return (digest ^ word) * 0x9e3779b97f4a7c15u;
}
