/* SPDX-License-Identifier: MIT */
/*
 * The sum that POSIX' cksum prints, so that run.sh can compare what a guest read with what dom0
 * has.
 */
#ifndef TEST_GUEST_CKSUM_H
#define TEST_GUEST_CKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Start with 0, go through the data in any pieces, end with the whole length. */
static inline uint32_t cksum_add(uint32_t sum, const unsigned char *data, size_t length)
{
    static uint32_t table[256];

    for (unsigned int i = 0; i < 256 && !table[255]; i++) {
        table[i] = i << 24;
        for (unsigned int bit = 0; bit < 8; bit++)
            table[i] = table[i] << 1 ^ (table[i] >> 31 ? 0x04c11db7u : 0);
    }
    for (size_t i = 0; i < length; i++)
        sum = sum << 8 ^ table[sum >> 24 ^ data[i]];
    return sum;
}

static inline uint32_t cksum_end(uint32_t sum, uint64_t length)
{
    for (; length > 0; length >>= 8) {
        unsigned char byte = (unsigned char)length;

        sum = cksum_add(sum, &byte, 1);
    }
    return ~sum;
}

#endif
