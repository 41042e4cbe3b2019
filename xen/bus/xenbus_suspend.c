/* SPDX-License-Identifier: MIT */
/*
 * Devices when the domain is saved and restored. In a new domain each has a new backend, whose
 * path is read again; one that is not there any more is left to the search for devices, which the
 * new watch on "device" starts, and which removes it.
 */
#include "lib/base/printk.h"
#include "lib/base/suspend.h"
#include "xenbus_internal.h"

static void suspend_device(struct xenbus_device *device)
{
    if (device->probed && device->driver->suspend)
        device->driver->suspend(device);
}

static void cancel_device(struct xenbus_device *device)
{
    if (device->probed && device->driver->cancel)
        device->driver->cancel(device);
}

static void forget_device(struct xenbus_device *device)
{
    if (device->probed && device->driver->resume)
        device->driver->resume(device);
}

static int drain(uint64_t deadline)
{
    struct list *node, *next;

    list_for_each (node, next, &xenbus_device_list) {
        struct xenbus_device *device = container_of(node, struct xenbus_device, link);
        int error = 0;

        if (device->probed && device->driver->drain)
            error = device->driver->drain(device, deadline);
        if (error != 0) {
            printk("xenbus: %s does not come to rest: %d", device->node, error);
            return error;
        }
    }
    return 0;
}

static void find_backend(struct xenbus_device *device)
{
    /* The watch is not registered in this domain yet: that is still to be done, with a new path. */
    xenbus_reopen_cancel(device);
    xenbus_retry_cancel(&device->retry);
    xenbus_unwatch(device);
    device->state = device->backend_state = XenbusStateUnknown;
    device->bad_state_reported = device->unfinished = false;
    xenbus_attach(device);
}

static int prepare(uint64_t deadline)
{
    xenbus_for_each(suspend_device);
    return drain(deadline);
}

static void cancel(void)
{
    xenbus_for_each(cancel_device);
}

static void forget(void)
{
    xenbus_for_each(forget_device);
}

static void resume(void)
{
    xenbus_for_each(find_backend);
}

static const struct suspend_hooks xenbus_hooks = {
    .prepare = prepare,
    .cancel = cancel,
    .forget = forget,
    .resume = resume,
};
SUSPEND_HOOKS(xenbus, xenbus_hooks);
