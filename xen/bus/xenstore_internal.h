/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the xenstore client: requests (xenstore.c), calls (xenstore_calls.c),
 * watches (xenstore_watch.c).
 */
#ifndef XEN_XENSTORE_INTERNAL_H
#define XEN_XENSTORE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "xen/bus/xenstore.h"
#include "xenstore_wire.h"

/* A piece of a request's payload: anywhere in memory, read before xenstore_request() returns. */
struct xenstore_piece {
    const void *data;
    size_t length;
};

/*
 * The payload of an answer. Short ones lie in the struct itself, long ones in a page of their own.
 */
struct xenstore_reply {
    char *data; /* NUL behind the last byte */
    size_t length;
    uint32_t restores; /* how often the domain had been restored when the answer came */
    void *page;
    char small[64];
};

/*
 * Send a request and wait for its answer, as described in xen/bus/xenstore.h. On success the reply
 * must be given to xenstore_reply_free(); on failure there is none. `reply` may be NULL when its
 * contents do not matter. Threads only.
 */
int xenstore_request(enum xsd_sockmsg_type type, xenstore_transaction transaction,
                     const struct xenstore_piece *pieces, unsigned int count,
                     struct xenstore_reply *reply);
void xenstore_reply_free(struct xenstore_reply *reply);

/* Start the watch thread: 0 or -ENOMEM. */
int xenstore_watch_start(void);

/* In a new domain, where no watch is registered: have the watch thread register them all. */
void xenstore_watch_resume(void);

/* A watch event has come (scheduler context): queue it. */
void xenstore_watch_event(const char *path, uint32_t token);

#endif
