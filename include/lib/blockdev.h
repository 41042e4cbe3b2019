/* SPDX-License-Identifier: MIT */
/*
 * Block devices as filesystems and applications see them: "blocks in, blocks out".
 *
 * A provider (blkfront; an image in memory) fills in a struct block_device and registers it; it
 * stays registered for the life of the guest. A device that went away answers -EIO (broken) or
 * -ENODEV (detached).
 */
#ifndef LIB_BLOCKDEV_H
#define LIB_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct block_device;

struct block_operations {
    /*
     * Read or write `length` bytes at `offset`, both multiples of the sector size and inside the
     * device (block_read() checks). `buffer` may lie anywhere. Blocks the calling thread; several
     * threads may call at once. 0 or -errno.
     */
    int (*read)(struct block_device *device, uint64_t offset, void *buffer, size_t length);
    int (*write)(struct block_device *device, uint64_t offset, const void *buffer, size_t length);
    /* All writes that were answered before are on stable storage when this returns 0. */
    int (*flush)(struct block_device *device);
};

struct block_device {
    char name[16];         /* "xvda", "ramdisk" */
    uint64_t size;         /* bytes */
    uint32_t sector_size;  /* bytes: 512 or 4096 */
    bool read_only;
    const struct block_operations *operations;
    void *private_data;
    const void *memory;    /* the contents, when they can be read in place; otherwise NULL */
    /*
     * For the block cache: called after a write, and when the device is unregistered or its
     * contents were replaced; what was cached of this range is out of date.
     */
    void (*changed)(struct block_device *device, uint64_t offset, uint64_t length);
    unsigned int generation; /* counts block_contents_replaced(): what was learned before is void */
    struct list link;
};

/* Register under a name that no other has (-EEXIST). The provider keeps the memory. */
int block_register(struct block_device *device);
void block_unregister(struct block_device *device);
/* For providers: the contents may be others than before (a disk that went and came back). */
void block_contents_replaced(struct block_device *device);
/* NULL when there is none of that name. block_at(0), block_at(1), … lists them all, then NULL. */
struct block_device *block_find(const char *name);
struct block_device *block_at(unsigned int index);

/*
 * Checked entry points: -EINVAL (alignment), -ENXIO (outside of the device), -EROFS, or what the
 * provider answers. Threads only.
 */
int block_read(struct block_device *device, uint64_t offset, void *buffer, size_t length);
int block_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length);
int block_flush(struct block_device *device);

/*
 * The same with any offset and length inside of the device: what is not whole sectors goes through
 * a bounce page, and is read before it is written (two threads that write parts of one sector at
 * once may lose one of the two writes). -ENOMEM when there is no page.
 */
int block_read_bytes(struct block_device *device, uint64_t offset, void *buffer, size_t length);
int block_write_bytes(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length);

/*
 * Register memory (a module that the domain builder loaded; it stays where it is, and is read in
 * place) as the read-only device "ramdisk", "ramdisk1", …, with sectors of 512 bytes; a last part
 * of a sector is left out, with a warning. 0 or -errno.
 */
int ramdisk_register(const void *start, size_t length);

#endif
