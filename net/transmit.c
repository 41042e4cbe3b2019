/* SPDX-License-Identifier: MIT */
/*
 * Frames on their way out: the pieces of lwIP's buffer chain go to the device as they are.
 *
 * Checksums: where the device completes them, lwIP computes none for TCP and UDP, and the frame gets
 * the sum of its pseudo header here. Large TCP segments (net/large_segments.c) go out by devices that
 * complete checksums only; what such a segment is to be cut into is noted in its first buffer
 * (net/lwip/lwipopts.h), so that it is known wherever the segment may have waited.
 *
 * Who finds the device's ring full waits in a queue, and goes on in order when there is room. What
 * waits is lwIP's own buffer with a reference more: a TCP segment, which stays in memory until it is
 * acknowledged anyway and is not sent a second time while it waits here, costs only its place. All
 * others (acknowledgements, ARP, fragments) have few places and are turned away beyond. Datagrams of
 * sockets, whose senders can wait themselves (net/socket_udp.c), take a place only behind segments,
 * which else would always be before them. A device that takes nothing for some seconds has its queue
 * emptied.
 */
#include <errno.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/mem.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "lwip/priv/tcp_priv.h"

#include "lwip_hooks.h"
#include "net_internal.h"

#define FRAGMENTS_MAXIMUM 64
#define ETHERNET_HEADER 14
/* Ethernet, IP and TCP headers without options: what it takes to find the checksum. */
#define HEADERS (ETHERNET_HEADER + IP6_HLEN + TCP_HLEN)
#define SEGMENTS_MAXIMUM 4096u
#define OTHERS_MAXIMUM 64u
#define PATIENCE 5u /* seconds */

/* A frame that waits. */
struct waiting {
    struct list link;
    struct pbuf *p;
    struct net_send_info info;
};

uint64_t net_frames_turned_away;
static bool turned_away; /* since connections were last asked to try again */

static struct waiting *waiting_of(struct list *node)
{
    return container_of(node, struct waiting, link);
}

/* ---- what a frame is ---- */

/* The offset of the checksum field within a TCP or UDP header, or 0 for other protocols. */
static unsigned int checksum_field(uint8_t protocol)
{
    return protocol == IP_PROTO_TCP ? 16 : protocol == IP_PROTO_UDP ? 6 : 0;
}

static void store_pseudo_sum(uint8_t *field, const uint8_t *addresses, int address_length,
                             uint8_t protocol, uint16_t length)
{
    uint16_t sum = net_checksum_fold((uint64_t)net_checksum(addresses, address_length) +
                                     lwip_htons(protocol) + lwip_htons(length));

    memcpy(field, &sum, sizeof(sum));
}

static bool prepare_ipv4(uint8_t *ip, size_t available)
{
    unsigned int header = (ip[0] & 15u) * 4, field = checksum_field(ip[9]);
    unsigned int total = (unsigned int)ip[2] << 8 | ip[3];
    bool fragment = (ip[6] & 0x3f) || ip[7];

    if (!field || fragment || available < header + field + 2 || total < header)
        return false;
    store_pseudo_sum(ip + header + field, ip + 12, 8, ip[9], (uint16_t)(total - header));
    return true;
}

static bool prepare_ipv6(uint8_t *ip, size_t available)
{
    unsigned int field = checksum_field(ip[6]);

    if (!field || available < IP6_HLEN + field + 2)
        return false;
    store_pseudo_sum(ip + IP6_HLEN + field, ip + 8, 32, ip[6], (uint16_t)(ip[4] << 8 | ip[5]));
    return true;
}

/*
 * Look at the headers, once: what the device is to know, and the pseudo header's sum of a TCP or UDP
 * frame if the device completes it. Fragments have theirs already.
 */
static struct net_send_info describe(const struct net_device *device, const struct pbuf *p)
{
    struct net_send_info info = { .segment_size = p->segment_size };
    uint8_t *frame = p->payload;
    size_t available = p->len;
    unsigned int type;

    if (available < ETHERNET_HEADER + IP_HLEN)
        return info;
    type = (unsigned int)frame[12] << 8 | frame[13];
    frame += ETHERNET_HEADER;
    available -= ETHERNET_HEADER;
    info.ipv6 = type == ETHTYPE_IPV6;
    if (!device->transmit_checksum)
        return info;
    if (type == ETHTYPE_IP)
        info.checksum_partial = prepare_ipv4(frame, available);
    else if (info.ipv6 && available >= IP6_HLEN)
        info.checksum_partial = prepare_ipv6(frame, available);
    return info;
}

/* ---- to the device ---- */

static int send_frame(struct interface *interface, const struct pbuf *p,
                      const struct net_send_info *info)
{
    struct net_device *device = interface->device;
    struct net_fragment fragments[FRAGMENTS_MAXIMUM];
    unsigned int count = 0;
    int error;

    for (; p && count < FRAGMENTS_MAXIMUM; p = p->next) {
        fragments[count].data = p->payload;
        fragments[count++].length = p->len;
    }
    error = device->operations->send(device, fragments, count, info);
    if (error == 0) {
        interface->kick_needed = true;
        net_transmitted = true;
    } else if (error != -EAGAIN) {
        device->statistics.send_dropped++;
    }
    return error;
}

/* ---- waiting ---- */

static err_t turn_away(struct interface *interface)
{
    interface->device->statistics.send_dropped++;
    net_frames_turned_away++;
    turned_away = true;
    return ERR_MEM;
}

static bool has_place(const struct interface *interface, const struct pbuf *p)
{
    if (p->kind == NET_FRAME_SEGMENT)
        return interface->waiting_segments < SEGMENTS_MAXIMUM;
    return interface->waiting_others < OTHERS_MAXIMUM &&
           (p->kind != NET_FRAME_DATAGRAM || interface->waiting_segments > 0);
}

/* Does its data lie in memory of somebody else, who may use it for something else soon? */
static bool is_borrowed(const struct pbuf *p)
{
    for (; p; p = p->next) {
        if (PBUF_NEEDS_COPY(p))
            return true;
    }
    return false;
}

static unsigned int *count_for(struct interface *interface, const struct pbuf *p)
{
    return p->kind == NET_FRAME_SEGMENT ? &interface->waiting_segments : &interface->waiting_others;
}

static err_t wait(struct interface *interface, struct pbuf *p, const struct net_send_info *info)
{
    struct waiting *waiting;

    if (!has_place(interface, p))
        return turn_away(interface);
    waiting = mem_malloc(sizeof(*waiting));
    if (!waiting)
        return turn_away(interface);
    if (is_borrowed(p))
        p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    else
        pbuf_ref(p);
    if (!p) {
        mem_free(waiting);
        return ERR_MEM;
    }
    waiting->p = p;
    waiting->info = *info;
    list_append(&interface->waiting, &waiting->link);
    ++*count_for(interface, p);
    return ERR_OK;
}

static void leave(struct interface *interface, struct waiting *waiting)
{
    --*count_for(interface, waiting->p);
    interface->idle_seconds = 0;
    list_remove(&waiting->link);
    pbuf_free(waiting->p);
    mem_free(waiting);
}

static err_t send_or_wait(struct interface *interface, struct pbuf *p)
{
    struct net_send_info info = describe(interface->device, p);
    int error = -EAGAIN;

    if (list_empty(&interface->waiting))
        error = send_frame(interface, p, &info);
    if (error == -EAGAIN)
        return wait(interface, p, &info);
    return error == 0 ? ERR_OK : ERR_IF;
}

err_t net_transmit(struct netif *netif, struct pbuf *p)
{
    struct interface *interface = netif->state;
    struct pbuf *copy;
    err_t error;

    if (!p->next || (p->len >= HEADERS && pbuf_clen(p) <= FRAGMENTS_MAXIMUM))
        return send_or_wait(interface, p);
    copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (!copy)
        return ERR_MEM;
    copy->segment_size = p->segment_size;
    error = send_or_wait(interface, copy);
    pbuf_free(copy);
    return error;
}

/* As many as the device takes. */
static void go_on(struct interface *interface)
{
    while (!list_empty(&interface->waiting)) {
        struct waiting *waiting = waiting_of(list_first(&interface->waiting));

        if (send_frame(interface, waiting->p, &waiting->info) == -EAGAIN)
            return;
        leave(interface, waiting);
    }
}

bool net_transmit_go_on(void)
{
    struct list *node, *next;
    bool places = false;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = container_of(node, struct interface, link);

        go_on(interface);
        places |= interface->waiting_others < OTHERS_MAXIMUM;
    }
    if (turned_away) {
        turned_away = false;
        tcp_txnow();
    }
    return places;
}

void net_transmit_drop(struct interface *interface)
{
    while (!list_empty(&interface->waiting)) {
        interface->device->statistics.send_dropped++;
        leave(interface, waiting_of(list_first(&interface->waiting)));
    }
}

bool net_transmit_waits(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        if (!list_empty(&container_of(node, struct interface, link)->waiting))
            return true;
    }
    return false;
}

void net_transmit_second(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = container_of(node, struct interface, link);

        if (list_empty(&interface->waiting) || ++interface->idle_seconds <= PATIENCE)
            continue;
        printk_limited(&interface->log, "%s: took no frame for %u s: %u dropped",
                       interface->device->name, PATIENCE,
                       interface->waiting_segments + interface->waiting_others);
        net_transmit_drop(interface);
        net_transmit_resume(); /* who was turned away tries again */
    }
}
