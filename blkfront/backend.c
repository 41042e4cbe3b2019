/* SPDX-License-Identifier: MIT */
/*
 * What a disk's backend tells of it. All is read into a struct of its own, since each read waits
 * for xenstore, and requests may be under way meanwhile; then it is made the disk's in one step.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>

#include "xen/bus/xenstore.h"

/* 2^53 sectors are 4 EiB: sizes in bytes stay well within 63 bits. */
#define SECTORS_MAX (1ull << 53)
#define BYTES_MAX (1u << 31) /* of a physical sector, of a discard's granularity */

/* An optional node that must be a number if it is there. */
static int read_optional(const char *directory, const char *node, uint64_t maximum,
                         uint64_t *number)
{
    int result = xenstore_read_number(XENSTORE_NONE, directory, node, 0, maximum, number);

    return result == -ENOENT ? 0 : result;
}

int blkfront_read_size(const struct blkfront *disk, uint32_t sector_size, uint64_t *size)
{
    uint64_t sectors;
    int result = xenstore_read_number(XENSTORE_NONE, disk->bus->backend, "sectors", 0, SECTORS_MAX,
                                      &sectors);

    if (result == 0)
        *size = sectors * BLKFRONT_SECTOR / sector_size * sector_size;
    return result;
}

/* The part that reads and writes cannot do without. */
static int read_geometry(const struct blkfront *disk, struct blkfront_properties *properties)
{
    const char *backend = disk->bus->backend;
    uint64_t sector_size = 512, info = 0;
    int result = read_optional(backend, "sector-size", 4096, &sector_size);

    if (result == 0 && sector_size != 512 && sector_size != 4096)
        result = -EINVAL;
    properties->sector_size = (uint32_t)sector_size;
    if (result == 0)
        result = blkfront_read_size(disk, properties->sector_size, &properties->size);
    if (result == 0)
        result = read_optional(backend, "info", UINT32_MAX, &info);
    properties->info = (uint32_t)info;
    return result;
}

static void read_discards(const char *backend, struct blkfront_properties *properties)
{
    uint64_t granularity;

    if ((properties->info & VDISK_READONLY) != 0 ||
        frontend_read_number(backend, "feature-discard", 1, 0) == 0)
        return;
    granularity = frontend_read_number(backend, "discard-granularity", BYTES_MAX, 0);
    if (granularity < properties->sector_size)
        granularity = properties->sector_size;
    properties->discard_granularity = (uint32_t)granularity;
    properties->discard_alignment =
        (uint32_t)frontend_read_number(backend, "discard-alignment", BYTES_MAX, 0);
    properties->discard_secure = frontend_read_number(backend, "discard-secure", 1, 0) == 1;
}

static enum blkfront_flush read_flush(const char *backend)
{
    uint64_t cache;

    if (xenstore_read_number(XENSTORE_NONE, backend, "feature-flush-cache", 0, 1, &cache) != 0)
        cache = 2;
    if (cache == 1)
        return BLKFRONT_FLUSH_CACHE;
    if (frontend_read_number(backend, "feature-barrier", 1, 0) == 1)
        return BLKFRONT_FLUSH_BARRIER;
    return cache == 0 ? BLKFRONT_FLUSH_NOT_NEEDED : BLKFRONT_FLUSH_UNSUPPORTED;
}

/*
 * As many as the backend takes, but so that four requests of full size fit the pool; never fewer
 * than a request itself holds.
 */
static unsigned int read_segments(const struct blkfront *disk)
{
    unsigned int most = (unsigned int)frontend_read_number(
        disk->bus->backend, "feature-max-indirect-segments", UINT32_MAX, 0);

    if (most > BLKFRONT_SEGMENTS_MAX)
        most = BLKFRONT_SEGMENTS_MAX;
    if (most > disk->pool.limit / 4 - 1)
        most = disk->pool.limit / 4 - 1;
    return most > BLKIF_MAX_SEGMENTS_PER_REQUEST ? most : BLKIF_MAX_SEGMENTS_PER_REQUEST;
}

int blkfront_read_properties(const struct blkfront *disk, struct blkfront_properties *properties)
{
    const char *backend = disk->bus->backend;
    int result;

    *properties = (struct blkfront_properties){ 0 };
    result = read_geometry(disk, properties);
    if (result != 0)
        return result;
    properties->physical_sector_size =
        (uint32_t)frontend_read_number(backend, "physical-sector-size", BYTES_MAX, 0);
    if (properties->physical_sector_size < properties->sector_size)
        properties->physical_sector_size = properties->sector_size;
    read_discards(backend, properties);
    properties->flush = read_flush(backend);
    properties->segments = read_segments(disk);
    return 0;
}

void blkfront_set_properties(struct blkfront *disk, const struct blkfront_properties *properties)
{
    struct block_device *block = &disk->block;

    block->size = properties->size;
    block->sector_size = properties->sector_size;
    block->physical_sector_size = properties->physical_sector_size;
    block->read_only = (properties->info & VDISK_READONLY) != 0;
    block->removable = (properties->info & VDISK_REMOVABLE) != 0;
    block->cdrom = (properties->info & VDISK_CDROM) != 0;
    block->discard_granularity = properties->discard_granularity;
    block->discard_alignment = properties->discard_alignment;
    block->discard_secure = properties->discard_secure;
    disk->flush = properties->flush;
    disk->segments = properties->segments;
}
