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

/* If completions were waited for: take them in, and say so when there is room again. */
static bool take_completions(struct netfront_queue *queue)
{
    struct net_device *device = &queue->nic->device;
    struct netfront_transmit *transmit = &queue->transmit;
    bool waiting = transmit->waiting;
    unsigned int reaped;

    if (!waiting && !netfront_told(queue))
        return false;
    transmit->waiting = false;
    reaped = netfront_transmit_reap(queue);
    if (!waiting)
        return reaped > 0;
    if (reaped == 0 && !netfront_transmit_has_room(transmit, 0)) {
        transmit->waiting = true;
        return false;
    }
    if (device->writable != NULL)
        device->writable(device);
    return true;
}

void netfront_transmit_event(void *argument)
{
    struct netfront_queue *queue = argument;
    bool worked = take_completions(queue);

    if (!queue->nic->broken)
        frontend_port_rearm(&queue->transmit_port, worked);
}

void netfront_event(void *argument)
{
    struct netfront_queue *queue = argument;
    struct netfront *nic = queue->nic;
    bool worked = take_completions(queue);
    int ready = ring_poll(&queue->receive.ring);

    if (ready < 0)
        netfront_break(nic, "receive producer out of range");
    if (nic->broken)
        return;
    if (ready == 0) {
        frontend_port_rearm(&queue->port, worked);
        return;
    }
    queue->polling = true;
    if (nic->device.pending != NULL)
        nic->device.pending(&nic->device);
}

static unsigned int poll_queue(struct netfront_queue *queue, unsigned int budget)
{
    struct netfront *nic = queue->nic;
    unsigned int taken = 0;
    int ready = 0;

    do {
        taken += netfront_receive_frames(queue, budget - taken);
        if (taken > 0)
            queue->armed = false;
        if (taken == budget || nic->broken)
            return taken;
        if (queue->armed && !queue->polling)
            break;
        ready = ring_arm(&queue->receive.ring, 1);
        queue->armed = true;
    } while (ready > 0);
    if (ready < 0) {
        netfront_break(nic, "receive producer out of range");
        return taken;
    }
    take_completions(queue);
    if (taken > 0)
        frontend_port_worked(&queue->port);
    if (queue->polling && !nic->broken) {
        queue->polling = false;
        frontend_port_rearm(&queue->port, true);
    }
    return taken;
}

/* The budget may be spent on one queue; the next call begins with the one behind it. */
static unsigned int netfront_poll(struct net_device *device, unsigned int budget)
{
    struct netfront *nic = netfront_of(device);
    unsigned int taken = 0, i;

    if (!nic->connected)
        return 0;
    for (i = 0; i < nic->queues && taken < budget && !nic->broken; i++) {
        struct netfront_queue *queue = nic->queue[nic->next_queue];

        nic->next_queue = (nic->next_queue + 1) % nic->queues;
        taken += poll_queue(queue, budget - taken);
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
    result =
        netfront_transmit_frame(netfront_queue_for(nic, fragments), fragments, count, length, info);
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
    unsigned int i;

    if (!nic->connected || nic->broken)
        return;
    for (i = 0; i < nic->queues; i++)
        netfront_transmit_publish(nic->queue[i]);
}

const struct net_operations netfront_operations = {
    .send = netfront_send,
    .kick = netfront_kick,
    .poll = netfront_poll,
    .filter = netfront_filter,
};
