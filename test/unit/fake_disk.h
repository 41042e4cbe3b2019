/* SPDX-License-Identifier: MIT */
/* A block device in memory that counts, fails and takes time as it is told. */
#ifndef TEST_FAKE_DISK_H
#define TEST_FAKE_DISK_H

#include "lib/block/blockdev.h"

struct fake_disk {
    struct block_device device;
    unsigned char *data;
    uint64_t delay; /* each request takes so long */
    int error;      /* each request answers this, after its delay */
    uint64_t bad;   /* requests that hold this byte answer -EIO; 0: none */
    bool bad_reads_only;
    unsigned int reads, writes, flushes;
    unsigned int under_way, most_under_way; /* requests */
    size_t longest;                         /* request, in bytes */
};

/* Registered as `name`; `data` stays the caller's. */
void fake_disk_create(struct fake_disk *disk, const char *name, void *data, size_t size,
                      uint32_t sector_size);
/* The same with a queue: requests of many parts, and several under way. */
void fake_disk_create_queued(struct fake_disk *disk, const char *name, void *data, size_t size,
                             uint32_t sector_size);
void fake_disk_destroy(struct fake_disk *disk);

#endif
