/* SPDX-License-Identifier: MIT */
/*
 * One line of all that is in use, as NAME=NUMBER words for run.sh: what check.h counts, and what
 * the network stack holds. A connection in TIME_WAIT is one block of the stack's memory for a
 * minute, so these are counted apart.
 */
#ifndef TEST_GUEST_USAGE_H
#define TEST_GUEST_USAGE_H

#include "check.h"
#include "net/usage.h"

static inline void usage_line(char *text, size_t size)
{
    struct check_usage now = check_usage_now();
    struct net_usage net;

    net_usage_get(&net);
    snprintf(
        text, size,
        "pages=%zu time_wait=%u grants=%u quarantined=%u ports=%u threads=%u blocks=%zu sockets=%u "
        "connections=%u listeners=%u udp=%u segments=%u queries=%u",
        now.pages - net.send_pages, net.tcp_time_wait, now.grants - net.send_pages, now.quarantined, now.ports, now.threads,
        net.blocks - net.tcp_time_wait, net.sockets, net.tcp_active, net.tcp_listeners, net.udp,
        net.segments, net.queries);
}

#endif
