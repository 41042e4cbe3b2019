/* SPDX-License-Identifier: MIT */
/*
 * The return of a backend that has closed.
 *
 * A backend closes for two reasons. The toolstack removes the device: then "online" is 0 in the
 * backend's directory, in the same transaction that asks for the end, and we stay Closed. Or the
 * driver behind it goes (unloaded, unbound, restarted) and may return: then we wait for it in the
 * state Initialising, which a backend in state Closed takes as a request to start over.
 *
 * A backend that closes again and again would otherwise keep both sides busy: each time but the
 * first, we wait longer. The timer cannot use xenstore; it has the backend's watch called again.
 */
#include <errno.h>

#include "lib/base/printk.h"
#include "xenbus_internal.h"

#define LASTING SECONDS(60) /* a connection that held so long makes the count start over */

static void due(void *argument)
{
    struct xenbus_device *device = argument;

    device->reopen_due = true;
    xenstore_watch_again(&device->backend_watch);
}

void xenbus_reopen_init(struct xenbus_device *device)
{
    timer_init(&device->reopen_timer, due, device);
}

void xenbus_reopen_cancel(struct xenbus_device *device)
{
    timer_cancel(&device->reopen_timer);
    device->reopen_due = false;
}

int xenbus_reopen_if_due(struct xenbus_device *device)
{
    int error;

    if (!device->reopen_due)
        return 0;
    error = xenbus_set_state(device, XenbusStateInitialising);
    device->reopen_due = error != 0;
    return error;
}

/* 1, 0, or -errno when xenstore has not answered. */
static int online(const struct xenbus_device *device)
{
    uint64_t value;
    int error = xenstore_read_number(XENSTORE_NONE, device->backend, "online", 0, 1, &value);

    if (error == 0)
        return value == 1;
    return xenbus_answered(error) ? 0 : error;
}

int xenbus_backend_closed(struct xenbus_device *device)
{
    int error = xenbus_set_state(device, XenbusStateClosed), stays = 0;

    if (error == 0)
        error = stays = online(device);
    if (stays != 1)
        return error;
    if (device->connected_since != 0 && clock_monotonic() - device->connected_since >= LASTING)
        device->reopenings = 0;
    device->connected_since = 0;
    if (device->reopenings == XENBUS_REOPENINGS_MAX) {
        printk_limited(
            &device->log,
            "xenbus: %s has closed too often: it is used again when its backend starts anew",
            device->node);
        return 0;
    }
    if (device->reopenings++ == 0)
        return xenbus_set_state(device, XenbusStateInitialising);
    timer_set(&device->reopen_timer, deadline_after(xenbus_delay(device->reopenings - 2)));
    return 0;
}
