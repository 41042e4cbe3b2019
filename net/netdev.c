/* SPDX-License-Identifier: MIT */
/*
 * The registry of network devices: a list in the order of registration, and one listener, the
 * network stack above.
 */
#include "net/netdev.h"

#include <errno.h>
#include <string.h>

static struct list devices = LIST_INIT(devices);
static void (*listener_added)(struct net_device *device);
static void (*listener_removed)(struct net_device *device);

static struct net_device *device_of(struct list *node)
{
    return container_of(node, struct net_device, link);
}

/* Frames may have come before there was anyone to take them: `pending` is called once for them. */
static void announce(struct net_device *device)
{
    if (listener_added == NULL)
        return;
    listener_added(device);
    if (device->pending != NULL)
        device->pending(device);
}

int net_device_register(struct net_device *device)
{
    struct list *node, *next;

    list_for_each (node, next, &devices)
        if (strcmp(device_of(node)->name, device->name) == 0)
            return -EEXIST;
    list_append(&devices, &device->link);
    announce(device);
    return 0;
}

void net_device_unregister(struct net_device *device)
{
    if (listener_removed != NULL)
        listener_removed(device);
    list_remove(&device->link);
}

struct net_device *net_device_at(unsigned int index)
{
    struct list *node, *next;

    list_for_each (node, next, &devices)
        if (index-- == 0)
            return device_of(node);
    return NULL;
}

void net_device_listen(void (*added)(struct net_device *device),
                       void (*removed)(struct net_device *device))
{
    struct list *node, *next;

    listener_added = added;
    listener_removed = removed;
    list_for_each (node, next, &devices)
        announce(device_of(node));
}
