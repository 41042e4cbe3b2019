/* SPDX-License-Identifier: MIT */
/*
 * How many queues a card has, and how many pages it keeps for frames: by the guest's memory, or what
 * the command line says.
 *
 *   net.queues=NUMBER   at most so many queues for each card, where the backend offers more than one
 *   net.buffers=PAGES   at most so many pages of 4 KiB for each card, both directions together
 *
 * Half of the pages are posted for frames that come in (a power of two in each queue, 256 at most).
 * Of the rest, a third is for small frames that go out, two to a page, and two thirds for large
 * ones; these come into being when they are needed. Each page was zeroed before it was granted.
 *
 * The queues share what one would have, and more only where it is no more than that part of memory;
 * with too little for large frames in each of them, there are fewer.
 */
#include "netfront.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/commandline.h"
#include "lib/mm/pages.h"

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

#define RECEIVE_OF_MANY 64u /* in each of several queues, at least */

static unsigned int buffers; /* 0: by memory */
static unsigned int queues_allowed = NETFRONT_QUEUES_MAX;

static int parse(const char *value, unsigned int low, unsigned int high, unsigned int *number)
{
    char *end;
    unsigned long parsed = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || parsed < low || parsed > high)
        return -EINVAL;
    *number = (unsigned int)parsed;
    return 0;
}

int netfront_set_buffers(const char *value)
{
    return parse(value, BUFFERS_MINIMUM, BUFFERS_MAXIMUM, &buffers);
}
COMMANDLINE_OPTION("net.buffers", netfront_set_buffers);

int netfront_set_queues(const char *value)
{
    return parse(value, 1, NETFRONT_QUEUES_MAX, &queues_allowed);
}
COMMANDLINE_OPTION("net.queues", netfront_set_queues);

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

/* The largest power of two that is not above; of 0 it is 0. */
static unsigned int round_down(size_t value)
{
    unsigned int power = value > 0;

    while (power < NETFRONT_RING_SLOTS && power * 2 <= value)
        power *= 2;
    return power;
}

struct netfront_pool netfront_pool(unsigned int queues)
{
    size_t share = pages_total() / MEMORY_SHARE, small = share, large = share;
    size_t receive = receive_by_memory(pages_total());
    struct netfront_pool pool;

    if (queues > 1 && receive < share)
        receive = share;
    if (buffers > 0) {
        receive = round_down(buffers / 2 / queues) * queues;
        small = (buffers - receive) / 3;
        large = buffers - receive - small;
    }
    pool.receive = round_down(receive / queues);
    pool.small = clamp(small / queues, SMALL_MINIMUM, NETFRONT_SMALL_BUFFERS / 2);
    pool.large = clamp(large / queues, LARGE_MINIMUM, NETFRONT_LARGE_BUFFERS);
    return pool;
}

unsigned int netfront_queues_wanted(unsigned int offered)
{
    unsigned int queues = clamp(offered, 1, queues_allowed);

    while (queues > 1 && netfront_pool(queues).receive < RECEIVE_OF_MANY)
        queues--;
    return queues;
}
