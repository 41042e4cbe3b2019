/* SPDX-License-Identifier: MIT */
/* The numbers of devices in the domain's health line. */
#include "xen/domain/health.h"
#include "../bus/xenbus_internal.h"

static size_t all_devices(void)
{
    return xenbus_devices();
}

static size_t connected_devices(void)
{
    struct list *node, *next;
    size_t count = 0;

    list_for_each (node, next, &xenbus_device_list)
        count += container_of(node, struct xenbus_device, link)->state == XenbusStateConnected;
    return count;
}

static const struct health_number devices = { "devices", all_devices, xenbus_listen };
HEALTH_NUMBER(devices);
static const struct health_number connected = { "connected", connected_devices, NULL };
HEALTH_NUMBER(connected);
