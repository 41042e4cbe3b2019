/* SPDX-License-Identifier: MIT */
/*
 * Blocking under PVH.
 *
 * SCHEDOP_poll takes a list of ports and copies one after the other out of the guest, which for a
 * guest with nested page tables means a walk through both kinds of tables each time: with four
 * ports, these walks are two thirds of what blocking costs. Without a list, any event ends the
 * poll. But then Xen does not look at what is pending already, and an event between our last look
 * and the call would be slept through:
 *
 *   we: nothing is pending      Xen: sets the port's bit      we: SCHEDOP_poll, for ever
 *
 * What Xen does look at, after it has marked the vCPU as blocked, is whether there is an interrupt
 * that could be taken. So an upcall vector is registered, and interrupts are on for just this call
 * (upcall.S): the event of above is then taken before the call, or ends it. Nothing is handled there.
 */
#include "pvh.h"

#include <stdint.h>

#include <xen-abi/xen.h>
#include <xen-abi/hvm/hvm_op.h>
#include <xen-abi/hvm/params.h>
#include <xen-abi/sched.h>

#include "arch/x86_64.h"
#include "xen/hypercall.h"

#define CALLBACK_TYPE_SHIFT 56

static bool upcalls;

void pvh_poll_for_any(struct sched_poll *poll);

int pvh_ask_for_upcalls(void)
{
    struct xen_hvm_param parameter = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << CALLBACK_TYPE_SHIFT | UPCALL_VECTOR,
    };
    int result = (int)hypercall_hvm_op(HVMOP_set_param, &parameter);

    upcalls = result == 0;
    return result;
}

void pvh_forget_upcalls(void)
{
    upcalls = false;
}

/* Asked for when it is needed: a guest that never blocks boots without. */
void pvh_poll(struct sched_poll *poll)
{
    if (!upcalls && pvh_ask_for_upcalls() != 0) {
        hypercall_sched_op(SCHEDOP_poll, poll);
        return;
    }
    poll->nr_ports = 0;
    pvh_poll_for_any(poll);
}
