/* SPDX-License-Identifier: MIT */
/*
 * Counting what the stack holds.
 */
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/usage.h"

#include "net_internal.h"
#include "socket_internal.h"

static unsigned int count_connections(const struct tcp_pcb *pcb)
{
    unsigned int count = 0;

    for (; pcb; pcb = pcb->next)
        count++;
    return count;
}

void net_usage_get(struct net_usage *usage)
{
    struct list *node, *next;

    *usage = (struct net_usage){
        .memory = net_memory_used(),
        .memory_limit = net_memory_limit(),
        .blocks = net_memory_blocks(),
        .sockets = sockets_open,
        .tcp_active = count_connections(tcp_active_pcbs),
        .tcp_time_wait = count_connections(tcp_tw_pcbs),
        .tcp_listeners = net_pool_used(MEMP_TCP_PCB_LISTEN),
        .udp = net_pool_used(MEMP_UDP_PCB),
        .datagrams_dropped = net_datagrams_dropped,
        .segments = net_pool_used(MEMP_TCP_SEG),
        .queries = net_queries_pending,
    };
    list_for_each (node, next, &net_interfaces) {
        usage->interfaces++;
        usage->send_pages += container_of(node, struct interface, link)->device->send_pages;
    }
}
