/* SPDX-License-Identifier: MIT */
/*
 * Between the files of xenbus: the table of devices (xenbus.c), what xenstore says of one
 * (xenbus_backend.c), the steps of the handshake (xenbus_handshake.c), the return of a backend that
 * has closed (xenbus_reopen.c), errors that may pass (xenbus_retry.c), save and restore
 * (xenbus_suspend.c), and the numbers of devices (xenbus_health.c). All in the watch thread.
 */
#ifndef XEN_XENBUS_INTERNAL_H
#define XEN_XENBUS_INTERNAL_H

#include "xen/bus/xenbus.h"

extern struct list xenbus_device_list;

/* Read where the backend is: 0, -EINVAL, or what xenstore answered; nothing changes on error. */
int xenbus_read_backend(struct xenbus_device *device);
/* Have a function called when a device comes, goes, or our state of it changes. */
void xenbus_listen(void (*changed)(void));

/* Find the backend of a device, probe that if it was not yet, and watch its state. */
void xenbus_attach(struct xenbus_device *device);
/* No more watch on the backend's state. */
void xenbus_unwatch(struct xenbus_device *device);

/* Does an error tell what is in xenstore, and not that it has not answered? */
bool xenbus_answered(int error);
/*
 * The backend's state: anything but a number from 1 to 8 counts as unknown, said once. 0, or -errno
 * when xenstore has not answered.
 */
int xenbus_backend_state(struct xenbus_device *device, enum xenbus_state *state);
/*
 * Is what is listed under the device's number now another device? Its nodes may be half written or
 * half removed at this moment: then the next event tells. 1, 0, or -errno as above.
 */
int xenbus_replaced(const struct xenbus_device *device);

/* Do what the backend's state asks for. */
void xenbus_handshake(struct xenbus_device *device);

/*
 * The backend is Closed or gone, and everything of the old connection has been let go. Writes
 * Closed; and while the backend's "online" node says that the device is not being removed,
 * Initialising too, so that a backend which starts again finds us ready. A device that closes again
 * before it was connected for a minute is made ready after 1, 2, 4, … seconds; after the eighth
 * time in a row, only when its backend shows InitWait by itself. 0 or -errno.
 */
int xenbus_backend_closed(struct xenbus_device *device);
void xenbus_reopen_init(struct xenbus_device *device);
/* The time that xenbus_backend_closed() has set has come, perhaps: then go on with it. */
int xenbus_reopen_if_due(struct xenbus_device *device);
void xenbus_reopen_cancel(struct xenbus_device *device);

/*
 * After an error: true when it is one that may pass, and the watch will be called again. cancel:
 * what was tried has succeeded, or is not wanted any more.
 */
#define XENBUS_RETRIES_MAX 8u
void xenbus_retry_init(struct xenbus_retry *retry);
bool xenbus_retry(struct xenbus_retry *retry, struct xenstore_watch *watch, int error);
void xenbus_retry_cancel(struct xenbus_retry *retry);
/* 1, 2, 4, … seconds, 30 at most. */
uint64_t xenbus_delay(unsigned int times);

#endif
