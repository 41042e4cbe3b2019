/* SPDX-License-Identifier: MIT */
/* The sysrq command that lists devices. */
#include <stdint.h>

#include "lib/base/printk.h"
#include "lib/base/sysrq.h"
#include "xen/bus/xenbus.h"

#define DESCRIPTION_MAX 240

static void print_device(struct xenbus_device *device)
{
    char description[DESCRIPTION_MAX] = "";

    if (device->private_data && device->driver->describe)
        device->driver->describe(device, description, sizeof(description));
    printk_wait("%s: state %d, backend of domain %u in state %d%s%s", device->node,
                (int)device->state, device->backend_domain, (int)device->backend_state,
                description[0] ? "; " : "", description);
}

static void print_devices(void)
{
    xenbus_for_each(print_device);
}
SYSRQ_COMMAND('d', "devices", print_devices);
