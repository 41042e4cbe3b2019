/* SPDX-License-Identifier: MIT */
/*
 * Answers to lwIP's hooks.
 *
 * Initial sequence numbers follow RFC 6528: a clock of 4 us ticks plus a keyed hash (SipHash-2-4)
 * of the connection's ends, so that they grow for one pair of ends and tell nothing about others.
 * The key is drawn at first use and anew after a restore, since two guests restored from one image
 * must not share it.
 */
#include <string.h>

#include "lib/base/printk.h"
#include "lib/random/random.h"
#include "lib/sched/sched.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"

#include "lwip_hooks.h"
#include "net_internal.h"
#include "socket_internal.h"

#define HALF_OPEN_SECONDS 3u

static uint64_t key[2];
static bool key_drawn;

void net_reseed(void)
{
    random_bytes(key, sizeof(key));
    key_drawn = true;
}

static inline uint64_t rotate(uint64_t value, unsigned int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 of whole 64-bit words. */
uint64_t net_siphash(const uint64_t sip_key[2], const uint64_t *words, unsigned int count)
{
    uint64_t v[4] = {
        sip_key[0] ^ 0x736f6d6570736575u,
        sip_key[1] ^ 0x646f72616e646f6du,
        sip_key[0] ^ 0x6c7967656e657261u,
        sip_key[1] ^ 0x7465646279746573u,
    };
    uint64_t last = (uint64_t)count << 59; /* the length in bytes, in the top byte */
    unsigned int index;

    for (index = 0; index <= count; index++) {
        uint64_t word = index < count ? words[index] : last;

        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (index = 0; index < 4; index++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void copy_address(uint64_t words[2], const ip_addr_t *address)
{
    if (IP_IS_V6(address))
        memcpy(words, ip_2_ip6(address)->addr, 16);
    else
        words[0] = ip_2_ip4(address)->addr;
}

uint32_t net_tcp_initial_sequence(const ip_addr_t *local_address, uint16_t local_port,
                                  const ip_addr_t *remote_address, uint16_t remote_port)
{
    uint64_t words[5] = { 0 };

    if (!key_drawn)
        net_reseed();
    copy_address(words, local_address);
    copy_address(words + 2, remote_address);
    words[4] = (uint64_t)local_port << 16 | remote_port;
    return (uint32_t)(net_siphash(key, words, 5) + clock_monotonic() / 4096);
}

/* A packet leaves through the interface that has its source address, if that one can reach the
 * destination. */
struct netif *net_route_by_source(const ip4_addr_t *source, const ip4_addr_t *destination)
{
    struct netif *netif;

    if (!source || ip4_addr_isany(source) || ip4_addr_isloopback(destination))
        return NULL;
    NETIF_FOREACH(netif)
    {
        if (!netif_is_up(netif) || !netif_is_link_up(netif) ||
            !ip4_addr_eq(source, netif_ip4_addr(netif)))
            continue;
        if (ip4_addr_net_eq(destination, netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
            !ip4_addr_isany_val(*netif_ip4_gw(netif)) || ip4_addr_ismulticast(destination) ||
            destination->addr == IPADDR_BROADCAST)
            return netif;
    }
    return NULL;
}

/*
 * A flood of SYNs must not keep others out: the oldest half-open connection makes room for the new
 * one, if it had longer than an honest peer needs to answer. (Otherwise the new SYN is dropped, and
 * its sender tries again.)
 */
static void make_room(struct tcp_pcb_listen *listener)
{
    struct tcp_pcb *pcb, *oldest = NULL;
    u32_t age = HALF_OPEN_SECONDS * 1000 / TCP_SLOW_INTERVAL;

    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->state == SYN_RCVD && pcb->listener == listener && tcp_ticks - pcb->tmr >= age) {
            age = tcp_ticks - pcb->tmr;
            oldest = pcb;
        }
    }
    if (oldest)
        tcp_abandon(oldest, 0);
}

/*
 * A new connection between the ends of one in TIME_WAIT may take its place if its sequence numbers
 * are beyond the old ones (RFC 1122, 4.2.2.13). The old control block goes, and the segment, made
 * again what it was, goes through tcp_input() once more; the first call does nothing with it after
 * this.
 */
static err_t replace_old_connection(struct tcp_pcb *pcb, struct tcp_hdr *header,
                                    u16_t option_length, struct pbuf *p)
{
    tcp_pcb_remove(&tcp_tw_pcbs, pcb);
    tcp_free(pcb);
    header->src = lwip_htons(header->src);
    header->dest = lwip_htons(header->dest);
    header->seqno = lwip_htonl(header->seqno);
    header->ackno = lwip_htonl(header->ackno);
    header->wnd = lwip_htons(header->wnd);
    pbuf_add_header(p, (size_t)(TCP_HLEN + option_length));
    pbuf_ref(p);
    tcp_input(p, ip_current_input_netif());
    return ERR_ABRT;
}

/*
 * Two ends that disagree about their sequence numbers answer each other's acknowledgements with
 * acknowledgements for ever. One answer in half a second to an empty segment outside of the window
 * is enough (RFC 5961, 7); the others are dropped, as they carry nothing.
 */
static err_t limit_strays(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    void *now = (void *)(uintptr_t)(tcp_ticks + 1);

    if (pcb->state < ESTABLISHED || p->tot_len > 0 || (TCPH_FLAGS(header) & (TCP_RST | TCP_FIN)) ||
        TCP_SEQ_BETWEEN(header->seqno, pcb->rcv_nxt, pcb->rcv_nxt + pcb->rcv_wnd))
        return ERR_OK;
    if (pcb->ext_args[0].data == now)
        return ERR_ABRT;
    pcb->ext_args[0].data = now;
    return ERR_OK;
}

static bool may_replace(const struct tcp_pcb *pcb, const struct tcp_hdr *header,
                        const u8_t *option2)
{
    return pcb->state == TIME_WAIT && !option2 &&
           !(TCPH_FLAGS(header) & (TCP_ACK | TCP_RST | TCP_FIN)) &&
           TCP_SEQ_GT(header->seqno, pcb->rcv_nxt);
}

/* What the peer hears: not more than its connection may hold. */
void net_tcp_limit_window(const struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    size_t window = net_window_closed ? 0 : socket_tcp_window(pcb) >> pcb->rcv_scale;

    if (window < lwip_ntohs(header->wnd))
        header->wnd = lwip_htons((u16_t)window);
}

/* What has been acknowledged already needs no room, only an answer. */
err_t net_tcp_data_while_scarce(const struct tcp_pcb *pcb, const struct tcp_hdr *header,
                                const struct pbuf *p)
{
    s32_t extent = (s32_t)(header->seqno + p->tot_len - pcb->rcv_nxt);

    return extent <= 0 || socket_tcp_admits(pcb, (size_t)extent) ? ERR_OK : ERR_ABRT;
}

err_t net_tcp_unusual_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t option_length,
                              const u8_t *option2, struct pbuf *p)
{
    if (!(TCPH_FLAGS(header) & TCP_SYN))
        return limit_strays(pcb, header, p);
    if (pcb->state == LISTEN) {
        struct tcp_pcb_listen *listener = (struct tcp_pcb_listen *)(void *)pcb;

        if (listener->accepts_pending >= listener->backlog)
            make_room(listener);
    } else if (may_replace(pcb, header, option2)) {
        return replace_old_connection(pcb, header, option_length, p);
    }
    return ERR_OK;
}

void net_assertion_failed(const char *function, int line)
{
    panic("net: lwIP's invariant does not hold in %s, line %d", function, line);
}
