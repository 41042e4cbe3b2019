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

/* What failed for a reason that may pass is tried again: xenbus' own. */
struct xenbus_retry {
    struct timer timer;
    struct xenstore_watch *watch; /* whose callback tries */
    unsigned int count;
};

struct xenbus_device {
    const struct xenbus_driver *driver;
    char node[XENBUS_NODE_MAX];       /* "device/vbd/51712" */
    unsigned int id;                  /* 51712 */
    char backend[XENBUS_BACKEND_MAX]; /* "/local/domain/0/backend/vbd/1/51712" */
    uint16_t backend_domain;
    enum xenbus_state state;         /* ours, as last written */
    enum xenbus_state backend_state; /* as last seen */
    void *private_data;              /* the driver's */
    struct log_limit log;            /* for lines that the backend can cause */
    struct list link;                /* from here on xenbus' own */
    struct xenbus_device *next_in_bucket;
    struct xenstore_watch backend_watch;
    char backend_state_path[XENBUS_BACKEND_MAX + 8];
    struct timer reopen_timer; /* for a backend that closes again and again */
    uint64_t connected_since;
    unsigned int reopenings;
    bool reopen_due;
    struct xenbus_retry retry;
    unsigned int listed; /* in which search for devices, the last time */
    bool probed;         /* the driver has taken it */
    bool watched;        /* backend_watch is registered */
    bool lost;           /* xenstore has not told of it: tried again later */
    bool unfinished;     /* a step of the handshake is to be taken again */
    bool settled;
    bool bad_state_reported;
};

/*
 * A driver. probe: a device has appeared; allocate private_data; 0 or -errno (the device is then
 * left alone). remove: let everything go, device->private_data included; the device struct is freed
 * after it; must accept what a failed probe left. describe: one line on the state of the ring, for
 * people.
 *
 * The handshake: what the backend's state, device->backend_state, asks for. States that followed
 * each other quickly are seen as one. Any step may come at any time, and again.
 *
 *     offer  InitWait          the backend waits for our rings: make them, tell of them, and write
 *                              our state; 0 also when it has them already
 *     start  Connected         the backend uses the rings: xenbus_settled()
 *     stop   Closing           nothing more is asked of it, callers get errors; what is granted
 *                              stays. xenbus then writes Closed
 *     close  Closed, Unknown   (gone, or no valid number) let everything of the connection go.
 *                              xenbus then writes Closed, and waits for the backend to start again
 *
 * offer and start return 0 or -errno. An error of xenstore's lateness or for lack of memory has the
 * step taken again later; after any other one, close is called, and our state is Closed.
 *
 * backend_again, may be NULL: the backend has written the same state again, which is how Linux'
 * blkback says that something else has changed (called also when nothing has). 0 or -errno, as
 * above.
 *
 * The domain is saved (lib/base/suspend.h), all four may be NULL. suspend: start nothing more, do not
 * block. drain: wait until nothing is under way that the backend would still do, or whose result
 * is not where it belongs; 0, or -errno at the deadline. cancel: go on. resume: this is a new
 * domain; forget ring and port, whose grants and number are void, without use of xenstore; then
 * the handshake begins with the new backend, at its new path.
 */
struct xenbus_driver {
    const char *type; /* "vbd", "vif" */
    int (*probe)(struct xenbus_device *device);
    int (*offer)(struct xenbus_device *device);
    int (*start)(struct xenbus_device *device);
    void (*stop)(struct xenbus_device *device);
    void (*close)(struct xenbus_device *device);
    int (*backend_again)(struct xenbus_device *device);
    void (*remove)(struct xenbus_device *device);
    void (*suspend)(struct xenbus_device *device);
    int (*drain)(struct xenbus_device *device, uint64_t deadline);
    void (*cancel)(struct xenbus_device *device);
    void (*resume)(struct xenbus_device *device);
    void (*describe)(const struct xenbus_device *device, char *line, size_t size);
};

/* Put a driver into the image's table of drivers. */
#define XENBUS_DRIVER(name)                               \
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
 * Have the driver's backend_again (or the handshake's next step) called in the watch thread, soon:
 * for what has to be written to xenstore where one cannot wait for it. Any context.
 */
void xenbus_again(struct xenbus_device *device);

/*
 * As if the backend had asked for the end: for a driver that finds its rings broken in offer. 0 or
 * -errno, for offer to return.
 */
int xenbus_stop(struct xenbus_device *device);

/*
 * Boot waits with this, once: until each device found so far is connected or has failed, at the
 * latest at the deadline. Returns the number of devices that are not connected; each was named in
 * one log line. A driver calls xenbus_settled() when a device has come up or is given up. Threads.
 */
unsigned int xenbus_wait_settled(uint64_t deadline);
void xenbus_settled(struct xenbus_device *device);

/* Devices known now, and each of them. In the watch thread. */
unsigned int xenbus_devices(void);
void xenbus_for_each(void (*visit)(struct xenbus_device *device));

#endif
