/* SPDX-License-Identifier: MIT */
/*
 * Groups as the device knows them: lwIP tells which IP groups an interface is in, and the device
 * which Ethernet groups those are (RFC 1112, 6.4; RFC 2464, 7). Several of the one can be the same
 * of the other; the device counts.
 *
 * IPv6's solicited-node groups come this way too, with each address. All nodes are a group that
 * nobody joins, and routers speak to it.
 */
#include <string.h>

#include "lwip/igmp.h"
#include "lwip/mld6.h"

#include "net_internal.h"

static const uint8_t all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static void tell(const struct netif *netif, const uint8_t mac[6],
                 enum netif_mac_filter_action action)
{
    const struct interface *interface = netif->state;

    interface->device->operations->filter(interface->device, mac, action == NETIF_ADD_MAC_FILTER);
}

static err_t filter_ipv4(struct netif *netif, const ip4_addr_t *group,
                         enum netif_mac_filter_action action)
{
    uint8_t mac[6] = { 0x01, 0x00, 0x5e };
    uint8_t address[4];

    memcpy(address, &group->addr, sizeof(address));
    mac[3] = address[1] & 0x7f;
    mac[4] = address[2];
    mac[5] = address[3];
    tell(netif, mac, action);
    return ERR_OK;
}

static err_t filter_ipv6(struct netif *netif, const ip6_addr_t *group,
                         enum netif_mac_filter_action action)
{
    uint8_t mac[6] = { 0x33, 0x33 };

    memcpy(mac + 2, &group->addr[3], 4);
    tell(netif, mac, action);
    return ERR_OK;
}

void net_multicast_prepare(struct interface *interface)
{
    struct netif *netif = &interface->netif;

    netif->flags |= NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    if (!interface->device->operations->filter)
        return;
    netif_set_igmp_mac_filter(netif, filter_ipv4);
    netif_set_mld_mac_filter(netif, filter_ipv6);
    tell(netif, all_nodes, NETIF_ADD_MAC_FILTER);
}

void net_multicast_end(struct interface *interface)
{
    if (interface->device->operations->filter)
        tell(&interface->netif, all_nodes, NETIF_DEL_MAC_FILTER);
}
