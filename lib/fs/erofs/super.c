/* SPDX-License-Identifier: MIT */
/* EROFS: the superblock. */
#include <errno.h>
#include <string.h>

#include "erofs.h"
#include "lib/base/printk.h"
#include "lib/fs/disk_cache.h"
#include "lib/mm/heap.h"

#define SMALLEST_BLOCK 9u
#define LARGEST_BLOCK 12u

int erofs_read_disk(const struct erofs *erofs, uint64_t address, void *buffer, size_t length)
{
    int result = disk_read_all(erofs->device, address, buffer, length);

    return result == -ENXIO ? -EUCLEAN : result;
}

/* CRC-32C without the inversion at the end. */
static uint32_t crc32c(const unsigned char *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;

    while (length-- > 0) {
        crc ^= *bytes++;
        for (unsigned int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return crc;
}

/* Over the rest of the block, the checksum taken as 0. */
static int check_sum(const struct erofs *erofs, const struct erofs_superblock *super)
{
    size_t block = (size_t)1 << erofs->block_bits;
    size_t length = block > EROFS_SUPERBLOCK_OFFSET ? block - EROFS_SUPERBLOCK_OFFSET : block;
    unsigned char *bytes;
    int result;

    if ((super->compatible_features & EROFS_HAS_CHECKSUM) == 0)
        return 0;
    bytes = kernel_alloc(length);
    if (bytes == NULL)
        return -ENOMEM;
    result = erofs_read_disk(erofs, EROFS_SUPERBLOCK_OFFSET, bytes, length);
    if (result == 0) {
        memset(bytes + offsetof(struct erofs_superblock, checksum), 0, sizeof(super->checksum));
        result = crc32c(bytes, length) == super->checksum ? 0 : -EUCLEAN;
    }
    kernel_free(bytes);
    return result;
}

static const char *what_is_unknown(const struct erofs_superblock *super)
{
    if ((super->features & ~EROFS_KNOWN_FEATURES) != 0 || super->devices != 0)
        return "features";
    if (super->block_bits < SMALLEST_BLOCK || super->block_bits > LARGEST_BLOCK)
        return "a block size";
    if ((super->features & EROFS_CONFIGURATIONS) != 0 && (super->algorithms & ~1u) != 0)
        return "a compression";
    return NULL;
}

int erofs_open(struct erofs *erofs, struct block_device *device)
{
    struct erofs_superblock super;
    const char *unknown;
    int result = disk_read_all(device, EROFS_SUPERBLOCK_OFFSET, &super, sizeof(super));

    if (result == -ENXIO || (result == 0 && super.magic != EROFS_MAGIC))
        return -EINVAL;
    if (result != 0)
        return result;
    unknown = what_is_unknown(&super);
    if (unknown != NULL) {
        printk("erofs: %s: made with %s that are not known here", device->name, unknown);
        return -EOPNOTSUPP;
    }
    *erofs = (struct erofs){
        .device = device,
        .block_bits = super.block_bits,
        .metadata = (uint64_t)super.metadata_block << super.block_bits,
        .build_time = (int64_t)(super.build_time % INT32_MAX * 1000000000u) +
                      super.build_nanoseconds % 1000000000u,
        .features = super.features,
        .super = super,
    };
    result = check_sum(erofs, &super);
    if (result != 0)
        printk("erofs: %s: the superblock cannot be read, or is damaged (error %d)", device->name,
               -result);
    return result;
}
