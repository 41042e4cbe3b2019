/* SPDX-License-Identifier: MIT */
/*
 * The handshake: what is done in each state of the backend, the same for all kinds of devices. A
 * step that fails because xenstore is slow or memory short is taken again, later.
 */
#include <errno.h>

#include "lib/base/printk.h"
#include "xenbus_internal.h"

static int offer(struct xenbus_device *device)
{
    return device->driver->offer(device);
}

static int start(struct xenbus_device *device)
{
    return device->driver->start(device);
}

static int close(struct xenbus_device *device)
{
    int error;

    device->driver->close(device);
    error = xenbus_backend_closed(device);
    if (error == 0)
        xenbus_settled(device);
    return error;
}

int xenbus_stop(struct xenbus_device *device)
{
    int error;

    device->driver->stop(device);
    error = xenbus_set_state(device, XenbusStateClosed);
    if (error == 0)
        xenbus_settled(device);
    return error;
}

static int (*const steps[XenbusStateReconfigured + 1])(struct xenbus_device *device) = {
    [XenbusStateUnknown] = close,   [XenbusStateInitWait] = offer,
    [XenbusStateConnected] = start, [XenbusStateClosing] = xenbus_stop,
    [XenbusStateClosed] = close,
};

void xenbus_handshake(struct xenbus_device *device)
{
    int (*step)(struct xenbus_device * device) = steps[device->backend_state];
    int error = step != NULL ? step(device) : 0;

    device->unfinished = error != 0 && xenbus_retry(&device->retry, &device->backend_watch, error);
    if (device->unfinished)
        return;
    xenbus_retry_cancel(&device->retry);
    if (error == 0)
        return;
    printk_limited(&device->log, "xenbus: %s: no connection to %s (state %d): error %d",
                   device->node, device->backend, (int)device->backend_state, -error);
    device->driver->close(device);
    xenbus_set_state(device, XenbusStateClosed);
    xenbus_settled(device);
}
