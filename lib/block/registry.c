/* SPDX-License-Identifier: MIT */
/*
 * The registered block devices, and the checks that every request passes before a provider sees it.
 *
 * A provider may rely on aligned, nonzero lengths that lie inside of its device. A write that
 * failed may have changed some sectors: the cache is told in either case.
 */
#include <errno.h>
#include <string.h>

#include "lib/blockdev.h"

static struct list devices = LIST_INIT(devices);

static struct block_device *device_of(struct list *node)
{
    return container_of(node, struct block_device, link);
}

struct block_device *block_find(const char *name)
{
    struct list *node, *next;

    list_for_each(node, next, &devices) {
        if (strcmp(device_of(node)->name, name) == 0)
            return device_of(node);
    }
    return NULL;
}

struct block_device *block_at(unsigned int index)
{
    struct list *node, *next;

    list_for_each(node, next, &devices) {
        if (index-- == 0)
            return device_of(node);
    }
    return NULL;
}

static void tell_cache(struct block_device *device, uint64_t offset, uint64_t length)
{
    if (device->changed != NULL)
        device->changed(device, offset, length);
}

int block_register(struct block_device *device)
{
    uint32_t sector = device->sector_size;

    if (device->name[0] == '\0' || (sector & (sector - 1)) != 0 || sector < 512 || sector > 4096)
        return -EINVAL;
    if (block_find(device->name) != NULL)
        return -EEXIST;
    list_append(&devices, &device->link);
    return 0;
}

void block_contents_replaced(struct block_device *device)
{
    device->generation++;
    tell_cache(device, 0, UINT64_MAX);
}

void block_unregister(struct block_device *device)
{
    list_remove(&device->link);
    tell_cache(device, 0, UINT64_MAX);
}

static int check_range(const struct block_device *device, uint64_t offset, size_t length)
{
    if (((offset | length) & (device->sector_size - 1)) != 0)
        return -EINVAL;
    if (offset > device->size || length > device->size - offset)
        return -ENXIO;
    return 0;
}

int block_read(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    int result = check_range(device, offset, length);

    if (result != 0 || length == 0)
        return result;
    return device->operations->read(device, offset, buffer, length);
}

int block_write(struct block_device *device, uint64_t offset, const void *buffer, size_t length)
{
    int result = check_range(device, offset, length);

    if (result != 0)
        return result;
    if (device->read_only || device->operations->write == NULL)
        return -EROFS;
    if (length == 0)
        return 0;
    result = device->operations->write(device, offset, buffer, length);
    tell_cache(device, offset, length);
    return result;
}

int block_flush(struct block_device *device)
{
    if (device->operations->flush == NULL)
        return 0;
    return device->operations->flush(device);
}
