/* SPDX-License-Identifier: MIT */
/* What a disk without an archive holds: told in the log, so that a wrong disk is known as what it is. */
#include <string.h>

#include "lib/fs/disk_cache.h"
#include "tarfs.h"

static const struct {
    uint64_t offset;
    uint8_t length;
    const char *bytes;
    const char *name;
} kinds[] = {
    { 1080, 2, "\x53\xef", "an ext2, ext3 or ext4 file system" },
    { 0, 2, "\x1f\x8b", "a file packed with gzip: unpack it first" },
    { 0, 4, "\x28\xb5\x2f\xfd", "a file packed with zstd: unpack it first" },
    { 0, 6,
      "\xfd"
      "7zXZ\0",
      "a file packed with xz: unpack it first" },
    { 0, 4, "hsqs", "a squashfs file system" },
    { 1024, 4, "\xe2\xe1\xf5\xe0", "an EROFS file system" },
    { 510, 2, "\x55\xaa", "a partition table" },
};

const char *tar_contents(struct block_device *device)
{
    unsigned char found[8];
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t end = kinds[i].offset + kinds[i].length;

        if (end <= device->size &&
            disk_read_all(device, kinds[i].offset, found, kinds[i].length) == 0 &&
            memcmp(found, kinds[i].bytes, kinds[i].length) == 0)
            return kinds[i].name;
    }
    return NULL;
}
