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

#include "event_ports.h"
#include "xen/boot_info.h"
#include "xen/platform.h"

xen_ulong_t evtchn_unmasked[GROUPS];
unsigned int evtchn_words_used;

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
    evtchn_unmasked[port / GROUP] &= ~(1ul << port % GROUP);
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
    evtchn_unmasked[word] |= 1ul << port % GROUP;
    evtchn_words_used = evtchn_words_used > word ? evtchn_words_used : word + 1;
    evtchn_clear_bit(shared->evtchn_mask, port);
    if (__atomic_load_n(&shared->evtchn_pending[word], __ATOMIC_SEQ_CST) >> port % GROUP & 1)
        set_bit(&vcpu->evtchn_pending_sel, word);
}

void evtchn_forget_unmasked(void)
{
    for (; evtchn_words_used > 0; evtchn_words_used--)
        evtchn_unmasked[evtchn_words_used - 1] = 0;
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
