/* SPDX-License-Identifier: MIT */
/*
 * Xenbus: finds the frontends' directories (device/<type>/<id>), and walks each device through its
 * states (<xen-abi/io/xenbus.h>) beside its backend.
 *
 * All driver callbacks run one after the other in xenstore's watch thread. A callback is called
 * when something changed, and devices proceed side by side because none waits for a backend inside
 * of a callback: a callback may use xenstore, and should not wait for anything else. Only images
 * with a driver contain this room.
 */
#ifndef XEN_BUS_XENBUS_H
#define XEN_BUS_XENBUS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/xen.h>
#include <xen-abi/io/xenbus.h>

#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "xen/bus/xenstore.h"

#define XENBUS_NODE_MAX 64
#define XENBUS_BACKEND_MAX 128
#define XENBUS_REOPENINGS_MAX 8

struct xenbus_driver;

struct xenbus_device {
    const struct xenbus_driver *driver;
    char node[XENBUS_NODE_MAX];       /* "device/vbd/51712" */
    unsigned int id;                  /* 51712 */
    char backend[XENBUS_BACKEND_MAX]; /* "/local/domain/0/backend/vbd/1/51712" */
    uint16_t backend_domain;
    enum xenbus_state state;          /* ours, as last written */
    enum xenbus_state backend_state;  /* as last seen */
    void *private_data;               /* the driver's */
    struct log_limit log;             /* for lines that the backend can cause */
    struct list link;                 /* from here on xenbus' own */
    struct xenstore_watch backend_watch;
    char backend_state_path[XENBUS_BACKEND_MAX + 8];
    struct timer reopen_timer;        /* see xenbus_backend_closed() */
    uint64_t connected_since;
    unsigned int reopenings;
    bool reopen_due;
    bool ignored;                     /* the probe failed: kept only to be named and removed */
    bool settled;
    bool bad_state_reported;
};

/*
 * A driver. probe: a device has appeared; allocate private_data; 0 or -errno (the device is then
 * left alone). backend_changed: the backend's state is now device->backend_state
 * (XenbusStateUnknown: gone, or no valid number); states that followed each other quickly are seen
 * as one. backend_again, may be NULL: it has written the same state again, which is how Linux'
 * blkback says that something else has changed (called also when nothing has). remove: let
 * everything go, device->private_data included; the device struct is freed after it; must accept
 * what a failed probe left. describe: one line on the state of the ring, for people.
 *
 * The domain is saved (lib/base/suspend.h), all four may be NULL. suspend: start nothing more, do not
 * block. drain: wait until nothing is under way that the backend would still do, or whose result
 * is not where it belongs; 0, or -errno at the deadline. cancel: go on. resume: this is a new
 * domain; forget ring and port, whose grants and number are void, without use of xenstore; then
 * backend_changed is called with the states of the new backend, at its new path.
 */
struct xenbus_driver {
    const char *type; /* "vbd", "vif" */
    int (*probe)(struct xenbus_device *device);
    void (*backend_changed)(struct xenbus_device *device);
    void (*backend_again)(struct xenbus_device *device);
    void (*remove)(struct xenbus_device *device);
    void (*suspend)(struct xenbus_device *device);
    int (*drain)(struct xenbus_device *device, uint64_t deadline);
    void (*cancel)(struct xenbus_device *device);
    void (*resume)(struct xenbus_device *device);
    void (*describe)(const struct xenbus_device *device, char *line, size_t size);
};

/* Put a driver into the image's table of drivers. */
#define XENBUS_DRIVER(name) \
    static const struct xenbus_driver *const name##_entry \
        __attribute__((used, section(".xenbus_drivers"))) = &(name)

/*
 * Look for devices from now on. Called once at boot, before or after xenstore_init(); does not
 * wait: the watch thread does the work. xen/bus/xenbus_boot.c calls this and the wait below.
 */
void xenbus_init(void);

/*
 * Write our state to xenstore, if it is another than before. Driver callbacks and threads. 0 or
 * -errno.
 */
int xenbus_set_state(struct xenbus_device *device, enum xenbus_state state);

/*
 * Have the driver's backend_again (or backend_changed, if it has) called in the watch thread, soon:
 * for what has to be written to xenstore where one cannot wait for it. Any context.
 */
void xenbus_again(struct xenbus_device *device);

/*
 * For a driver's backend_changed: the backend is Closed or gone, and everything of the old
 * connection has been let go. Writes Closed; and while the backend's "online" node says that the
 * device is not being removed, Initialising too, so that a backend which starts again finds us
 * ready. A device that closes again before it was connected for a minute is made ready after 1, 2,
 * 4, … seconds; after the eighth time in a row, only when its backend shows InitWait by itself.
 */
void xenbus_backend_closed(struct xenbus_device *device);

/*
 * Boot waits with this, once: until each device found so far is connected or has failed, at the
 * latest at the deadline. Returns the number of devices that are not connected; each was named in
 * one log line. A driver calls xenbus_settled() when a device has come up or is given up. Threads.
 */
unsigned int xenbus_wait_settled(uint64_t deadline);
void xenbus_settled(struct xenbus_device *device);

/* Devices known now, and each of them by its place, below that number. In the watch thread. */
unsigned int xenbus_devices(void);
const struct xenbus_device *xenbus_device_at(unsigned int index);

#endif
