/* SPDX-License-Identifier: MIT */
/*
 * lwIP's questions that net/hooks.c answers: initial sequence numbers, the way out for a source
 * address, what to do when a listener's backlog is full, and the window that peers see; and those of
 * our patch, about large segments (net/large_segments.c).
 */
#ifndef NET_LWIP_HOOKS_H
#define NET_LWIP_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

struct netif;

uint32_t net_tcp_initial_sequence(const ip_addr_t *local_address, uint16_t local_port,
                                  const ip_addr_t *remote_address, uint16_t remote_port);
struct netif *net_route_by_source(const ip4_addr_t *source, const ip4_addr_t *destination);
const ip6_addr_t *net_ipv6_gateway(struct netif *netif);
err_t net_tcp_unusual_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t option_length,
                              const u8_t *option2, struct pbuf *p);

/* Data came while memory is scarce: may its connection hold it? ERR_ABRT drops the segment. */
bool net_memory_scarce(void);
err_t net_tcp_data_while_scarce(const struct tcp_pcb *pcb, const struct tcp_hdr *header,
                                const struct pbuf *p);

/* A large segment came in. */
extern bool net_acknowledgement_due;

/*
 * Called for each segment. SYNs to a listener or to a connection in TIME_WAIT, and segments that
 * are not the next of their connection, leave the fast path. A segment that stands for several is
 * not to wait for a second one to be acknowledged (RFC 5681, 4.2), since its sender may be at the
 * end of a small congestion window: see net_round().
 */
static inline err_t net_tcp_segment(struct tcp_pcb *pcb, struct tcp_hdr *header,
                                    u16_t option_length, const u8_t *option2, struct pbuf *p)
{
    if (p->tot_len > 0 && pcb->state >= ESTABLISHED && __builtin_expect(net_memory_scarce(), 0) &&
        net_tcp_data_while_scarce(pcb, header, p) != ERR_OK)
        return ERR_ABRT;
    if (__builtin_expect((TCPH_FLAGS(header) & TCP_SYN) ||
                             (pcb->state != LISTEN && header->seqno != pcb->rcv_nxt),
                         0))
        return net_tcp_unusual_segment(pcb, header, option_length, option2, p);
    if (p->tot_len > TCP_MSS)
        net_acknowledgement_due = true;
    return ERR_OK;
}

/* The segments that TCP keeps until they are acknowledged; datagrams of sockets, whose senders wait. */
enum net_frame_kind {
    NET_FRAME_OTHER,
    NET_FRAME_SEGMENT,
    NET_FRAME_DATAGRAM,
};

/* Some device cuts large segments. */
extern bool net_large_segments;

u16_t net_tcp_large_segment(const struct tcp_pcb *pcb, u16_t mss);
u16_t net_tcp_cut_later(const struct tcp_pcb *pcb, struct netif *netif);
void net_tcp_make_fit(struct tcp_pcb *pcb, struct netif *netif, u32_t window);
void net_tcp_cut_lost(struct tcp_pcb *pcb);

#define LWIP_HOOK_TCP_SEGMENT_SIZE(pcb, mss) \
    (net_large_segments ? net_tcp_large_segment(pcb, mss) : (mss))
#define LWIP_HOOK_TCP_MAKE_FIT(pcb, netif, window)      \
    do {                                                \
        if ((pcb)->unsent->len > (pcb)->mss)            \
            net_tcp_make_fit((pcb), (netif), (window)); \
    } while (0)
#define LWIP_HOOK_TCP_CUT_LOST(pcb) net_tcp_cut_lost(pcb)
#define LWIP_HOOK_TCP_OUTPUT(pcb, netif, segment)                                                 \
    ((segment)->p->kind = NET_FRAME_SEGMENT,                                                      \
     (segment)->p->segment_size = (segment)->len > (pcb)->mss ? net_tcp_cut_later((pcb), (netif)) \
                                                              : 0)
#define LWIP_HOOK_IP_CUT_LATER(p) ((p)->segment_size != 0)

/* The domain is about to be saved: segments say that our window is closed (net/peers.c). */
extern bool net_window_closed;

void net_tcp_limit_window(const struct tcp_pcb *pcb, struct tcp_hdr *header);

/* Called for each segment that goes out, when all but its checksum is filled in. */
static inline u32_t *net_tcp_header(const struct tcp_pcb *pcb, struct tcp_hdr *header,
                                    u32_t *options)
{
    if (pcb && pcb->state >= ESTABLISHED &&
        __builtin_expect(net_window_closed || net_memory_scarce(), 0))
        net_tcp_limit_window(pcb, header);
    return options;
}

#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, header, pcb, options) net_tcp_header(pcb, header, options)
#define LWIP_HOOK_TCP_ISN net_tcp_initial_sequence
#define LWIP_HOOK_ND6_GET_GW(netif, destination) net_ipv6_gateway(netif)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, option_length, option1_length, option2, p) \
    net_tcp_segment(pcb, header, option_length, option2, p)

#endif
