/* SPDX-License-Identifier: MIT */
/*
 * blkfront's own state (<xen-abi/io/blkif.h>): one ring, one event channel, a pool of pages that
 * the backend may always read and write.
 *
 * Data is copied between the caller's memory and pool pages: no grant operation per request,
 * nothing that a backend could still write when the caller sees it, any buffer at any address. A
 * caller's transfer is a batch of requests, all in flight at once as far as ids and pages go.
 *
 * A request's life: free -> pending (with the backend) -> finished (its response is in) ->
 * collected by its caller, which copies the data, gives back the pages and frees the id. When the
 * device breaks, pending requests are abandoned: the caller gets -EIO and leaves, while ids and
 * pages stay as they are until the connection ends; only then are the pages given to the grant
 * table, which waits until the backend lets go.
 */
#ifndef BLKFRONT_BLKFRONT_H
#define BLKFRONT_BLKFRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/blockdev.h"
#include "lib/sched.h"
#include "xen/frontend.h"
#include "xen/ring.h"
#include "xen/xenbus.h"

#define BLKFRONT_SECTOR 512u /* the protocol's unit, whatever the disk's sector size */
#define BLKFRONT_SEGMENTS_MAX 64u
#define BLKFRONT_POOL_MIN 32u
#define BLKFRONT_POOL_MAX 352u
/* A request that takes longer breaks the device. */
#define BLKFRONT_TIME_LIMIT SECONDS(30)

/* Granted pages; those free and those of one request are chained by `next`. */
#define BLKFRONT_NO_PAGE 0xffffu

struct blkfront_page {
    uint8_t *data;
    int reference;
    uint16_t next;
};

struct blkfront_pool {
    struct blkfront_page *pages;
    unsigned int limit, count, unused;
    uint16_t first;
    uint16_t domain;
};

/* A transfer under way; it lives on its caller's stack. */
struct blkfront_batch {
    struct wait_queue queue;
    struct list pending;      /* oldest first */
    struct list finished;
    unsigned int outstanding; /* in both lists */
    int error;                /* the first */
    bool in_pause;            /* made while other callers wait */
};

struct blkfront_request {
    struct list link;             /* in the batch's pending or finished list */
    struct blkfront_batch *batch; /* NULL: free or abandoned */
    uint64_t deadline;
    uint8_t *target;              /* where a read's data goes; NULL for others */
    size_t length;
    uint16_t id;
    uint16_t first_page;
    uint8_t operation;            /* that the response must name */
};

enum blkfront_flush {
    BLKFRONT_FLUSH_UNSUPPORTED, /* the backend knows no such request */
    BLKFRONT_FLUSH_NOT_NEEDED,  /* it knows, and says that there is no volatile cache */
    BLKFRONT_FLUSH_CACHE,
    BLKFRONT_FLUSH_BARRIER,
};

struct blkfront {
    struct block_device block;
    struct xenbus_device *bus; /* NULL: detached */
    unsigned int id;
    struct list link;          /* all disks that ever were; an id that comes back finds its own */
    bool registered;
    bool ready;                /* requests can be made */
    bool broken;
    bool paused;               /* the domain is being saved or was restored: callers wait */
    struct timer patience;     /* for the disk to come back after a restore */
    struct frontend_port port;
    struct ring ring;
    void *ring_memory;
    int ring_reference;
    struct ring_ids ids;
    uint16_t *id_next;
    struct blkfront_request *requests;
    struct blkfront_pool pool;
    struct wait_queue space;   /* callers with nothing in flight who wait for ids or pages, or for
                                  the end of a pause; a suspend that waits for requests to end */
    unsigned int starved;      /* how many */
    unsigned int segments;     /* of one request */
    enum blkfront_flush flush;
};

/*
 * pool.c. Nothing is granted before it is needed. reserve: the number of free pages, up to
 * `wanted`, after growing as far as possible.
 */
int blkfront_pool_create(struct blkfront_pool *pool, uint16_t domain);
void blkfront_pool_destroy(struct blkfront_pool *pool);
unsigned int blkfront_pool_reserve(struct blkfront_pool *pool, unsigned int wanted);
uint16_t blkfront_pool_take(struct blkfront_pool *pool);
void blkfront_pool_put(struct blkfront_pool *pool, uint16_t page);

/*
 * ring.c: requests and responses. create: 0, or -errno with nothing changed; destroy fails what is
 * in flight with -EIO.
 */
int blkfront_ring_create(struct blkfront *disk, uint16_t domain);
void blkfront_ring_destroy(struct blkfront *disk);
void blkfront_event(void *argument);
void blkfront_break(struct blkfront *disk, const char *what);
/* Fail what is in flight. */
void blkfront_abandon(struct blkfront *disk);
void blkfront_batch_init(struct blkfront_batch *batch);
/*
 * Start one request of the batch: the number of bytes it covers, or -EAGAIN (wait), -ENOMEM, -EIO,
 * -ENODEV. start_flush: 0 or the same.
 */
long blkfront_start(struct blkfront *disk, struct blkfront_batch *batch, uint8_t operation,
                    uint64_t offset, uint8_t *data, size_t length);
int blkfront_start_flush(struct blkfront *disk, struct blkfront_batch *batch, uint8_t operation);
/* Copy out and release what is finished. */
void blkfront_collect(struct blkfront *disk, struct blkfront_batch *batch);
/*
 * Sleep until something of the batch is finished, or, with nothing in flight, until others gave
 * back ids or pages.
 */
void blkfront_wait(struct blkfront *disk, struct blkfront_batch *batch);

/* xenbus.c: let ring, port and pages go, and callers with what they have in flight. */
void blkfront_disconnect(struct blkfront *disk);

/* suspend.c: xenbus_driver's operations of these names, and the end of a pause. */
void blkfront_suspend(struct xenbus_device *bus);
int blkfront_drain(struct xenbus_device *bus, uint64_t deadline);
void blkfront_cancel(struct xenbus_device *bus);
void blkfront_resume(struct xenbus_device *bus);
void blkfront_unpause(struct blkfront *disk);

/*
 * disk.c: the operations of lib/blockdev.h; and flush by itself, in a pause too. Only the others
 * wait for its end.
 */
int blkfront_flush(struct blkfront *disk, bool in_pause);
extern const struct block_operations blkfront_operations;

/*
 * name.c: the customary name for a virtual device number, "xvda2"; "vbd<number>" for one of no
 * known kind.
 */
void blkfront_name(char *name, size_t size, unsigned int id);

#endif
