/* SPDX-License-Identifier: MIT */
/*
 * TCP segments of up to 64 KiB, which the network device's other side cuts (segmentation offload).
 *
 * lwIP makes segments of one MSS and hands each down by itself. Our patch of it
 * (tools/upstream/lwip.patch) asks the functions here in four places:
 *   - tcp_write() asks how large a segment may become. It may be 44 MSS large while any device takes
 *     such; data is copied into a chain of buffers of 11 MSS each (net/socket_tcp_data.c).
 *   - tcp_output() has the first unsent segment made fit before it looks at it: one that the peer's
 *     window, the congestion window or the device does not admit is cut at a multiple of the MSS.
 *     The new segment takes over the buffers behind the cut; only bytes of the buffer that is cut
 *     through are copied. While enough is on its way, small room is not worth a cut: it grows.
 *   - a fast retransmission repeats one MSS, as without offload: the lost segment is cut first. (A
 *     time-out lowers the congestion window to one MSS, which does the same by way of tcp_output().)
 *   - IP does not fragment them: their first buffer says what the device is to cut them into.
 * An acknowledgement may now end within a segment. lwIP keeps that whole until all of it is
 * acknowledged, which is right, but what is sent again has its acknowledged front taken off first.
 *
 * When a device no longer takes large segments, those that are queued are cut to one MSS each as
 * they go out.
 */
#include <string.h>

#include "lwip/memp.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "lwip_hooks.h"
#include "net_internal.h"

/* 64 KiB less the headers: Ethernet with a VLAN tag, IPv6, TCP. */
#define PAYLOAD_MAXIMUM (UINT16_MAX - 18 - 40 - TCP_HLEN)
/* Room below this part of the window is waited for to grow. */
#define WORTHWHILE 4

bool net_large_segments;

u16_t net_tcp_large_segment(const struct tcp_pcb *pcb, u16_t mss)
{
    u32_t limit = pcb->snd_wnd_max / 2;

    if (limit > PAYLOAD_MAXIMUM)
        limit = PAYLOAD_MAXIMUM;
    return limit < 2u * mss ? mss : (u16_t)(limit - limit % mss);
}

/* Another part of the stack holds the segment's buffers (an ARP entry that is looked for). */
static bool busy(const struct tcp_seg *segment)
{
    return segment->p->ref != 1;
}

/* Take the first `acked` bytes, which are fewer than all, off a segment's payload: the header moves
 * up to what is left. */
static void take_front(struct tcp_pcb *pcb, struct tcp_seg *segment, u16_t acked)
{
    struct tcp_hdr header = *segment->tcphdr;
    struct pbuf *p = segment->p;
    size_t lower = (size_t)((uint8_t *)segment->tcphdr - (uint8_t *)p->payload);
    u16_t here, left = acked;

    pbuf_remove_header(p, lower);
    here = p->len - TCP_HLEN < left ? (u16_t)(p->len - TCP_HLEN) : left;
    pbuf_remove_header(p, here);
    left = (u16_t)(left - here);
    p->tot_len = (u16_t)(p->tot_len - left);
    while (left > 0) {
        struct pbuf *next = p->next;

        if (left < next->len) {
            pbuf_remove_header(next, left);
            break;
        }
        left = (u16_t)(left - next->len);
        p->next = next->next;
        next->next = NULL;
        pbuf_free(next);
        pcb->snd_queuelen--;
    }
    memmove(p->payload, &header, TCP_HLEN);
    segment->tcphdr = p->payload;
    segment->tcphdr->seqno = lwip_htonl(lwip_ntohl(header.seqno) + acked);
    segment->len = (u16_t)(segment->len - acked);
    pcb->snd_buf += acked;
}

static void take_acknowledged(struct tcp_pcb *pcb, struct tcp_seg *segment)
{
    u32_t acked = pcb->lastack - lwip_ntohl(segment->tcphdr->seqno);

    if (acked > 0 && acked < segment->len && segment->flags == 0 && !busy(segment))
        take_front(pcb, segment, (u16_t)acked);
}

/* Buffers with the payload from `position` in the chain on, which is taken off the chain; NULL when
 * there is no memory, and nothing has changed. */
static struct pbuf *take_rest(struct pbuf *chain, u16_t position)
{
    u16_t moved = (u16_t)(chain->tot_len - position);
    struct pbuf *p = chain, *rest;

    while (position > p->len) {
        position = (u16_t)(position - p->len);
        p = p->next;
    }
    rest = pbuf_alloc(PBUF_TRANSPORT, (u16_t)(p->len - position), PBUF_RAM);
    if (!rest)
        return NULL;
    memcpy(rest->payload, (uint8_t *)p->payload + position, rest->len);
    rest->next = p->next;
    rest->tot_len = moved;
    p->next = NULL;
    p->len = position;
    for (; chain; chain = chain->next)
        chain->tot_len = (u16_t)(chain->tot_len - moved);
    return rest;
}

/* Cut a segment behind `size` bytes; the rest becomes the next of its queue. */
static err_t cut(struct tcp_pcb *pcb, struct tcp_seg *segment, u16_t size)
{
    const u8_t to_the_end = TCPH_FLAGS(segment->tcphdr) & (TCP_PSH | TCP_FIN);
    struct tcp_seg *second;
    struct pbuf *rest;

    if (segment->flags || busy(segment))
        return ERR_VAL;
    second = memp_malloc(MEMP_TCP_SEG);
    if (!second)
        return ERR_MEM;
    rest = take_rest(segment->p, (u16_t)(segment->p->tot_len - segment->len + size));
    if (!rest) {
        memp_free(MEMP_TCP_SEG, second);
        return ERR_MEM;
    }
    memset(second, 0, sizeof(*second));
    second->p = rest;
    second->len = rest->tot_len;
    pbuf_add_header(rest, TCP_HLEN);
    second->tcphdr = rest->payload;
    *second->tcphdr = *segment->tcphdr;
    second->tcphdr->seqno = lwip_htonl(lwip_ntohl(segment->tcphdr->seqno) + size);
    TCPH_UNSET_FLAG(segment->tcphdr, to_the_end);
    segment->len = size;
    second->next = segment->next;
    segment->next = second;
    pcb->snd_queuelen++;
    return ERR_OK;
}

/* Will the device cut what is larger than one MSS? Not where IP has to fragment, which it cannot. */
static bool goes_out_large(const struct tcp_pcb *pcb, struct netif *netif)
{
    u16_t mtu = netif->mtu, headers = IP_HLEN + TCP_HLEN;

    if (IP_IS_V6_VAL(pcb->remote_ip)) {
        mtu = nd6_get_destination_mtu(ip_2_ip6(&pcb->remote_ip), netif);
        headers = IP6_HLEN + TCP_HLEN;
    }
    return net_interface_takes_large(netif, IP_IS_V6_VAL(pcb->remote_ip)) &&
           (mtu == 0 || pcb->mss + headers <= mtu);
}

u16_t net_tcp_cut_later(const struct tcp_pcb *pcb, struct netif *netif)
{
    return goes_out_large(pcb, netif) ? pcb->mss : 0;
}

void net_tcp_make_fit(struct tcp_pcb *pcb, struct netif *netif, u32_t window)
{
    struct tcp_seg *segment = pcb->unsent;
    bool large = goes_out_large(pcb, netif);
    u32_t room, size;

    take_acknowledged(pcb, segment);
    size = lwip_ntohl(segment->tcphdr->seqno) - pcb->lastack;
    room = (s32_t)(window - size) > 0 ? window - size : 0;
    if (segment->len <= room && (large || segment->len <= pcb->mss))
        return;
    size = large || room < pcb->mss ? room - room % pcb->mss : pcb->mss;
    if (size == 0 || (large && pcb->unacked && room < window / WORTHWHILE))
        return;
    if (cut(pcb, segment, (u16_t)size) != ERR_OK) {
        /* Nothing may be on its way: then the timer has to come back to it. */
        if (pcb->rtime < 0)
            pcb->rtime = 0;
    } else if (!segment->next->next) {
        pcb->unsent_oversize = 0;
    }
}

void net_tcp_cut_lost(struct tcp_pcb *pcb)
{
    struct tcp_seg *segment = pcb->unacked;

    take_acknowledged(pcb, segment);
    if (segment->len > pcb->mss)
        cut(pcb, segment, pcb->mss);
}
