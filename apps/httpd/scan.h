/* SPDX-License-Identifier: MIT */
/*
 * Looking at eight bytes at once. Most bytes of a request are harmless; these tests say of a whole
 * word that it holds none of a few special bytes, in a tenth of the time of asking each.
 *
 * The results are nonzero if and only if the word holds such a byte. Their lowest set bit is in the
 * first such byte; bits above it may be false alarms. "First" takes a little-endian machine.
 */
#ifndef HTTPD_SCAN_H
#define HTTPD_SCAN_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "scan_first() needs little-endian words");

#define SCAN_ONES UINT64_C(0x0101010101010101)
#define SCAN_HIGH UINT64_C(0x8080808080808080)

static inline uint64_t scan_load(const char *data)
{
    uint64_t word;

    memcpy(&word, data, sizeof(word));
    return word;
}

/* A byte below `limit`, which is at most 0x80. */
static inline uint64_t scan_below(uint64_t word, unsigned limit)
{
    return (word - SCAN_ONES * limit) & ~word & SCAN_HIGH;
}

static inline uint64_t scan_equal(uint64_t word, unsigned byte)
{
    return scan_below(word ^ SCAN_ONES * byte, 1);
}

static inline uint64_t scan_above_ascii(uint64_t word)
{
    return word & SCAN_HIGH;
}

/* How many bytes lie before the first one found; `found` is not 0. */
static inline unsigned scan_first(uint64_t found)
{
    return (unsigned)__builtin_ctzll(found) / 8;
}

#endif
