/* SPDX-License-Identifier: MIT */
/*
 * The peers of TCP connections while the domain is saved and restored.
 *
 * What a peer sends when nobody is there is lost, and its retransmission timer alone decides when
 * it tries again: 200 ms after a short migration, two minutes after a longer pause. A pure
 * acknowledgement does not make it try earlier. So, as the last thing before the domain stops, each
 * peer hears that the window is closed (it keeps its data then, with nothing on the way), and as
 * the first thing at the new place that it is open, upon which it sends at once. Our own data
 * without an acknowledgement is sent again at that moment too; and a peer whose window was closed
 * is asked, since its news of an open one may be among what was lost. What was lost on the way
 * between two places says nothing about the network, so our timers begin anew with it.
 *
 * Only what the peer sees is closed: what was on its way is taken, and answered, in the short time
 * that is left to it. A peer that does not hear of it, or sends without regard to the window, is
 * where it would be without all this.
 */
#include "lib/sched/sched.h"
#include "lib/base/suspend.h"
#include "lwip/priv/tcp_priv.h"

#include "net_internal.h"

/* A round trip in a local network, for what peers have sent before they hear of it. */
#define ON_THE_WAY MILLISECONDS(2)

bool net_window_closed;

/* States in which the peer may send data. */
static bool takes_data(const struct tcp_pcb *pcb)
{
    return pcb->state == ESTABLISHED || pcb->state == FIN_WAIT_1 || pcb->state == FIN_WAIT_2;
}

/* Tell each peer what the window is now: the number of peers. */
static unsigned int tell_window(void)
{
    unsigned int count = 0;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (!takes_data(pcb))
            continue;
        tcp_send_empty_ack(pcb);
        count++;
    }
    net_flush();
    return count;
}

int net_peers_hold(uint64_t deadline)
{
    (void)deadline;
    net_window_closed = true;
    if (tell_window() > 0)
        thread_sleep_until(deadline_after(ON_THE_WAY));
    return 0;
}

void net_peers_cancel(void)
{
    if (!net_window_closed)
        return;
    net_window_closed = false;
    tell_window();
}

/* The interfaces are not there yet: the peers hear of it from net_peers_go_on(). */
static void forget(void)
{
    net_window_closed = false;
}

void net_peers_remind(void)
{
    tell_window();
}

static void send_again(struct tcp_pcb *pcb)
{
    pcb->nrtx = 0;
    pcb->rto = (s16_t)((pcb->sa >> 3) + pcb->sv);
    pcb->rtime = 0;
    tcp_rexmit_rto(pcb);
}

static void ask_for_window(struct tcp_pcb *pcb)
{
    pcb->persist_backoff = 1;
    pcb->persist_cnt = 0;
    tcp_zero_window_probe(pcb);
}

void net_peers_go_on(void)
{
    tell_window();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->unacked)
            send_again(pcb);
        else if (pcb->persist_backoff > 0)
            ask_for_window(pcb);
    }
    net_flush();
}

static const struct suspend_hooks peers_hooks = {
    .prepare = net_peers_hold,
    .cancel = net_peers_cancel,
    .forget = forget,
};
SUSPEND_HOOKS(peers, peers_hooks);
