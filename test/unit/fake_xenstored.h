/* SPDX-License-Identifier: MIT */
/*
 * A small xenstored at the other end of a ring page: nodes, transactions that conflict, watches.
 * It speaks the protocol properly, unless a test tells it to lie.
 */
#ifndef TEST_FAKE_XENSTORED_H
#define TEST_FAKE_XENSTORED_H

#include <stdbool.h>
#include <stdint.h>

#include <xen-abi/io/xs_wire.h>

#define STORE_PORT 3u

/* How to lie, once, with the next answer. */
enum store_lie {
    STORE_HONEST,
    STORE_WRONG_ID, /* an id that was never used */
    STORE_WRONG_TYPE,
    STORE_TOO_LONG,       /* a header that announces 4097 bytes */
    STORE_TWICE,          /* the same answer again */
    STORE_BAD_EVENT,      /* a watch event without a token */
    STORE_PRODUCER_AHEAD, /* a response producer beyond the ring */
    STORE_PRODUCER_BACK,
    STORE_CONSUMER_AHEAD, /* a request consumer beyond what was sent */
    STORE_CONSUMER_BACK,
    STORE_LIES /* their number */
};

struct store_options {
    enum store_lie lie;
    bool silent;            /* takes requests, keeps the answers */
    bool deaf;              /* does not even take requests */
    bool shuffle;           /* answers in any order */
    unsigned int conflicts; /* so many commits fail with EAGAIN first */
    bool careless;          /* garbage from the client ends the conversation, not the test */
    unsigned int chunk;     /* at most so many bytes a step; 0: no limit */
};

extern struct store_options store_options;
extern struct xenstore_domain_interface store_ring;

/* One step: for fake_backend. */
bool store_step(void);

/* Looking and writing from the other side; writing fires watches. NULL: no such node. */
const char *store_get(const char *path);
void store_set(const char *path, const char *value);
void store_delete(const char *path);
unsigned int store_watch_count(void);
/* The domain is restored: an empty ring, no watches, transactions, requests; the nodes stay. */
void store_restore(void);
/* Requests taken so far. */
extern unsigned int store_requests;

#endif
