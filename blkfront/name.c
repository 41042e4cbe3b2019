/* SPDX-License-Identifier: MIT */
/*
 * Names from virtual device numbers (docs/misc/vbd-interface in Xen's tree).
 *
 *   1 << 28 | disk << 8 | partition    xvd, any disk
 *   202 << 8 | disk << 4 | partition   xvd, disks 0 to 15
 *   8 << 8 | disk << 4 | partition     sd, likewise
 *   3, 22 << 8 | disk << 6 | partition hd, two disks to a major
 */
#include "blkfront.h"

#include "lib/base/printk.h"

#define EXTENDED (1u << 28)

static const struct {
    uint16_t major;
    uint8_t partition_bits;
    uint8_t disks;
    uint8_t first_disk;
    const char *prefix;
} majors[] = {
    { 202, 4, 16, 0, "xvd" },
    { 8, 4, 16, 0, "sd" },
    { 3, 6, 2, 0, "hd" },
    { 22, 6, 2, 2, "hd" },
};

/* 0 is "a", 25 "z", 26 "aa". Returns the start of the text in a buffer of 8. */
static const char *letters(char buffer[8], unsigned int disk)
{
    char *position = buffer + 7;

    *position = '\0';
    for (;; disk = disk / 26 - 1) {
        *--position = (char)('a' + disk % 26);
        if (disk < 26)
            return position;
    }
}

static void format(char *name, size_t size, const char *prefix, unsigned int disk,
                   unsigned int partition)
{
    char buffer[8];

    if (partition == 0)
        ksnprintf(name, size, "%s%s", prefix, letters(buffer, disk));
    else
        ksnprintf(name, size, "%s%s%u", prefix, letters(buffer, disk), partition);
}

void blkfront_name(char *name, size_t size, unsigned int id)
{
    unsigned int i;

    if (id >= EXTENDED && id < 2 * EXTENDED) {
        format(name, size, "xvd", (id - EXTENDED) >> 8, id & 0xff);
        return;
    }
    for (i = 0; i < sizeof(majors) / sizeof(majors[0]); i++) {
        unsigned int bits = majors[i].partition_bits;
        unsigned int minor = id & 0xff;

        if (id >> 8 != majors[i].major || minor >> bits >= majors[i].disks)
            continue;
        format(name, size, majors[i].prefix, (minor >> bits) + majors[i].first_disk,
               minor & ((1u << bits) - 1));
        return;
    }
    ksnprintf(name, size, "vbd%u", id);
}
