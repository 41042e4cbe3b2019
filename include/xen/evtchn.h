/* SPDX-License-Identifier: MIT */
/*
 * Event channels (2-level ABI, <xen-abi/event_channel.h>).
 *
 * No upcall does anything: the scheduler looks at the pending bits between threads and blocks in
 * Xen when idle. A handler runs inside the scheduler, must not block, and does bounded
 * work: it usually wakes a thread. Before its handler is called, a port is masked and its pending
 * bit cleared; it stays masked until evtchn_unmask(), which the driver calls when it has done the
 * work, so that a storm of events costs one call.
 *
 * Ports come masked out of the bind calls: call evtchn_unmask() when ready. A port's handler is found
 * by its number, whatever the number of ports. All calls: any context, nothing blocks.
 */
#ifndef XEN_EVTCHN_H
#define XEN_EVTCHN_H

#include <stddef.h>
#include <stdint.h>

#define EVTCHN_MAX 4095 /* ports of this ABI; Xen may give a domain fewer */

typedef void (*evtchn_handler)(void *argument);

/* Before all others. Where memory for port numbers from 64 on comes from. */
void evtchn_init(void *(*allocate)(size_t size));

/*
 * Each returns the port (> 0), or -errno: -ENOMEM, or what Xen answered (-ENOSPC when the domain has
 * no more ports).
 */
int evtchn_alloc_unbound(uint16_t remote_domain, evtchn_handler handler, void *argument);
int evtchn_bind_interdomain(uint16_t remote_domain, uint32_t remote_port, evtchn_handler handler,
                            void *argument);
int evtchn_bind_virq(uint32_t virq, evtchn_handler handler, void *argument);

/* Take over a port that the domain builder made (xenstore, console): 0 or -errno. */
int evtchn_attach(uint32_t port, evtchn_handler handler, void *argument);

/* Mask, forget the handler and close the port. */
void evtchn_close(int port);

void evtchn_mask(int port);
/* Unmask; an event that came meanwhile is delivered by the next scheduler pass. */
void evtchn_unmask(int port);
void evtchn_notify(int port);

/* Handle what is pending now; called by the scheduler. True when a handler ran. */
_Bool evtchn_dispatch(void);
/*
 * Block until an unmasked port is pending or clock_monotonic() reaches the deadline; called by the
 * scheduler.
 */
void evtchn_block(uint64_t deadline);

/*
 * The same by SCHEDOP_poll, for platforms that have nothing better. With more than 128 unmasked ports
 * it wakes every 10 ms.
 */
void evtchn_poll(uint64_t deadline);

/* In a new domain: no port is bound any more, whoever had one. Nothing is asked of Xen. */
void evtchn_forget_all(void);

/* Ports bound now. */
unsigned int evtchn_in_use(void);

#endif
