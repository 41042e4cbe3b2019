/* SPDX-License-Identifier: MIT */
/*
 * Xenbus at boot: the search for devices stands ready before xenstore comes up, so that devices
 * connect while the rest of boot goes on; what needs devices comes after the wait, which has an
 * end.
 */
#include "lib/base/init.h"
#include "lib/sched/sched.h"
#include "xen/bus/xenbus.h"

/* What a backend may take to connect; hotplug scripts of a busy host take seconds. */
#define BOOT_PATIENCE SECONDS(10)

static void wait_for_devices(void)
{
    xenbus_wait_settled(deadline_after(BOOT_PATIENCE));
}

INITCALL(xenbus, xenbus_init);
INITCALL(devices, wait_for_devices);
