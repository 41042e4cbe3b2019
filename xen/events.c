/* SPDX-License-Identifier: MIT */
/*
 * Events without upcalls.
 *
 * Xen sets a port's pending bit and the word's bit in evtchn_pending_sel. evtchn_dispatch() reads
 * them top down, as an upcall would. When nothing is ready, platform_block() sleeps until one of the
 * unmasked ports is pending or the time is up.
 *
 * evtchn_upcall_pending makes Xen interrupt a vCPU whenever it goes from 0 to 1, wherever that runs.
 * We look for events by ourselves; so it is 1 all the time, but while the guest blocks.
 */
#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/sched.h>

#include "event_ports.h"
#include "lib/base/time.h"
#include "xen/boot_info.h"
#include "xen/clock.h"
#include "xen/hypercall.h"
#include "xen/platform.h"

#define POLLED 128u /* that Xen takes in one call */
#define POLL_INTERVAL MILLISECONDS(10)

/* The ports that are bound and unmasked. */
static xen_ulong_t unmasked[GROUPS];
static unsigned int words_used; /* no word from here on has ever had a bit */

static void set_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_or_fetch(&words[port / GROUP], 1ul << port % GROUP, __ATOMIC_SEQ_CST);
}

void evtchn_clear_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_and_fetch(&words[port / GROUP], ~(1ul << port % GROUP), __ATOMIC_SEQ_CST);
}

void evtchn_mask(int port)
{
    if (port <= 0 || port >= (int)PORTS)
        return;
    set_bit(boot_info.shared_info->evtchn_mask, port);
    unmasked[port / GROUP] &= ~(1ul << port % GROUP);
}

/*
 * An event that came while the port was masked has set the pending bit only; set the summary bit
 * too, so that the next dispatch finds it. (Unmasking through a hypercall does the same, for a
 * world switch.)
 */
void evtchn_unmask(int port)
{
    struct shared_info *shared = boot_info.shared_info;
    struct vcpu_info *vcpu = &shared->vcpu_info[0];
    unsigned int word = (unsigned int)port / GROUP;

    if (port <= 0 || !evtchn_channel((uint32_t)port))
        return;
    unmasked[word] |= 1ul << port % GROUP;
    words_used = words_used > word ? words_used : word + 1;
    evtchn_clear_bit(shared->evtchn_mask, port);
    if (__atomic_load_n(&shared->evtchn_pending[word], __ATOMIC_SEQ_CST) >> port % GROUP & 1)
        set_bit(&vcpu->evtchn_pending_sel, word);
}

void evtchn_forget_unmasked(void)
{
    for (; words_used > 0; words_used--)
        unmasked[words_used - 1] = 0;
}

static bool handle(evtchn_port_t port)
{
    const struct channel *channel = evtchn_channel(port);

    evtchn_mask(port);
    evtchn_clear_bit(boot_info.shared_info->evtchn_pending, port);
    if (!channel)
        return false;
    channel->handler(channel->argument);
    return true;
}

static bool dispatch_word(unsigned int word)
{
    struct shared_info *shared = boot_info.shared_info;
    xen_ulong_t pending = __atomic_load_n(&shared->evtchn_pending[word], __ATOMIC_SEQ_CST) &
                          ~shared->evtchn_mask[word];
    bool handled = false;

    for (; pending; pending &= pending - 1)
        handled |= handle(word * GROUP + __builtin_ctzl(pending));
    return handled;
}

bool evtchn_dispatch(void)
{
    struct vcpu_info *vcpu = &boot_info.shared_info->vcpu_info[0];
    xen_ulong_t words;
    bool handled = false;

    if (!__atomic_load_n(&vcpu->evtchn_pending_sel, __ATOMIC_RELAXED))
        return false;
    words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1)
        handled |= dispatch_word(__builtin_ctzl(words));
    return handled;
}

/*
 * The flag is cleared before the last look: an event after that sets it again, which ends the
 * block, and one before it is seen.
 */
void evtchn_block(uint64_t deadline)
{
    struct vcpu_info *vcpu = &boot_info.shared_info->vcpu_info[0];

    __atomic_store_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&vcpu->evtchn_pending_sel, __ATOMIC_SEQ_CST))
        platform_block(deadline);
    __atomic_store_n(&vcpu->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

/*
 * SCHEDOP_poll looks at the ports' pending bits after it has marked the vCPU as blocked, so an event
 * between our last look and the hypercall is not lost. It does not look at masks, so the list holds
 * unmasked ports only (a masked pending port would end each poll at once).
 *
 * It takes no more than so many ports. With more of them it ends often enough for an event of
 * another one not to wait long.
 */
void evtchn_poll(uint64_t deadline)
{
    evtchn_port_t ports[POLLED];
    struct sched_poll poll = { .nr_ports = 0 };
    bool all = true;

    for (unsigned int word = 0; word < words_used; word++)
        for (xen_ulong_t bits = unmasked[word]; bits; bits &= bits - 1) {
            all = poll.nr_ports < POLLED;
            if (all)
                ports[poll.nr_ports++] = word * GROUP + __builtin_ctzl(bits);
        }
    if (!all && deadline > clock_monotonic() + POLL_INTERVAL)
        deadline = clock_monotonic() + POLL_INTERVAL;
    poll.timeout = deadline == DEADLINE_NEVER ? 0 : clock_to_system_time(deadline);
    set_xen_guest_handle(poll.ports, ports);
    hypercall_sched_op(SCHEDOP_poll, &poll);
}
