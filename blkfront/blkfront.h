/* SPDX-License-Identifier: MIT */
/*
 * blkfront's own state (<xen-abi/io/blkif.h>): one ring, one event channel, a pool of pages that
 * the backend may always read and write, and a queue of what does not fit the ring.
 *
 * Data is copied between the callers' memory and pool pages: no grant operation per request,
 * nothing that a backend could still write when the caller sees it, any buffer at any address. What
 * goes into a ring slot is a transfer: a piece of one request of lib/block/blockdev.h, or several that
 * are neighbours on the disk.
 *
 * A transfer's life: free -> pending (with the backend) -> free again: the event handler copies
 * what was read, gives back pages and id, and only then tells the requests. When the device breaks,
 * pending transfers are abandoned: their requests get -EIO, while ids and pages stay as they are
 * until the backend answers or the connection ends; only then are the pages given to the grant
 * table, which waits until the backend lets go.
 */
#ifndef BLKFRONT_BLKFRONT_H
#define BLKFRONT_BLKFRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/block/blockdev.h"
#include "lib/sched/sched.h"
#include "xen/bus/frontend.h"
#include "xen/bus/ring.h"
#include "xen/bus/xenbus.h"

#define BLKFRONT_SECTOR 512u       /* the protocol's unit, whatever the disk's sector size */
#define BLKFRONT_SEGMENTS_MAX 512u /* what one indirect page describes */
#define BLKFRONT_POOL_MIN 32u
/* Linux' blkback keeps 1,056 pages of a ring mapped, and maps others for each request. */
#define BLKFRONT_POOL_MAX 1056u
#define BLKFRONT_RING_PAGES_MAX 16u
/*
 * A transfer that takes longer breaks the device. Time is counted in ticks while something is
 * pending, so that no transfer has to read the clock: the limit is up to a tick shorter.
 */
#define BLKFRONT_TIME_LIMIT SECONDS(30)
/* A request in the queue, of which nothing was sent for so long, fails. */
#define BLKFRONT_QUEUE_LIMIT SECONDS(120)
#define BLKFRONT_TICK SECONDS(5)

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

struct blkfront_transfer {
    struct list link;            /* in blkfront.pending; alone: free or abandoned */
    struct block_request *first; /* the first of its requests, which are chained by `next` */
    uint64_t begin;              /* where in the first one it starts */
    uint64_t sampled;            /* when it was sent, if it is timed; otherwise 0 */
    uint64_t length;             /* bytes of the disk */
    unsigned int tick;           /* when it was sent */
    uint16_t id;
    uint16_t first_page;
    uint8_t operation; /* that the response must name */
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
    struct list link; /* all disks that ever were; an id that comes back finds its own */
    bool registered;
    bool ready; /* requests can be made */
    bool broken;
    bool paused;           /* the domain is being saved or was restored: callers wait */
    struct timer patience; /* for the disk to come back after a restore */
    struct frontend_port port;
    struct ring ring;
    void *ring_memory;
    int ring_references[BLKFRONT_RING_PAGES_MAX];
    unsigned int ring_order;
    bool ring_order_told; /* xenstore names several references, now or from before */
    struct ring_ids ids;
    uint16_t *id_next;
    struct blkfront_transfer *transfers;
    struct blkfront_pool pool;
    struct list pending; /* transfers, oldest first */
    struct list queue;   /* runs of requests with something that is not sent yet */
    struct timer ticker; /* runs while transfers are pending, and a tick longer */
    unsigned int ticks;
    struct wait_queue rest; /* a suspend that waits for transfers to end */
    unsigned int segments;  /* of one transfer */
    enum blkfront_flush flush;
    struct block_request last_flush; /* at a suspend */
    int flush_error;                 /* of that one: for whoever flushes next */
};

/* What the backend tells of its disk. */
struct blkfront_properties {
    uint64_t size;
    uint32_t sector_size, physical_sector_size;
    uint32_t info; /* VDISK_* */
    uint32_t discard_granularity, discard_alignment;
    bool discard_secure;
    enum blkfront_flush flush;
    unsigned int segments;
};

/*
 * The files, from the ground up; each calls only those above it in this list.
 *
 * pool.c. Nothing is granted before it is needed. reserve: the number of free pages, up to
 * `wanted`, after growing as far as possible.
 */
int blkfront_pool_create(struct blkfront_pool *pool, uint16_t domain);
void blkfront_pool_destroy(struct blkfront_pool *pool);
unsigned int blkfront_pool_reserve(struct blkfront_pool *pool, unsigned int wanted);
uint16_t blkfront_pool_take(struct blkfront_pool *pool);
void blkfront_pool_put(struct blkfront_pool *pool, uint16_t page);

/*
 * transfer.c. create: a ring of 2^order pages, or of fewer when these are not to be had; 0, or
 * -errno with nothing changed. destroy: nothing is pending any more.
 */
int blkfront_ring_create(struct blkfront *disk, uint16_t domain, unsigned int order);
void blkfront_ring_destroy(struct blkfront *disk);
/*
 * How many bytes a transfer can take now, up to `bytes` rounded up to pages: as many, or fewer when
 * nothing is pending that could give pages back; or -EAGAIN (try when something that is pending has
 * ended), -ENOMEM. 0 bytes: is there an id? 0 or -EAGAIN.
 */
long blkfront_room(struct blkfront *disk, size_t bytes);
/*
 * Write one transfer into the ring, for blkfront_publish(): the next `bytes`, for which there is
 * room, of `first` and the requests behind it. The requests are left as they are. send_flush: 0 or
 * -EAGAIN.
 */
void blkfront_send(struct blkfront *disk, struct block_request *first, size_t bytes);
int blkfront_send_flush(struct blkfront *disk, struct block_request *request, uint8_t operation);
void blkfront_publish(struct blkfront *disk);
/* Of a read that has ended: into the requests' memory. Then the id and the pages are given back. */
void blkfront_copy_out(const struct blkfront_pool *pool, const struct blkfront_transfer *transfer);
void blkfront_release(struct blkfront *disk, const struct blkfront_transfer *transfer);

/*
 * flush.c: start what a flush is with this backend; `pending` of the request counts what was sent.
 * 0, -EAGAIN, or the flush's result.
 */
int blkfront_start_flush(struct blkfront *disk, struct block_request *request);

/*
 * queue.c: from requests to transfers. pump starts what can be started, or fails it if the disk
 * cannot be used. expire: fail what has had no turn for BLKFRONT_QUEUE_LIMIT. end: a transfer that
 * covered `length` bytes, from `begin` of the request on, has ended; callers are told and may begin
 * new requests.
 */
void blkfront_submit(struct block_device *device, struct block_request *request);
void blkfront_kick(struct block_device *device);
void blkfront_pump(struct blkfront *disk);
void blkfront_fail_queue(struct blkfront *disk, int error);
void blkfront_expire(struct blkfront *disk);
void blkfront_end(struct blkfront *disk, struct block_request *request, uint64_t begin,
                  uint64_t length, int error);

/*
 * stop.c. break: the backend has broken a rule. abandon: fail what is pending and what is queued.
 * disconnect: that, and let ring, port and pages go.
 */
void blkfront_break(struct blkfront *disk, const char *what);
void blkfront_abandon(struct blkfront *disk);
void blkfront_disconnect(struct blkfront *disk);

/* response.c: the port's function, and `ticker`'s. */
void blkfront_event(void *argument);
void blkfront_tick(void *argument);

/* suspend.c: xenbus_driver's operations of these names, and the end of a pause. */
void blkfront_suspend(struct xenbus_device *bus);
int blkfront_drain(struct xenbus_device *bus, uint64_t deadline);
void blkfront_cancel(struct xenbus_device *bus);
void blkfront_resume(struct xenbus_device *bus);
void blkfront_unpause(struct blkfront *disk);

/*
 * backend.c: read what the backend tells, which waits for xenstore: 0 or -errno; and make it the
 * disk's.
 */
int blkfront_read_size(const struct blkfront *disk, uint32_t sector_size, uint64_t *size);
int blkfront_read_properties(const struct blkfront *disk, struct blkfront_properties *properties);
void blkfront_set_properties(struct blkfront *disk, const struct blkfront_properties *properties);

/*
 * name.c: the customary name for a virtual device number, "xvda2"; "vbd<number>" for one of no
 * known kind.
 */
void blkfront_name(char *name, size_t size, unsigned int id);

#endif
