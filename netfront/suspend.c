/* SPDX-License-Identifier: MIT */
/*
 * A network card when the domain is saved and restored.
 *
 * Nothing has to come to rest: what was on its way may be lost, as on any network. In the new
 * domain the link stays up to the stack above, so that sockets see no error; frames are turned away
 * as by a full ring until the new backend is connected. Then the stack hears that the card has
 * moved, and announces itself. A card that does not come back in time has its link down.
 */
#include "netfront.h"

#include "lib/base/printk.h"

#define PATIENCE SECONDS(30)

static void too_late(void *argument)
{
    struct netfront *nic = argument;

    printk("%s: the network card is not there after the restore", nic->device.name);
    netfront_set_link(nic, false);
}

void netfront_resume(struct xenbus_device *bus)
{
    struct netfront *nic = bus->private_data;

    netfront_end_move(nic);
    if (nic->device.link_up) {
        nic->moving = true;
        timer_init(&nic->patience, too_late, nic);
        timer_set(&nic->patience, deadline_after(PATIENCE));
    }
    netfront_release(nic);
}

void netfront_arrived(struct netfront *nic)
{
    netfront_end_move(nic);
    nic->device.moved = true;
    if (nic->device.changed != NULL)
        nic->device.changed(&nic->device);
    if (nic->device.writable != NULL)
        nic->device.writable(&nic->device);
}
