/* SPDX-License-Identifier: MIT */
/*
 * Event channels without upcalls.
 *
 * Xen sets a port's pending bit and the word's bit in evtchn_pending_sel. evtchn_dispatch() reads
 * them top down, as an upcall would. When nothing is ready, SCHEDOP_poll sleeps until one of the
 * unmasked ports is pending or the time is up: one hypercall that sets the timer and blocks.
 * SCHEDOP_poll looks at the ports' pending bits after it has marked the vCPU as blocked, so an
 * event between our last look and the hypercall is not lost. It does not look at masks, so the list
 * holds unmasked ports only (a masked pending port would end each poll at once). PVH has another way
 * (xen/x86_64/pvh/poll.c).
 *
 * evtchn_upcall_pending makes Xen interrupt a vCPU whenever it goes from 0 to 1, wherever that runs.
 * We look for events by ourselves; so it is 1 all the time, but while the guest blocks.
 */
#include "xen/evtchn.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <xen-abi/event_channel.h>
#include <xen-abi/sched.h>
#include <xen-abi/xen.h>

#include "xen/boot_info.h"
#include "xen/clock.h"
#include "xen/platform.h"
#include "lib/base/time.h"
#include "xen/hypercall.h"

#define WORD_BITS 64
#define PORTS 4096u /* of the 2-level ABI with 64-bit words */

struct channel {
    evtchn_port_t port; /* 0: free */
    evtchn_handler handler;
    void *argument;
};

static struct channel channels[EVTCHN_MAX];
static unsigned int channels_used, channels_high; /* no slot from channels_high on was ever used */
/* The ports to poll: those that are bound and unmasked. */
static evtchn_port_t unmasked[EVTCHN_MAX];
static unsigned int unmasked_count;

static struct channel *channel_of(evtchn_port_t port)
{
    for (unsigned int i = 0; i < channels_high; i++)
        if (channels[i].port == port)
            return &channels[i];
    return NULL;
}

static struct channel *free_channel(void)
{
    struct channel *channel = channel_of(0);

    if (!channel && channels_high < EVTCHN_MAX)
        channel = &channels[channels_high++];
    return channel;
}

static void set_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_or_fetch(&words[port / WORD_BITS], 1ul << port % WORD_BITS, __ATOMIC_SEQ_CST);
}

static void clear_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_and_fetch(&words[port / WORD_BITS], ~(1ul << port % WORD_BITS), __ATOMIC_SEQ_CST);
}

static void forget_unmasked(evtchn_port_t port)
{
    for (unsigned int i = 0; i < unmasked_count; i++)
        if (unmasked[i] == port) {
            unmasked[i] = unmasked[--unmasked_count];
            return;
        }
}

int evtchn_attach(uint32_t port, evtchn_handler handler, void *argument)
{
    struct channel *channel;

    if (!port || port >= PORTS || channel_of(port))
        return -EINVAL;
    channel = free_channel();
    if (!channel)
        return -ENOSPC;
    set_bit(boot_info.shared_info->evtchn_mask, port);
    *channel = (struct channel){ port, handler, argument };
    channels_used++;
    return 0;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close close = { .port = port };

    hypercall_event_channel_op(EVTCHNOP_close, &close);
}

/* Keep a port that Xen has just given, or close it again when there is no place. */
static int keep(evtchn_port_t port, evtchn_handler handler, void *argument)
{
    int error = evtchn_attach(port, handler, argument);

    if (error)
        close_port(port);
    return error ? error : (int)port;
}

int evtchn_alloc_unbound(uint16_t remote_domain, evtchn_handler handler, void *argument)
{
    struct evtchn_alloc_unbound operation = { .dom = DOMID_SELF, .remote_dom = remote_domain };
    int error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &operation);

    return error ? error : keep(operation.port, handler, argument);
}

int evtchn_bind_interdomain(uint16_t remote_domain, uint32_t remote_port, evtchn_handler handler,
                            void *argument)
{
    struct evtchn_bind_interdomain operation = { .remote_dom = remote_domain,
                                                 .remote_port = remote_port };
    int error = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &operation);

    return error ? error : keep(operation.local_port, handler, argument);
}

int evtchn_bind_virq(uint32_t virq, evtchn_handler handler, void *argument)
{
    struct evtchn_bind_virq operation = { .virq = virq, .vcpu = 0 };
    int error = hypercall_event_channel_op(EVTCHNOP_bind_virq, &operation);

    return error ? error : keep(operation.port, handler, argument);
}

void evtchn_close(int port)
{
    struct channel *channel = port > 0 ? channel_of(port) : NULL;

    if (!channel)
        return;
    evtchn_mask(port);
    close_port(port);
    clear_bit(boot_info.shared_info->evtchn_pending, port);
    memset(channel, 0, sizeof(*channel));
    channels_used--;
}

void evtchn_mask(int port)
{
    if (port <= 0 || port >= (int)PORTS)
        return;
    set_bit(boot_info.shared_info->evtchn_mask, port);
    forget_unmasked(port);
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

    if (port <= 0 || !channel_of(port))
        return;
    forget_unmasked(port);
    unmasked[unmasked_count++] = port;
    clear_bit(shared->evtchn_mask, port);
    if (__atomic_load_n(&shared->evtchn_pending[port / WORD_BITS], __ATOMIC_SEQ_CST) >>
            port % WORD_BITS &
        1)
        set_bit(&vcpu->evtchn_pending_sel, port / WORD_BITS);
}

void evtchn_notify(int port)
{
    struct evtchn_send send = { .port = port };

    hypercall_event_channel_op(EVTCHNOP_send, &send);
}

static bool handle(evtchn_port_t port)
{
    struct channel *channel = channel_of(port);

    evtchn_mask(port);
    clear_bit(boot_info.shared_info->evtchn_pending, port);
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
        handled |= handle(word * WORD_BITS + __builtin_ctzl(pending));
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
 * The flag is cleared before the last look: an event after that sets it again, which ends the poll,
 * and one before it is seen.
 */
void evtchn_block(uint64_t deadline)
{
    struct vcpu_info *vcpu = &boot_info.shared_info->vcpu_info[0];
    struct sched_poll poll = {
        .nr_ports = unmasked_count,
        .timeout = deadline == DEADLINE_NEVER ? 0 : clock_to_system_time(deadline),
    };

    set_xen_guest_handle(poll.ports, unmasked);
    __atomic_store_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&vcpu->evtchn_pending_sel, __ATOMIC_SEQ_CST))
        platform_poll(&poll);
    __atomic_store_n(&vcpu->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

void evtchn_forget_all(void)
{
    memset(channels, 0, channels_high * sizeof(channels[0]));
    channels_used = 0;
    unmasked_count = 0;
}

unsigned int evtchn_in_use(void)
{
    return channels_used;
}
