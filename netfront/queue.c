/* SPDX-License-Identifier: MIT */
/*
 * A card's queues: how they come and go.
 *
 * The backend serves each queue with threads and interrupts of its own, so several of them let its
 * domain work for us on several CPUs. Which one a frame takes: flow.c.
 */
#include "netfront.h"
#include "lib/mm/heap.h"

#include <errno.h>

static void destroy(struct netfront_queue *queue)
{
    frontend_port_close(&queue->port);
    frontend_port_close(&queue->transmit_port);
    netfront_transmit_destroy(queue);
    netfront_receive_destroy(queue);
    kernel_free(queue);
}

/* The first queue may have to do with fewer pages than it should have; others are not worth that. */
static int check_pages(const struct netfront_queue *queue)
{
    const struct netfront *nic = queue->nic;

    return nic->queues > 0 && queue->receive.pages < nic->pool.receive ? -ENOSPC : 0;
}

static int create(struct netfront *nic, bool split_ports)
{
    struct netfront_queue *queue = kernel_alloc_zeroed(1, sizeof(*queue));
    int result;

    if (queue == NULL)
        return -ENOMEM;
    queue->nic = nic;
    queue->armed = true;
    frontend_port_init(&queue->port);
    frontend_port_init(&queue->transmit_port);
    result = netfront_receive_create(queue);
    if (result == 0)
        result = check_pages(queue);
    if (result == 0)
        result = netfront_transmit_create(queue);
    if (result == 0)
        result = frontend_port_open(&queue->port, nic->backend_domain, netfront_event, queue);
    if (result == 0 && split_ports)
        result = frontend_port_open(&queue->transmit_port, nic->backend_domain,
                                    netfront_transmit_event, queue);
    if (result == 0)
        nic->queue[nic->queues++] = queue;
    else
        destroy(queue);
    return result;
}

int netfront_queues_create(struct netfront *nic, unsigned int wanted, bool split_ports)
{
    int result = 0;

    nic->pool = netfront_pool(wanted);
    nic->next_queue = 0;
    nic->large = true;
    nic->bad_frame_logged = false;
    while (nic->queues < wanted && result == 0)
        result = create(nic, split_ports);
    for (unsigned int i = 0; i < nic->queues; i++)
        nic->large &= netfront_receive_takes_large(nic->queue[i]);
    return nic->queues > 0 ? 0 : result;
}

void netfront_queues_destroy(struct netfront *nic)
{
    while (nic->queues > 0)
        destroy(nic->queue[--nic->queues]);
}

void netfront_release(struct netfront *nic)
{
    nic->connected = false;
    netfront_queues_destroy(nic);
    netfront_multicast_reset(nic);
}
