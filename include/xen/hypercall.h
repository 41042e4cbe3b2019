/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls, one typed call each (<xen-abi/xen.h> and the header of each operation).
 *
 * Xen answers with its own error numbers (<xen-abi/errno.h>), which are Linux' and not newlib's:
 * each call here returns 0 or a positive answer, or -errno in our numbers. Xen takes pointers as
 * virtual addresses: any mapped memory will do, stacks included. Any context.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <stdint.h>

/* The gate itself; it answers in Xen's numbers. */
long hypercall(unsigned long number, unsigned long a, unsigned long b, unsigned long c,
               unsigned long d);

long hypercall_sched_op(unsigned int command, void *argument);
long hypercall_event_channel_op(unsigned int command, void *argument);
long hypercall_grant_table_op(unsigned int command, void *argument, unsigned int count);
long hypercall_memory_op(unsigned int command, void *argument);
long hypercall_hvm_op(unsigned int command, void *argument);
long hypercall_xen_version(unsigned int command, void *argument);
/* In Xen's system time. */
long hypercall_set_timer_op(uint64_t time);

#endif
