/* SPDX-License-Identifier: MIT */
/*
 * Block devices as filesystems and applications see them: "blocks in, blocks out".
 *
 * A provider (blkfront; an image in memory) fills in a struct block_device and registers it; it
 * stays registered for the life of the guest. A device that went away answers -EIO (broken) or
 * -ENODEV (detached).
 */
#ifndef LIB_BLOCK_BLOCKDEV_H
#define LIB_BLOCK_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/base/list.h"

struct block_device;
struct page_mapping;

/*
 * A request that nobody waits for. The caller fills in the first part and owns struct, vector and
 * memory, which stay as they are until `done` is called, exactly once; then they are the caller's
 * again, and may be used for the next request in `done` itself. Requests under way at the same time
 * are done in any order: what must come after a write is submitted when that is done.
 *
 * `done` is called in an event handler, in the thread that submits (before block_submit() returns)
 * or in the one that moves devices: it may wake threads and submit, and must not block.
 */
enum block_operation {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,          /* all writes done before it was submitted are on stable storage */
    BLOCK_DISCARD,        /* the range is not needed any more: what it reads as is up to the disk */
    BLOCK_DISCARD_SECURE, /* and no trace of it is left */
    BLOCK_OPERATIONS,
};

struct block_request {
    enum block_operation operation;
    uint64_t offset;            /* both are multiples of the sector size, and so is each part */
    uint64_t length;            /* of the vector; a flush has neither offset nor length */
    const struct iovec *vector; /* the memory, in the order of the data; reads and writes only */
    void (*done)(struct block_request *request);
    void *argument; /* the caller's */
    int result;     /* for `done`: 0, or the first error; data may then be incomplete */

    /* The provider's. */
    struct list link;           /* in its queue, the first of a run stands for all */
    struct block_request *next; /* goes on where this one ends: in the run, in the transfer */
    struct block_request *last; /* of the run that this one is the first of */
    uint64_t started;           /* bytes that are under way or done */
    unsigned int pending;       /* transfers that hold a part; one more while in the queue */
    unsigned int queued;        /* when, in the provider's count of time */
    bool alone;                 /* shares no transfer: one that it shared has failed */
};

/* What a device has done; never reset. */
struct block_statistics {
    uint64_t requests[BLOCK_OPERATIONS]; /* that callers made, split or merged or not */
    uint64_t bytes[BLOCK_OPERATIONS];
    uint64_t merged;     /* of these, begun in one transfer together with a neighbour */
    uint64_t errors;     /* requests that failed */
    uint64_t transfers;  /* sent to the backend */
    uint64_t sampled;    /* transfers that were timed: reading the clock may be dear */
    uint64_t sampled_ns; /* from sending one to its answer, the sum */
};

/*
 * A provider has either submit, or the calls that wait. All are told aligned lengths inside of the
 * device; memory may lie anywhere.
 */
struct block_operations {
    /*
     * Take a request, and start it if the device is not plugged; block_finish() ends it, soon or
     * later. kick: start what is queued.
     */
    void (*submit)(struct block_device *device, struct block_request *request);
    void (*kick)(struct block_device *device);
    /* Block the calling thread; several threads may call at once. 0 or -errno. */
    int (*read)(struct block_device *device, uint64_t offset, void *buffer, size_t length);
    int (*write)(struct block_device *device, uint64_t offset, const void *buffer, size_t length);
    /* All writes that were answered before are on stable storage when this returns 0. */
    int (*flush)(struct block_device *device);
};

/* For the page cache: what a device tells of itself. Any context, but for `unregistered`. */
struct block_watcher {
    /* A write or a discard has ended, or the size is another: this range is out of date. */
    void (*changed)(struct block_device *device, uint64_t offset, uint64_t length);
    /* All may be other than before; `lost`: what is not written yet is void, too. */
    void (*replaced)(struct block_device *device, bool lost);
    void (*unregistered)(struct block_device *device);
};

struct block_device {
    char name[16];                 /* "xvda", "ramdisk" */
    uint64_t size;                 /* bytes */
    uint32_t sector_size;          /* bytes: 512 or 4096 */
    uint32_t physical_sector_size; /* writes of less may be read and written; 0: not known */
    uint32_t discard_granularity;  /* bytes, and where such a piece starts; 0: discards are not */
    uint32_t discard_alignment;    /* offered (-EOPNOTSUPP) */
    bool discard_secure;
    bool read_only;
    bool removable, cdrom; /* as the provider says; nothing follows from it here */
    const struct block_operations *operations;
    void *private_data;
    const void *memory; /* the contents, when they can be read in place; otherwise NULL */
    const struct block_watcher *watcher; /* the page cache's, as soon as it has pages */
    struct page_mapping *pages;          /* likewise */
    unsigned int generation; /* counts block_contents_replaced(): what was learned before is void */
    unsigned int plugged;
    unsigned int kept_pages; /* that the provider keeps for transfers, each with a grant: as many as
                                were once needed at a time */
    struct block_statistics statistics;
    struct list link;
};

/* Register under a name that no other has (-EEXIST). The provider keeps the memory. */
int block_register(struct block_device *device);
void block_unregister(struct block_device *device);
/*
 * For providers: a device with this name is known, and will be registered when it is ready, soon or
 * late or never; and it is gone before that, or is ready and registered right after this.
 */
void block_expect(struct block_device *device);
void block_expect_no_more(struct block_device *device);
/*
 * For providers: it went, and from now on answers -ENODEV until one of the next two is called. What
 * was read before is void, so that nobody reads on; what is not written yet waits.
 */
void block_gone(struct block_device *device);
/* For providers: the contents may be others than before (a disk that went and came back). */
void block_contents_replaced(struct block_device *device);
/* For providers: connected anew to what should be the same disk. */
void block_contents_kept(struct block_device *device);
/* For providers: another size. What is beyond the end of a smaller one is answered -ENXIO. */
void block_resize(struct block_device *device, uint64_t size);
/* For providers: the end of a request that submit took. Calls `done`. */
void block_finish(struct block_device *device, struct block_request *request, int result);
/* NULL when there is none of that name. block_at(0), block_at(1), … lists them all, then NULL. */
struct block_device *block_find(const char *name);
struct block_device *block_at(unsigned int index);
/*
 * The same as block_find(), but a device that a provider expects is waited for, for as long as the
 * command line's disk.wait= says. Threads only.
 */
struct block_device *block_wait(const char *name);

/*
 * Checked entry points: -EINVAL (alignment), -ENXIO (outside of the device), -EROFS, -EOPNOTSUPP
 * (flush, discard), or what the provider answers. A discard goes in steps of about 1 GiB, and what
 * it has not come to at an error is left as it was. Threads only.
 */
int block_read(struct block_device *device, uint64_t offset, void *buffer, size_t length);
int block_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length);
int block_flush(struct block_device *device);
int block_discard(struct block_device *device, uint64_t offset, uint64_t length, bool secure);

/*
 * The same with any offset and length inside of the device: what is not whole sectors goes through
 * a bounce page, and is read before it is written (two threads that write parts of one sector at
 * once may lose one of the two writes). -ENOMEM when there is no page.
 */
int block_read_bytes(struct block_device *device, uint64_t offset, void *buffer, size_t length);
int block_write_bytes(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length);

/*
 * Submit a request: see struct block_request. Errors, the above among them, are told to `done`.
 * Neighbours on the disk that wait in the queue together become one transfer; when that fails, each
 * is tried alone, so that an error is its request's own. A caller who has several plugs the device
 * meanwhile, and does not sleep before the unplug. Threads and `done`.
 */
void block_submit(struct block_device *device, struct block_request *request);
void block_plug(struct block_device *device);
void block_unplug(struct block_device *device);
/* Submit, whether plugged or not, and wait: the result. Sets `done`. Threads only. */
int block_call(struct block_device *device, struct block_request *request);

/*
 * Register memory (a module that the domain builder loaded; it stays where it is, and is read in
 * place) as the read-only device "ramdisk", "ramdisk1", …, with sectors of 512 bytes; a last part
 * of a sector is left out, with a warning. 0 or -errno.
 */
int ramdisk_register(const void *start, size_t length);

#endif
