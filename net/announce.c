/* SPDX-License-Identifier: MIT */
/*
 * After a move: telling the neighbours, and the bridges between, where our addresses are now.
 *
 * lwIP sends a gratuitous ARP and multicast reports when the link comes up, once; a bridge that has
 * just got our port may not forward yet. So the announcements are repeated, with an unsolicited
 * neighbour advertisement (RFC 4861, 7.2.6) for each IPv6 address.
 */
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/nd6.h"

#include "net_internal.h"

#define REPEATS 2u
#define FIRST_REPEAT SECONDS(1)
#define NEXT_REPEAT SECONDS(2)
#define OPTION_SIZE 8 /* of a link-layer address option for Ethernet */
#define HOP_LIMIT 255 /* what neighbour discovery asks for */

static void advertise(struct netif *netif, const ip6_addr_t *address)
{
    struct pbuf *p = pbuf_alloc(PBUF_IP, sizeof(struct na_header) + OPTION_SIZE, PBUF_RAM);
    struct na_header *header;
    uint8_t *option;
    ip6_addr_t all;

    if (!p)
        return;
    header = p->payload;
    memset(header, 0, p->len);
    header->type = ICMP6_TYPE_NA;
    header->flags = ND6_FLAG_OVERRIDE;
    ip6_addr_copy_to_packed(header->target_address, *address);
    option = (uint8_t *)(header + 1);
    option[0] = ND6_OPTION_TYPE_TARGET_LLADDR;
    option[1] = 1; /* unit of eight bytes */
    memcpy(option + 2, netif->hwaddr, ETH_HWADDR_LEN);
    ip6_addr_set_allnodes_linklocal(&all);
    ip6_addr_assign_zone(&all, IP6_MULTICAST, netif);
    header->chksum = ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len, address, &all);
    ip6_output_if(p, address, &all, HOP_LIMIT, 0, IP6_NEXTH_ICMP6, netif);
    pbuf_free(p);
}

static void advertise_all(struct netif *netif)
{
    for (unsigned int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
            advertise(netif, netif_ip6_addr(netif, i));
}

void net_announce_start(struct interface *interface)
{
    advertise_all(&interface->netif);
    interface->announcements = REPEATS;
    interface->announce_at = deadline_after(FIRST_REPEAT);
}

void net_announce_check(struct interface *interface, uint64_t now)
{
    struct netif *netif = &interface->netif;

    if (interface->announcements == 0 || now < interface->announce_at)
        return;
    interface->announcements--;
    interface->announce_at = now + NEXT_REPEAT;
    if (!ip4_addr_isany_val(*netif_ip4_addr(netif)))
        etharp_gratuitous(netif);
    advertise_all(netif);
    net_peers_remind();
}
