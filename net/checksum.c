/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071), eight bytes at a time: the sum of 32-bit halves in a 64-bit
 * accumulator cannot overflow for anything shorter than 16 GiB, and is folded to 16 bits once at
 * the end.
 */
#include <string.h>

#include "net_internal.h"

static inline uint64_t load64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

uint16_t net_checksum_fold(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)sum;
}

uint16_t net_checksum(const void *data, int length)
{
    const uint8_t *bytes = data;
    uint64_t low = 0, high = 0, last = 0;

    while (length >= 16) {
        uint64_t first = load64(bytes), second = load64(bytes + 8);

        low += (first & 0xffffffff) + (second & 0xffffffff);
        high += (first >> 32) + (second >> 32);
        bytes += 16;
        length -= 16;
    }
    if (length >= 8) {
        uint64_t value = load64(bytes);

        low += value & 0xffffffff;
        high += value >> 32;
        bytes += 8;
        length -= 8;
    }
    if (length > 0) {
        memcpy(&last, bytes, (size_t)length);
        low += last & 0xffffffff;
        high += last >> 32;
    }
    return net_checksum_fold(low + high);
}
