/* SPDX-License-Identifier: MIT */
/*
 * How many pages a card keeps for frames: by the guest's memory, or what the command line says.
 *
 *   net.buffers=PAGES   at most so many pages of 4 KiB for each card, both directions together
 *
 * Half of them are posted for frames that come in (a power of two, 256 at most). Of the rest, a
 * third is for small frames that go out, two to a page, and two thirds for large ones; these come
 * into being when they are needed. Each page was zeroed before it was granted.
 */
#include "netfront.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/commandline.h"
#include "lib/pages.h"

#define RECEIVE_MINIMUM 16u
#define SMALL_MINIMUM 8u
#define LARGE_MINIMUM 17u /* one frame of 64 KiB, and where it begins within a page */
#define BUFFERS_MINIMUM 64u
#define BUFFERS_MAXIMUM 4096u

/* By memory: no more than 64 pages come in below 16 MiB, 128 below 64 MiB; a 64th of it goes out. */
#define MEBIBYTE ((size_t)1 << (20 - PAGE_SHIFT))
#define TINY_GUEST (4 * MEBIBYTE)
#define SMALL_GUEST (16 * MEBIBYTE)
#define MEDIUM_GUEST (64 * MEBIBYTE)
#define MEMORY_SHARE 64u

static unsigned int buffers; /* 0: by memory */

int netfront_set_buffers(const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || number < BUFFERS_MINIMUM ||
        number > BUFFERS_MAXIMUM)
        return -EINVAL;
    buffers = (unsigned int)number;
    return 0;
}
COMMANDLINE_OPTION("net.buffers", netfront_set_buffers);

static unsigned int clamp(size_t value, unsigned int low, unsigned int high)
{
    return value < low ? low : value > high ? high : (unsigned int)value;
}

static unsigned int receive_by_memory(size_t total)
{
    if (total < TINY_GUEST)
        return RECEIVE_MINIMUM;
    if (total < SMALL_GUEST)
        return RECEIVE_MINIMUM * 4;
    return total < MEDIUM_GUEST ? NETFRONT_RING_SLOTS / 2 : NETFRONT_RING_SLOTS;
}

struct netfront_pool netfront_pool(void)
{
    size_t share = pages_total() / MEMORY_SHARE, small = share, large = share;
    struct netfront_pool pool = { .receive = receive_by_memory(pages_total()) };

    if (buffers > 0) {
        pool.receive = NETFRONT_RING_SLOTS;
        while (pool.receive > buffers / 2)
            pool.receive /= 2;
        small = (buffers - pool.receive) / 3;
        large = buffers - pool.receive - small;
    }
    pool.small = clamp(small, SMALL_MINIMUM, NETFRONT_SMALL_BUFFERS / 2);
    pool.large = clamp(large, LARGE_MINIMUM, NETFRONT_LARGE_BUFFERS);
    return pool;
}
