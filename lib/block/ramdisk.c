/* SPDX-License-Identifier: MIT */
/*
 * Memory as a read-only block device: the modules that the cfg's ramdisk= names. Nothing is copied
 * or unpacked; reads are one memcpy, and a reader that knows device->memory does without that as
 * well.
 */
#include <errno.h>
#include <string.h>

#include "lib/block/blockdev.h"
#include "lib/base/printk.h"
#include "lib/mm/heap.h"

#define RAMDISK_SECTOR 512u

static int ramdisk_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const char *)device->memory + offset, length);
    return 0;
}

static const struct block_operations ramdisk_operations = {
    .read = ramdisk_read,
};

static void choose_name(struct block_device *device)
{
    unsigned int number = 0;

    strcpy(device->name, "ramdisk");
    while (block_find(device->name) != NULL)
        ksnprintf(device->name, sizeof(device->name), "ramdisk%u", ++number);
}

int ramdisk_register(const void *start, size_t length)
{
    struct block_device *device = kernel_alloc_zeroed(1, sizeof(*device));

    if (device == NULL)
        return -ENOMEM;
    choose_name(device);
    device->size = length & ~(size_t)(RAMDISK_SECTOR - 1);
    device->sector_size = RAMDISK_SECTOR;
    device->read_only = true;
    device->operations = &ramdisk_operations;
    device->memory = start;
    if (device->size != length)
        printk("%s: the last %zu of %zu bytes are no whole sector and are left out", device->name,
               (size_t)(length - device->size), length);
    return block_register(device);
}
