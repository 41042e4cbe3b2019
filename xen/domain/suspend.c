/* SPDX-License-Identifier: MIT */
/*
 * Saving, restoring and migrating the domain.
 *
 * Threads are not stopped: they do not preempt each other, so that whoever does not run stands at a
 * point where it blocks, and stays there while the hypercall is out. What must be brought to rest
 * is what others do for us: devices' requests, requests to xenstore, output that the console's
 * reader has not taken. Each room refuses new ones first and waits for the old ones then, so that
 * what is at rest stays so while the next is waited for.
 *
 * In the new domain all event channels and grants are void. Nobody may close a port by its old
 * number once new ones are bound: so everything is forgotten first, console and xenstore come up
 * next, and the rooms connect anew last. clock_monotonic() goes on from where it was.
 */
#include "xen/domain/suspend.h"

#include <errno.h>
#include <stdint.h>

#include "xen/clock.h"
#include "xen/platform.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "lib/base/suspend.h"
#include "xen/bus/console.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "xen/bus/xenstore.h"

/*
 * The toolstack waits for a minute and then forgets its request: a domain that stopped after that
 * would stand still for ever.
 */
#define PATIENCE SECONDS(50)
#define ROOMS_PATIENCE SECONDS(40)
#define XENSTORE_PATIENCE SECONDS(5)
#define CONSOLE_PATIENCE SECONDS(1)

extern const struct suspend_hooks *const suspend_hooks_start[], *const suspend_hooks_end[];

#define for_each_hook(hook)                                                                       \
    for (const struct suspend_hooks *const *hook = suspend_hooks_start; hook < suspend_hooks_end; \
         hook++)

static int prepare(void)
{
    uint64_t rooms = deadline_after(ROOMS_PATIENCE), deadline = deadline_after(PATIENCE);
    int error = 0;

    for_each_hook (hook)
        if ((*hook)->prepare && error == 0)
            error = (*hook)->prepare(rooms);
    if (error != 0)
        return error;
    xenstore_suspend(deadline_after(XENSTORE_PATIENCE));
    console_flush(deadline_after(CONSOLE_PATIENCE));
    return clock_monotonic() < deadline ? 0 : -ETIMEDOUT;
}

static void leave(void)
{
    for_each_hook (hook)
        if ((*hook)->leave)
            (*hook)->leave();
}

static void cancel(void)
{
    xenstore_suspend_cancel();
    for_each_hook (hook)
        if ((*hook)->cancel)
            (*hook)->cancel();
}

static void resume(const struct platform_rings *rings, uint64_t monotonic)
{
    int grants, xenstore;

    clock_resume(monotonic);
    evtchn_forget_all();
    grants = gnttab_resume ? gnttab_resume() : 0;
    for_each_hook (hook)
        if ((*hook)->forget)
            (*hook)->forget();
    console_resume(rings->console, rings->console_port);
    printk("suspend: restored");
    if (grants != 0)
        panic("suspend: this host gives fewer grant frames than are in use (error %d)", grants);
    xenstore = xenstore_resume(rings->xenstore, rings->xenstore_port);
    if (xenstore != 0)
        printk("suspend: no xenstore here (error %d): no devices, no xl shutdown", xenstore);
    for_each_hook (hook)
        if ((*hook)->resume)
            (*hook)->resume();
}

void domain_suspend(void)
{
    struct platform_rings rings;
    uint64_t monotonic;
    int result;

    printk("suspend: the toolstack wants to save this domain");
    result = prepare();
    if (result != 0) {
        printk("suspend: not possible now (error %d): going on", -result);
        cancel();
        return;
    }
    leave();
    monotonic = clock_monotonic();
    result = platform_suspend(&rings);
    if (result == 0) {
        resume(&rings, monotonic);
        return;
    }
    cancel();
    if (result > 0)
        printk("suspend: cancelled by the toolstack: going on");
    else
        printk("suspend: Xen refuses (error %d): going on", -result);
}
