/* SPDX-License-Identifier: MIT */
/*
 * What the network stack holds now, for tests that count what is left over and for status reports.
 */
#ifndef NET_USAGE_H
#define NET_USAGE_H

#include <stddef.h>
#include <stdint.h>

struct net_usage {
    size_t memory;              /* bytes in packet buffers and control blocks */
    size_t memory_limit;        /* bytes at most */
    size_t blocks;              /* packet buffers and control blocks */
    unsigned int sockets;       /* open sockets, connections not accepted yet included */
    unsigned int tcp_active;    /* connections from handshake to last acknowledgement */
    unsigned int tcp_time_wait; /* closed connections that wait for stray segments (60 s, or until
                                    needed for new ones) */
    unsigned int tcp_listeners;
    unsigned int udp; /* UDP control blocks; the stack has its own for DHCP (1) and for queries to
                         name servers */
    uint64_t datagrams_dropped; /* so far, that found no room in their socket */
    unsigned int segments;      /* TCP segments queued, in any direction */
    unsigned int queries;       /* name queries without an answer yet */
    unsigned int interfaces;
    unsigned int send_pages; /* what the interfaces' devices keep (net/netdev.h) */
};

/* Threads only. */
void net_usage_get(struct net_usage *usage);

#endif
