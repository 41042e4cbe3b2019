/* SPDX-License-Identifier: MIT */
/*
 * lwIP's periodic timers, run only when they have something to do, so that an idle guest sleeps.
 *
 * lwIP would tick ten times a second and more for ever. Here each timer has a question that tells
 * whether it is needed, and does not run otherwise. ARP and neighbour discovery keep ages that lwIP
 * does not show: they tick each second for ten seconds after anything was sent, and otherwise are
 * made up for once a minute, many ticks at a time; so is TCP when all that is left of its
 * connections is TIME_WAIT. An idle guest wakes up once a minute; with connections open, TCP's
 * timer ticks every 250 ms. In that minute the devices are looked at too: should the event for a
 * frame have been lost, no other would come.
 */
#include "lwip/opt.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/memp.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/prot/dhcp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#include "net_internal.h"

#define ACTIVE_TIME SECONDS(10)
#define LAZY_PERIOD SECONDS(60)

struct periodic {
    uint64_t interval;
    void (*handler)(void);
    bool (*needed)(void);  /* ticks must come on time */
    bool (*wanted)(void);  /* ticks may come later, many at a time; NULL: the same as needed */
    unsigned int catch_up; /* how many at most */
};

static bool always(void)
{
    return true;
}

static bool never(void)
{
    return false;
}

static bool tcp_needed(void)
{
    return tcp_active_pcbs != NULL;
}

static bool tcp_wanted(void)
{
    return tcp_active_pcbs || tcp_tw_pcbs;
}

static bool reassembly4_needed(void)
{
    return net_pool_used(MEMP_REASSDATA) > 0;
}

static bool reassembly6_needed(void)
{
    return net_pool_used(MEMP_IP6_REASSDATA) > 0;
}

static bool dhcp_request_needed(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif_dhcp_data(netif) && netif_dhcp_data(netif)->request_timeout > 0)
            return true;
    }
    return false;
}

static bool dhcp_lease_needed(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif_dhcp_data(netif) && netif_dhcp_data(netif)->state != DHCP_STATE_OFF)
            return true;
    }
    return false;
}

static bool dns_needed(void)
{
    return net_queries_pending > 0;
}

static bool multicast4_needed(void)
{
    struct netif *netif;
    struct igmp_group *group;

    NETIF_FOREACH(netif)
    {
        for (group = netif_igmp_data(netif); group; group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

static bool multicast6_needed(void)
{
    struct netif *netif;
    struct mld_group *group;

    NETIF_FOREACH(netif)
    {
        for (group = netif_mld6_data(netif); group; group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

static uint64_t active_until, time_now;

static bool recently_active(void)
{
    return time_now < active_until;
}

static bool address_pending(const struct netif *netif)
{
    int index;

    if (!netif_is_up(netif) || !netif_is_link_up(netif))
        return false;
    if (netif->rs_count > 0 && !ip6_addr_isinvalid(netif_ip6_addr_state(netif, 0)))
        return true;
    for (index = 0; index < LWIP_IPV6_NUM_ADDRESSES; index++) {
        if (ip6_addr_istentative(netif_ip6_addr_state(netif, index)))
            return true;
    }
    return false;
}

static bool neighbours_needed(void)
{
    struct netif *netif;

    if (recently_active())
        return true;
    NETIF_FOREACH(netif)
    {
        if (address_pending(netif))
            return true;
    }
    return false;
}

static const struct periodic periodics[] = {
    { MILLISECONDS(TCP_TMR_INTERVAL), tcp_tmr, tcp_needed, tcp_wanted, 240 },
    { MILLISECONDS(IP_TMR_INTERVAL), ip_reass_tmr, reassembly4_needed, NULL, 0 },
    { MILLISECONDS(IP6_REASS_TMR_INTERVAL), ip6_reass_tmr, reassembly6_needed, NULL, 0 },
    { MILLISECONDS(IGMP_TMR_INTERVAL), igmp_tmr, multicast4_needed, NULL, 0 },
    { MILLISECONDS(ARP_TMR_INTERVAL), etharp_tmr, recently_active, always, 60 },
    { MILLISECONDS(ND6_TMR_INTERVAL), nd6_tmr, neighbours_needed, always, 60 },
    { MILLISECONDS(MLD6_TMR_INTERVAL), mld6_tmr, multicast6_needed, NULL, 0 },
    { MILLISECONDS(DHCP_FINE_TIMER_MSECS), dhcp_fine_tmr, dhcp_request_needed, NULL, 0 },
    { MILLISECONDS(DHCP_COARSE_TIMER_MSECS), dhcp_coarse_tmr, dhcp_lease_needed, NULL, 0 },
    { MILLISECONDS(DNS_TMR_INTERVAL), dns_tmr, dns_needed, NULL, 0 },
    { SECONDS(1), net_transmit_second, net_transmit_waits, NULL, 0 },
    { LAZY_PERIOD, net_interfaces_look, never, always, 0 },
};
#define PERIODICS (sizeof(periodics) / sizeof(periodics[0]))

static uint64_t next_tick[PERIODICS]; /* 0: stopped */

bool net_timers_running;

u32_t sys_now(void)
{
    return (u32_t)(clock_monotonic() / 1000000);
}

/* lwIP's hooks for timers of its own: started by need, above. */
void sys_timeouts_init(void)
{
}

/* Timers of a minute share their moment, so that they cost one wake-up. */
static uint64_t first_tick(const struct periodic *periodic, uint64_t now)
{
    if (periodic->interval >= LAZY_PERIOD)
        return (now / LAZY_PERIOD + 1) * LAZY_PERIOD;
    return now + periodic->interval;
}

/*
 * Missed ticks are made up for as long as nothing depends on their pace: a connection that has just
 * begun must not age by a minute, and an answer to what a tick has sent needs its time.
 */
static void tick(unsigned int index, uint64_t now)
{
    const struct periodic *periodic = &periodics[index];
    unsigned int left = periodic->catch_up;

    do {
        periodic->handler();
        next_tick[index] += periodic->interval;
    } while (next_tick[index] <= now && left-- > 0 && !net_transmitted && !tcp_active_pcbs);
    if (next_tick[index] <= now)
        next_tick[index] = first_tick(periodic, now);
}

void net_timers_run(uint64_t now)
{
    unsigned int index;

    net_timers_running = true;
    time_now = now;
    for (index = 0; index < PERIODICS; index++) {
        const struct periodic *periodic = &periodics[index];

        if (net_transmitted) {
            active_until = now + ACTIVE_TIME;
            net_transmitted = false;
        }
        if (periodic->wanted ? !periodic->wanted() : !periodic->needed()) {
            next_tick[index] = 0;
            continue;
        }
        if (!next_tick[index])
            next_tick[index] = first_tick(periodic, now);
        else if (next_tick[index] <= now)
            tick(index, now);
    }
    net_timers_running = false;
}

uint64_t net_timers_deadline(uint64_t now)
{
    uint64_t deadline = (now / LAZY_PERIOD + 1) * LAZY_PERIOD;
    unsigned int index;

    for (index = 0; index < PERIODICS; index++) {
        if (next_tick[index] && next_tick[index] < deadline && periodics[index].needed())
            deadline = next_tick[index];
    }
    return deadline;
}
