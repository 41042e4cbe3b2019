/* SPDX-License-Identifier: MIT */
/*
 * One line of all that is in use, as NAME=NUMBER words for run.sh: what check.h counts, and what
 * the network stack holds. First the two that need not be the same after a load: KiB that malloc()
 * has given out, since a block may be some bytes larger than the last time, and connections in
 * TIME_WAIT, each a block of the stack's memory for a minute. Neither these nor the heap's pages, of
 * which malloc() keeps what it once needed, nor the pages that a device keeps for sending, each with
 * a grant, are in the numbers behind, which must not change.
 * `now` is check_usage_now(), or in an image with disks disks_usage_now().
 */
#ifndef TEST_GUEST_USAGE_H
#define TEST_GUEST_USAGE_H

#include <malloc.h>

#include "check.h"
#include "lib/mm/mm.h"
#include "net/usage.h"

static inline void usage_line(char *text, size_t size, struct check_usage now)
{
    struct net_usage net;

    net_usage_get(&net);
    snprintf(
        text, size,
        "heap=%zu time_wait=%u pages=%zu grants=%u quarantined=%u ports=%u threads=%u blocks=%zu "
        "sockets=%u connections=%u listeners=%u udp=%u segments=%u queries=%u",
        mallinfo().uordblks / 1024, net.tcp_time_wait, now.pages - heap_pages() - net.send_pages,
        now.grants - net.send_pages, now.quarantined, now.ports, now.threads,
        net.blocks - net.tcp_time_wait, net.sockets, net.tcp_active, net.tcp_listeners, net.udp,
        net.segments, net.queries);
}

#endif
