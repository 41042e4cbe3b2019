/* SPDX-License-Identifier: MIT */
/*
 * Blocking under PVH.
 *
 * SCHEDOP_poll copies its arguments and then one port after the other out of the guest, which for a
 * guest with nested page tables means a walk through both kinds of tables each time. HLT has no
 * arguments, and Xen blocks the vCPU just the same. What it looks at, after it has marked the vCPU
 * as blocked, is whether there is an interrupt that could be taken:
 *
 *   we: nothing is pending      Xen: sets the port's bit      we: HLT, for ever
 *
 * So that this does not happen, an upcall vector is registered, and interrupts are on for just this
 * instruction (upcall.S). Nothing is handled there.
 *
 * The deadline is a timer of Xen's, which sends an event. It is set when that must be earlier than
 * the one that is set already, so that most blocks need no hypercall, and a timer may come for a
 * deadline that is not there any more.
 */
#include "xen/x86_64/pvh.h"

#include <stdint.h>

#include <xen-abi/xen.h>
#include <xen-abi/hvm/hvm_op.h>
#include <xen-abi/hvm/params.h>

#include "arch/x86_64.h"
#include "lib/base/time.h"
#include "xen/clock.h"
#include "xen/evtchn.h"
#include "xen/hypercall.h"

#define CALLBACK_TYPE_SHIFT 56

static bool upcalls;
static int timer_port;        /* 0: not bound */
static uint64_t timer_set_to; /* Xen's system time; 0: it is not set */

void pvh_halt(void);

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

static void timer_came(void *argument)
{
    (void)argument;
    timer_set_to = 0;
    evtchn_unmask(timer_port);
    platform_alarm = true;
}

static bool bind_timer(void)
{
    int port = evtchn_bind_virq(VIRQ_TIMER, timer_came, NULL);

    if (port < 0)
        return false;
    timer_port = port;
    timer_set_to = 0;
    evtchn_unmask(port);
    return true;
}

void pvh_forget_wakeups(void)
{
    upcalls = false;
    timer_port = 0;
}

/*
 * What is more than 13 days ahead Xen takes for an error, and comes in 100 ms: a
 * guest that has nothing to do before that wakes ten times a second.
 */
static bool wake_at(uint64_t deadline)
{
    uint64_t time = clock_to_system_time(deadline);

    if (deadline == DEADLINE_NEVER || (timer_set_to != 0 && timer_set_to <= time))
        return true;
    if (hypercall_set_timer_op(time) != 0)
        return false;
    timer_set_to = time;
    return true;
}

/* Asked for when it is needed: a guest that never blocks boots without. */
static bool have_wakeups(void)
{
    return (upcalls || pvh_ask_for_upcalls() == 0) && (timer_port != 0 || bind_timer());
}

void pvh_block(uint64_t deadline)
{
    if (have_wakeups() && wake_at(deadline))
        pvh_halt();
    else
        evtchn_poll(deadline);
}
