/* SPDX-License-Identifier: MIT */
/* The registered block devices. */
#include <errno.h>
#include <string.h>

#include "lib/block/blockdev.h"

static struct list devices = LIST_INIT(devices);

static struct block_device *device_of(struct list *node)
{
    return container_of(node, struct block_device, link);
}

struct block_device *block_find(const char *name)
{
    struct list *node, *next;

    list_for_each (node, next, &devices) {
        if (strcmp(device_of(node)->name, name) == 0)
            return device_of(node);
    }
    return NULL;
}

struct block_device *block_at(unsigned int index)
{
    struct list *node, *next;

    list_for_each (node, next, &devices) {
        if (index-- == 0)
            return device_of(node);
    }
    return NULL;
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
    if (device->watcher != NULL)
        device->watcher->replaced(device, true);
}

void block_unregister(struct block_device *device)
{
    list_remove(&device->link);
    if (device->watcher != NULL)
        device->watcher->unregistered(device);
    device->watcher = NULL;
}
