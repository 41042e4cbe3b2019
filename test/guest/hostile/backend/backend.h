/* SPDX-License-Identifier: MIT */
/*
 * A backend in dom0 that lies. It makes a vbd and a vif of its own for a running guest, below
 * /local/domain/0/hostile, where no driver of dom0 looks, connects as a backend does, and then
 * breaks one rule at a time. After each lie the guest must answer on its other devices.
 *
 * Anything unexpected ends the program with one line and status 1; every wait has an end.
 */
#ifndef HOSTILE_BACKEND_H
#define HOSTILE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#define PAGE 4096u

/* States of a device, <xen/io/xenbus.h>. */
enum { INITIALISING = 1, INIT_WAIT, INITIALISED, CONNECTED, CLOSING, CLOSED };

extern struct xs_handle *store;
extern xengnttab_handle *grants;
extern xenevtchn_handle *events;
extern unsigned int guest; /* its number */

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void nap(unsigned int milliseconds);
/* Seconds that a wait may take; since() counts from a start by now(). */
#define PATIENCE 20.0
double now(void);

/* guest.c: the honest devices, and what the guest says. */
void guest_open(const char *address);
/* Start a request and let it be; then its answer, or fail. */
void ask_start(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* True when the answer is there. */
bool ask_answered(char answer[256]);
void ask_wait(char answer[256]);
void ask_expect(const char *wanted);
void ask_expect_within(const char *wanted, double patience);
/* The honest disk can be read and the honest card echoes. */
void check_honest(const char *after);
/* The card alone: also while the guest has not answered what it was asked. */
void check_card(const char *after);
/* What is in use, while our device is there and closed; later, in the same state, it is the same. */
void usage_note(void);
void usage_check(const char *after);

/* device.c: one device of ours. */
struct device {
    const char *type, *name; /* "vbd" or "vif", and what the guest calls it */
    unsigned int id;
    int ports[2]; /* bound, or 0 */
};
/* Paths end in a buffer that the fourth call after reuses. */
const char *front(const struct device *device, const char *node);
const char *back(const struct device *device, const char *node);
void put(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* -1: absent or no number. */
long get(const char *path);
void drop(const char *path);
void device_create(struct device *device);
void device_remove(struct device *device);
/* Removed and created: what can be logged of it is bounded, and is counted anew. */
void device_renew(struct device *device);
/* Show a state; wait until the guest shows one of those in the mask (1 << state). */
void show(const struct device *device, int state);
int wait_front(const struct device *device, unsigned int mask);
/* Close, until the guest has let go, and show InitWait: it offers rings. */
void close_down(struct device *device);
/* Of a node with the guest's port; ring_bell() rings all that were bound. */
void bind_port(struct device *device, const char *node);
void unbind_ports(struct device *device);
void ring_bell(const struct device *device);
void *map(long reference);
void *map_to_read(long reference); /* what the guest grants so */
void unmap(void *page);
/* Pages that follow each other. */
void *map_several(const long *references, unsigned int count);
void unmap_several(void *pages, unsigned int count);

/* Each plays its list and returns how many of the lies broke the device. */
unsigned int lie_as_disk(struct device *disk);
unsigned int lie_as_card(struct device *card);
/* Answers without an event, as if it were lost: the guest finds them by itself, in time. */
void be_silent_as_disk(struct device *disk);
void be_silent_as_card(struct device *card);

#endif
