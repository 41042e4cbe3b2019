/* SPDX-License-Identifier: MIT */
/*
 * The domain's end: what the toolstack asks for in control/shutdown, and the hypercall that stops
 * the domain (<xen-abi/sched.h>; docs/misc/xenstore-paths in Xen's tree describes the nodes).
 */
#ifndef XEN_DOMAIN_LIFECYCLE_H
#define XEN_DOMAIN_LIFECYCLE_H

/*
 * Watch control/shutdown and announce what we understand (control/feature-poweroff, -reboot,
 * -suspend). Does not block: the watch thread does the work; call it once, after xenstore_init().
 * A request is acknowledged by clearing the node and then passed to `end`, or to domain_suspend()
 * (xen/domain/suspend.h); words that are not understood are left in the node and named in one
 * warning.
 */
void lifecycle_init(void (*end)(int shutdown_reason));

/*
 * Stop the domain with a SHUTDOWN_* reason. Console output that is still on its way is waited for,
 * busily and for at most CONSOLE_STALL_TIMEOUT; a thread calls console_flush() before to wait
 * without using the CPU. Any context.
 */
void domain_shutdown(unsigned int reason) __attribute__((noreturn));

#endif
