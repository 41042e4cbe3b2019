/* SPDX-License-Identifier: MIT */
/*
 * netfront as a network device: the operations of net/netdev.h, and the event handler.
 *
 * An event is passed on with `pending`, and the port stays masked until poll has drained the ring.
 * The end of poll, against a backend that adds a frame meanwhile:
 *     we: see no response       backend: writes the response, the index
 *     we: write response_event  backend: reads response_event
 *     we: look at the index     backend: notifies if the index passed it
 * With a full fence on each side between write and read, either our second look sees the frame or
 * the backend notifies. Only after that look is the port unmasked; an event that came while it was
 * masked is still pending then and is delivered.
 */
#include "netfront.h"

#include <errno.h>

#include "lib/printk.h"

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
    if (nic->broken)
        return;
    nic->broken = true;
    printk_limited(&nic->bus->log, "%s: the backend broke the protocol (%s); the device is disabled", nic->device.name,
           what);
    frontend_port_silence(&nic->port);
    frontend_port_silence(&nic->transmit_port);
    netfront_set_link(nic, false);
}

/* If completions were waited for: take them in, and say so when there is room again. */
static bool take_completions(struct netfront *nic)
{
    struct netfront_transmit *transmit = &nic->transmit;
    bool waiting = transmit->waiting;
    unsigned int reaped;

    if (!waiting && !nic->multicast.unsettled)
        return false;
    transmit->waiting = false;
    reaped = netfront_transmit_reap(nic);
    if (!waiting)
        return reaped > 0;
    if (reaped == 0 && !netfront_transmit_has_room(transmit, 0)) {
        transmit->waiting = true;
        return false;
    }
    if (nic->device.writable != NULL)
        nic->device.writable(&nic->device);
    return true;
}

void netfront_transmit_event(void *argument)
{
    struct netfront *nic = argument;
    bool worked = take_completions(nic);

    if (!nic->broken)
        frontend_port_rearm(&nic->transmit_port, worked);
}

void netfront_event(void *argument)
{
    struct netfront *nic = argument;
    bool worked = take_completions(nic);
    int ready = ring_poll(&nic->receive.ring);

    if (ready < 0)
        netfront_break(nic, "receive producer out of range");
    if (nic->broken)
        return;
    if (ready == 0) {
        frontend_port_rearm(&nic->port, worked);
        return;
    }
    nic->polling = true;
    if (nic->device.pending != NULL)
        nic->device.pending(&nic->device);
}

static unsigned int netfront_poll(struct net_device *device, unsigned int budget)
{
    struct netfront *nic = netfront_of(device);
    unsigned int taken = 0;
    int ready = 0;

    if (!nic->connected)
        return 0;
    do {
        taken += netfront_receive_frames(nic, budget - taken);
        if (taken > 0)
            nic->armed = false;
        if (taken == budget || nic->broken)
            return taken;
        if (nic->armed && !nic->polling)
            break;
        ready = ring_arm(&nic->receive.ring, 1);
        nic->armed = true;
    } while (ready > 0);
    if (ready < 0) {
        netfront_break(nic, "receive producer out of range");
        return taken;
    }
    take_completions(nic);
    if (taken > 0)
        frontend_port_worked(&nic->port);
    if (nic->polling && !nic->broken) {
        nic->polling = false;
        frontend_port_rearm(&nic->port, true);
    }
    return taken;
}

/* The largest frame that the backend takes, or 0 for one that is to be cut and cannot be. */
static size_t frame_limit(const struct netfront *nic, const struct net_send_info *info)
{
    if (info->segment_size == 0)
        return nic->frame_limit;
    if (!info->checksum_partial)
        return 0;
    if (info->ipv6 ? nic->device.transmit_large_ipv6 : nic->device.transmit_large_ipv4)
        return NETFRONT_FRAME_MAX;
    return 0;
}

static int netfront_send(struct net_device *device, const struct net_fragment *fragments,
                         unsigned int count, const struct net_send_info *info)
{
    struct netfront *nic = netfront_of(device);
    size_t length = 0;
    unsigned int i;
    int result;

    if (!device->link_up)
        return nic->broken ? -EIO : -ENODEV;
    if (!nic->connected)
        return -EAGAIN;
    for (i = 0; i < count; i++)
        length += fragments[i].length;
    if (length < NETFRONT_ETHERNET_HEADER || length > frame_limit(nic, info))
        return -EINVAL;
    result = netfront_transmit_frame(nic, fragments, count, length, info);
    if (result != 0)
        return result;
    device->statistics.sent++;
    device->statistics.sent_large += info->segment_size > 0;
    device->statistics.sent_bytes += length;
    return 0;
}

static void netfront_kick(struct net_device *device)
{
    struct netfront *nic = netfront_of(device);

    if (nic->connected && !nic->broken)
        netfront_transmit_publish(nic);
}

const struct net_operations netfront_operations = {
    .send = netfront_send,
    .kick = netfront_kick,
    .poll = netfront_poll,
    .filter = netfront_filter,
};
