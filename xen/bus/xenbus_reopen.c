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
#include "lib/base/printk.h"
#include "xenbus_internal.h"

#define LASTING SECONDS(60) /* a connection that held so long makes the count start over */
#define DELAY_FIRST SECONDS(1)
#define DELAY_MAX SECONDS(30)

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

void xenbus_reopen_if_due(struct xenbus_device *device)
{
    if (!device->reopen_due)
        return;
    device->reopen_due = false;
    xenbus_set_state(device, XenbusStateInitialising);
}

static bool online(const struct xenbus_device *device)
{
    uint64_t value;

    return xenstore_read_number(XENSTORE_NONE, device->backend, "online", 0, 1, &value) == 0 &&
           value == 1;
}

static uint64_t delay_of(unsigned int reopenings)
{
    uint64_t delay = DELAY_FIRST << (reopenings - 1);

    return delay < DELAY_MAX ? delay : DELAY_MAX;
}

void xenbus_backend_closed(struct xenbus_device *device)
{
    if (device->connected_since != 0 && clock_monotonic() - device->connected_since >= LASTING)
        device->reopenings = 0;
    device->connected_since = 0;
    xenbus_set_state(device, XenbusStateClosed);
    if (!online(device))
        return;
    if (device->reopenings == XENBUS_REOPENINGS_MAX) {
        printk_limited(
            &device->log,
            "xenbus: %s has closed too often: it is used again when its backend starts anew",
            device->node);
        return;
    }
    if (device->reopenings++ == 0)
        xenbus_set_state(device, XenbusStateInitialising);
    else
        timer_set(&device->reopen_timer, deadline_after(delay_of(device->reopenings - 1)));
}
