/* SPDX-License-Identifier: MIT */
/*
 * The network thread.
 *
 * It sleeps until a device has frames, a device changed, or a timer of the stack is due; then it
 * does a round: take frames in (a bounded number of each device at a time, letting other threads
 * run in between), loopback, timers, and at the end one notification a device for all frames that
 * the round has sent. Threads that use sockets call the stack directly, and notify at the end of
 * their call (net_flush).
 *
 * A large TCP segment is acknowledged in the round after the one that took it in: those who wait
 * for its data have run by then, and if they took it, its acknowledgement has gone out with the
 * news of the larger window, as one frame instead of two.
 */
#include "lib/base/init.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "lib/base/suspend.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "net/stack.h"
#include "net/usage.h"

#include "lwip_hooks.h"
#include "net_internal.h"

#define CHECKSUM_CHECKS 0xff00 /* all of lwIP's NETIF_CHECKSUM_CHECK_… */

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static bool wake_requested, resume_transmission;
static bool asleep, asleep_long, asleep_without_tcp;

bool net_transmitted, net_acknowledgement_due;

void net_wake(void)
{
    wake_requested = true;
    if (asleep)
        wake_all(&queue);
}

void net_transmit_resume(void)
{
    resume_transmission = true;
    net_wake();
}

static bool loopback_waits(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif->loop_first)
            return true;
    }
    return false;
}

/* What loops back never left this memory: there is nothing to verify, and with offload nothing was
 * computed. */
static void loopback_poll(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif->loop_first) {
            u16_t flags = netif->chksum_flags;

            NETIF_SET_CHECKSUM_CTRL(netif, flags & ~CHECKSUM_CHECKS);
            netif_poll(netif);
            NETIF_SET_CHECKSUM_CTRL(netif, flags);
        }
    }
}

void net_flush(void)
{
    net_interfaces_kick();
    if (!asleep)
        return;
    if ((asleep_without_tcp && tcp_active_pcbs) || (asleep_long && net_transmitted) ||
        loopback_waits())
        net_wake();
}

static void send_acknowledgements(void)
{
    struct tcp_pcb *pcb;

    net_acknowledgement_due = false;
    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->flags & TF_ACK_DELAY) {
            tcp_ack_now(pcb);
            tcp_output(pcb);
        }
    }
}

uint64_t net_round(void)
{
    uint64_t now, deadline, other;
    bool more;

    wake_requested = false;
    if (net_acknowledgement_due)
        send_acknowledgements();
    more = net_interfaces_poll();
    loopback_poll();
    if (resume_transmission) {
        resume_transmission = false;
        if (net_transmit_go_on())
            socket_udp_resume();
    }
    now = clock_monotonic();
    net_timers_run(now);
    net_configure_check(now);
    net_interfaces_kick();
    if (more || loopback_waits() || net_interfaces_busy() || wake_requested ||
        net_acknowledgement_due)
        return 0;
    deadline = net_timers_deadline(now);
    other = net_configure_deadline();
    return deadline < other ? deadline : other;
}

static void network_thread(void *argument)
{
    (void)argument;
    for (;;) {
        uint64_t deadline = net_round();

        if (deadline == 0) {
            thread_yield();
            continue;
        }
        asleep = true;
        asleep_without_tcp = !tcp_active_pcbs;
        asleep_long = deadline > clock_monotonic() + SECONDS(1);
        wait_until(&queue, wake_requested, deadline);
        asleep = false;
    }
}

void net_stack_init(void)
{
    static bool initialized;

    if (initialized)
        return;
    initialized = true;
    net_reseed();
    lwip_init();
    netif_get_by_index(NETIF_NO_INDEX + 1)->chksum_flags = 0; /* "lo" */
    net_interfaces_init();
    if (!thread_create("net", network_thread, NULL))
        printk("net: no memory for the network thread");
}

/* The rest comes with the devices, as each is connected again. */
static const struct suspend_hooks net_hooks = { .resume = net_reseed };
SUSPEND_HOOKS(net, net_hooks);

INITCALL(stack, net_stack_init);
