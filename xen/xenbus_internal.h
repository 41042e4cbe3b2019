/* SPDX-License-Identifier: MIT */
/* Between xenbus' files; all in the watch thread. */
#ifndef XEN_XENBUS_INTERNAL_H
#define XEN_XENBUS_INTERNAL_H

#include "xen/xenbus.h"

extern struct list xenbus_device_list;

/* Read where the backend is: 0, -EINVAL, or what xenstore answered. */
int xenbus_read_backend(struct xenbus_device *device);
/* Watch the backend's state: 0 or -errno. */
int xenbus_watch_backend(struct xenbus_device *device);

#endif
