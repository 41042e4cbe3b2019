/* SPDX-License-Identifier: MIT */
/*
 * Between the files of xenbus: the table of devices (xenbus.c), what xenstore says of one
 * (xenbus_backend.c), the return of a backend that has closed (xenbus_reopen.c), save and restore
 * (xenbus_suspend.c), and the numbers of devices (xenbus_health.c). All in the watch thread.
 */
#ifndef XEN_XENBUS_INTERNAL_H
#define XEN_XENBUS_INTERNAL_H

#include "xen/bus/xenbus.h"

extern struct list xenbus_device_list;

/* Read where the backend is: 0, -EINVAL, or what xenstore answered. */
int xenbus_read_backend(struct xenbus_device *device);
/* Have a function called when a device comes, goes, or our state of it changes. */
void xenbus_listen(void (*changed)(void));

/* Watch the backend's state: 0 or -errno. */
int xenbus_watch_backend(struct xenbus_device *device);
/* The backend's state: anything but a number from 1 to 8 counts as unknown, said once. */
enum xenbus_state xenbus_backend_state(struct xenbus_device *device);
/*
 * Is what is listed under the device's number now another device? Its nodes may be half written or
 * half removed at this moment: then the next event tells.
 */
bool xenbus_replaced(const struct xenbus_device *device);

void xenbus_reopen_init(struct xenbus_device *device);
/* The time that xenbus_backend_closed() has set has come, perhaps: then go on with it. */
void xenbus_reopen_if_due(struct xenbus_device *device);
void xenbus_reopen_cancel(struct xenbus_device *device);

#endif
