/* SPDX-License-Identifier: MIT */
/*
 * What frontends need beside xen_fakes.h: grants, ports for the asking, timers, a small xenstore,
 * and a toolstack's view of one device.
 */
#ifndef TEST_XEN_DRIVER_FAKES_H
#define TEST_XEN_DRIVER_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/bus/xenbus.h"

/*
 * The page behind a reference as the backend sees it: NULL when it is not granted, or read-only and
 * `write` asked for.
 */
void *fake_grant_page(uint32_t reference, bool write);
/* While set, the backend holds every page that is granted: none can be revoked. */
extern bool fake_backend_holds;
/* The backend lets go of all pages that were set aside. */
void fake_release_held(void);
/* Grants that can still be made; -1: any number. */
extern int fake_grants_left;
/* What gnttab_limit() tells. */
extern unsigned int fake_grant_limit;
/* All memory, in pages, as pages_total() tells. */
extern size_t fake_memory;

/*
 * Run the timers that are due at `now + ns`, as if that time had come; the number run. Timers also
 * run by themselves when all threads wait until then.
 */
unsigned int fake_timers_run(uint64_t ns);
/* Deadline of the next timer, relative to now; UINT64_MAX: none. */
uint64_t fake_timer_next(void);

/*
 * xenstore: set, also to bytes with a NUL among them, read back (NULL: absent), drop everything. The
 * nth write from now fails: 0 means none.
 */
void fake_store_set(const char *path, const char *value);
void fake_store_set_bytes(const char *path, const void *value, size_t length);
const char *fake_store_get(const char *path);
void fake_store_clear(void);
extern unsigned int fake_store_fail_write;
extern unsigned int fake_store_fail_read; /* of a number; likewise */
extern int fake_store_error;              /* of these: -EIO, unless it is set */
/* Called in each read of a number and each write, as if others ran while it sleeps. NULL: none. */
extern void (*fake_store_hook)(void);

/* A device with its directories; the backend's state is then moved with fake_backend_state(). */
void fake_device(struct xenbus_device *device, const struct xenbus_driver *driver, const char *type,
                 unsigned int id);
void fake_backend_state(struct xenbus_device *device, enum xenbus_state state);
/* Values below the device's own and below its backend's directory. */
void fake_frontend_node(const struct xenbus_device *device, const char *node, const char *value);
void fake_backend_node(const struct xenbus_device *device, const char *node, const char *value);
/* A number that the frontend wrote; fails the test when it is absent. */
uint32_t fake_frontend_number(const struct xenbus_device *device, const char *node);
extern unsigned int fake_settled;
/* Calls of xenbus_again(), and xenstore_watch_again(): the test makes the one that was asked for, itself. */
extern unsigned int fake_again;

#endif
