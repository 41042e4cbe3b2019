/* SPDX-License-Identifier: MIT */
/*
 * Network devices as lwIP's interfaces: one struct netif for each net_device.
 *
 * In: a frame is copied once, from memory that the backend can still write, into a buffer of its
 * size, or a chain of such when it is large, and only the copy is parsed; the IP header lies on a
 * multiple of four there. Out: see net/transmit.c.
 *
 * Checksums: where the device completes them, lwIP computes none for TCP and UDP. What comes in is
 * verified unless the device says that it was, or that it never crossed a wire.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/printk.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/pbuf.h"
#include "lwip/snmp.h"
#include "netif/ethernet.h"

#include "lwip_hooks.h"
#include "net_internal.h"
#include "lib/mm/heap.h"

#define POLL_BUDGET 64
#define ETHERNET_HEADER 14
#define FRAME_MINIMUM 60 /* on a wire; lwIP relies on that much being there */
#define FRAME_MAXIMUM (UINT16_MAX - RECEIVE_ALIGNMENT)
#define RECEIVE_ALIGNMENT 2 /* bytes in front of the Ethernet header */
#define RECEIVE_PIECE 16384 /* bytes of a large frame in one buffer: see net/memory.c */

#define CHECKSUMS_IN (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP)
#define CHECKSUMS_OUT (NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP)

struct list net_interfaces = LIST_INIT(net_interfaces);
static uint32_t last_number;

static struct interface *interface_of(struct list *node)
{
    return container_of(node, struct interface, link);
}

/* Buffers for a frame of this many bytes. */
static struct pbuf *allocate_frame(size_t length)
{
    struct pbuf *first = NULL;
    size_t left = length + RECEIVE_ALIGNMENT;

    while (left > 0) {
        size_t part = left < RECEIVE_PIECE ? left : RECEIVE_PIECE;
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)part, PBUF_RAM);

        if (!p) {
            if (first)
                pbuf_free(first);
            return NULL;
        }
        if (first)
            pbuf_cat(first, p);
        else
            first = p;
        left -= part;
    }
    pbuf_remove_header(first, RECEIVE_ALIGNMENT);
    return first;
}

/* A copy, filled up with zeros to the least length of a frame. */
static struct pbuf *copy_frame(const struct net_fragment *fragments, unsigned int count,
                               size_t length)
{
    size_t room = length < FRAME_MINIMUM ? FRAME_MINIMUM : length, offset = 0;
    struct pbuf *frame = allocate_frame(room), *p = frame;
    unsigned int index;

    if (!frame)
        return NULL;
    for (index = 0; index < count; index++) {
        const uint8_t *from = fragments[index].data;
        size_t left = fragments[index].length;

        while (left > 0) {
            size_t part = p->len - offset < left ? p->len - offset : left;

            memcpy((uint8_t *)p->payload + offset, from, part);
            from += part;
            left -= part;
            offset += part;
            if (offset == p->len && p->next) {
                p = p->next;
                offset = 0;
            }
        }
    }
    memset((uint8_t *)p->payload + offset, 0, room - length);
    return frame;
}

static void interface_receive(struct net_device *device, const struct net_fragment *fragments,
                              unsigned int count, const struct net_receive_info *info)
{
    struct interface *interface = device->user;
    bool trusted = info->checksum_blank || info->checksum_valid;
    size_t length = 0;
    unsigned int index;
    struct pbuf *p;

    for (index = 0; index < count; index++)
        length += fragments[index].length;
    if (length < ETHERNET_HEADER || length > FRAME_MAXIMUM) {
        device->statistics.receive_errors++;
        return;
    }
    p = copy_frame(fragments, count, length);
    if (!p) {
        device->statistics.receive_dropped++;
        pbuf_free_ooseq_pending = 1;
        return;
    }
    interface->netif.chksum_flags = (interface->netif.chksum_flags & ~CHECKSUMS_IN) |
                                    (trusted ? 0 : CHECKSUMS_IN);
    if (interface->netif.input(p, &interface->netif) != ERR_OK)
        pbuf_free(p);
}

static void interface_pending(struct net_device *device)
{
    struct interface *interface = device->user;

    interface->receive_pending = true;
    net_wake();
}

static void interface_writable(struct net_device *device)
{
    (void)device;
    net_transmit_resume();
}

static void interface_changed(struct net_device *device)
{
    struct interface *interface = device->user;

    interface->changed = true;
    interface->moved |= device->moved;
    device->moved = false;
    net_transmit_resume(); /* of a link that is down, nobody waits for room */
}

bool net_interface_takes_large(const struct netif *netif, bool ipv6)
{
    const struct interface *interface = netif->state;

    if (!interface) /* the loopback interface: what goes out large comes in large */
        return true;
    return ipv6 ? interface->device->transmit_large_ipv6 : interface->device->transmit_large_ipv4;
}

static void find_large_segments(void)
{
    struct list *node, *next;

    net_large_segments = false;
    list_for_each (node, next, &net_interfaces) {
        const struct net_device *device = interface_of(node)->device;

        net_large_segments |= device->transmit_large_ipv4 || device->transmit_large_ipv6;
    }
}

static void update_link(struct interface *interface)
{
    const struct net_device *device = interface->device;
    struct netif *netif = &interface->netif;
    bool was_up = netif_is_link_up(netif);

    interface->changed = false;
    netif->mtu = netif->mtu6 = (u16_t)(device->mtu > FRAME_MAXIMUM ? FRAME_MAXIMUM : device->mtu);
    netif->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL &
                          ~(device->transmit_checksum ? CHECKSUMS_OUT : 0);
    memcpy(netif->hwaddr, device->mac, sizeof(device->mac));
    find_large_segments();
    if (interface->moved && was_up)
        netif_set_link_down(netif);
    if (device->link_up == was_up && !interface->moved)
        return;
    if (device->link_up) {
        netif_set_link_up(netif);
        if (interface->moved)
            net_announce_start(interface);
    } else {
        netif_set_link_down(netif);
        printk_limited(&interface->log, "%s: link is down", device->name);
    }
    net_configure(interface);
    net_transmit_drop(interface);
    if (interface->moved && device->link_up)
        net_peers_go_on();
    interface->moved = false;
}

static err_t interface_prepare(struct netif *netif)
{
    struct interface *interface = netif->state;

    netif->name[0] = interface->device->name[0];
    netif->name[1] = interface->device->name[1];
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = net_transmit;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    net_multicast_prepare(interface);
    netif->hostname = net_config_hostname();
    memcpy(netif->hwaddr, interface->device->mac, ETH_HWADDR_LEN);
    return ERR_OK;
}

/* "eth3" is interface 3, as the command line counts them. */
static unsigned int interface_number(const char *name)
{
    while (*name && (*name < '0' || *name > '9'))
        name++;
    return (unsigned int)strtoul(name, NULL, 10);
}

static void interface_added(struct net_device *device)
{
    struct interface *interface = kernel_alloc_zeroed(1, sizeof(*interface));

    if (!interface) {
        printk("net: no memory for %s", device->name);
        return;
    }
    interface->device = device;
    list_init(&interface->waiting);
    interface->number = ++last_number;
    interface->config = net_config_of(interface_number(device->name));
    interface->dhcp_complaint = DEADLINE_NEVER;
    interface->changed = true;
    interface->receive_pending = true;
    netif_add_noaddr(&interface->netif, interface, interface_prepare, ethernet_input);
    if (!netif_default)
        netif_set_default(&interface->netif);
    list_append(&net_interfaces, &interface->link);
    device->user = interface;
    device->receive = interface_receive;
    device->pending = interface_pending;
    device->writable = interface_writable;
    device->changed = interface_changed;
    net_wake();
}

static void interface_removed(struct net_device *device)
{
    struct interface *interface = device->user;

    if (!interface)
        return;
    device->user = NULL;
    device->receive = NULL;
    device->pending = device->writable = device->changed = NULL;
    net_transmit_resume();
    list_remove(&interface->link);
    find_large_segments();
    net_deconfigure(interface);
    netif_remove(&interface->netif);
    net_transmit_drop(interface);
    net_multicast_end(interface);
    if (!netif_default && !list_empty(&net_interfaces))
        netif_set_default(&interface_of(net_interfaces.next)->netif);
    kernel_free(interface);
}

void net_interfaces_init(void)
{
    net_device_listen(interface_added, interface_removed);
}

bool net_interfaces_poll(void)
{
    struct list *node, *next;
    bool more = false;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (interface->changed)
            update_link(interface);
        if (!interface->receive_pending)
            continue;
        interface->receive_pending = false;
        if (interface->device->operations->poll(interface->device, POLL_BUDGET) >= POLL_BUDGET)
            interface->receive_pending = more = true;
    }
    PBUF_CHECK_FREE_OOSEQ();
    return more;
}

void net_interfaces_look(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces)
        interface_of(node)->receive_pending = true;
}

bool net_interfaces_busy(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        if (interface_of(node)->receive_pending || interface_of(node)->changed)
            return true;
    }
    return false;
}

void net_interfaces_kick(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (interface->kick_needed) {
            interface->kick_needed = false;
            interface->device->operations->kick(interface->device);
        }
    }
}
