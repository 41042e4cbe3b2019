/* SPDX-License-Identifier: MIT */
/*
 * Blocking by SCHEDOP_poll.
 *
 * Xen looks at the ports' pending bits after it has marked the vCPU as blocked, so an event between
 * our last look and the hypercall is not lost. It does not look at masks, so the list holds unmasked
 * ports only (a masked pending port would end each poll at once).
 *
 * It takes no more than so many ports. With more of them it ends often enough for an event of
 * another one not to wait long.
 */
#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/sched.h>

#include "event_ports.h"
#include "lib/base/time.h"
#include "xen/clock.h"
#include "xen/hypercall.h"

#define POLLED 128u
#define INTERVAL MILLISECONDS(10)

/* As many as fit; true when these are all. */
static bool list_ports(evtchn_port_t ports[POLLED], unsigned int *count)
{
    for (unsigned int word = 0; word < evtchn_words_used; word++)
        for (xen_ulong_t bits = evtchn_unmasked[word]; bits; bits &= bits - 1) {
            if (*count == POLLED)
                return false;
            ports[(*count)++] = word * GROUP + __builtin_ctzl(bits);
        }
    return true;
}

void evtchn_poll(uint64_t deadline)
{
    evtchn_port_t ports[POLLED];
    struct sched_poll poll = { .nr_ports = 0 };

    if (!list_ports(ports, &poll.nr_ports) && deadline > clock_monotonic() + INTERVAL)
        deadline = clock_monotonic() + INTERVAL;
    poll.timeout = deadline == DEADLINE_NEVER ? 0 : clock_to_system_time(deadline);
    set_xen_guest_handle(poll.ports, ports);
    hypercall_sched_op(SCHEDOP_poll, &poll);
}
