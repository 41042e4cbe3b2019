/* SPDX-License-Identifier: MIT */
/*
 * The link as the stack above sees it, and the end of trust in a backend, for all other files: this
 * one calls none of them.
 */
#include "netfront.h"

#include "lib/base/printk.h"

void netfront_end_move(struct netfront *nic)
{
    nic->moving = false;
    timer_cancel(&nic->patience);
}

void netfront_set_link(struct netfront *nic, bool up)
{
    if (!up)
        netfront_end_move(nic);
    if (nic->device.link_up == up)
        return;
    nic->device.link_up = up;
    if (nic->device.changed != NULL)
        nic->device.changed(&nic->device);
}

void netfront_break(struct netfront *nic, const char *what)
{
    unsigned int i;

    if (nic->broken)
        return;
    nic->broken = true;
    printk_limited(&nic->bus->log,
                   "%s: the backend broke the protocol (%s); the device is disabled",
                   nic->device.name, what);
    for (i = 0; i < nic->queues; i++) {
        frontend_port_silence(&nic->queue[i]->port);
        frontend_port_silence(&nic->queue[i]->transmit_port);
    }
    netfront_set_link(nic, false);
}
