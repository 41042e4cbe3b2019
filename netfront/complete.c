/* SPDX-License-Identifier: MIT */
/*
 * What the backend is done with: buffers come back, and answers about groups. The backend is asked for
 * an event only while someone waits for one.
 */
#include "netfront.h"

#include <xen-abi/io/netif.h>

static bool release(struct netfront_queue *queue, const struct netif_tx_response *response)
{
    struct netfront_transmit *transmit = &queue->transmit;
    struct ring_ids *ids = &transmit->small;
    unsigned int id = response->id;

    if (response->status == NETIF_RSP_NULL)
        return transmit->extras > 0 && transmit->extras-- > 0;
    if (id >= NETFRONT_BUFFERS)
        return queue == queue->nic->queue[0] &&
               netfront_multicast_answered(queue->nic, id - NETFRONT_BUFFERS, response->status);
    if (id >= NETFRONT_SMALL_BUFFERS) {
        ids = &transmit->large;
        id -= NETFRONT_SMALL_BUFFERS;
    }
    if (!ring_ids_pending(ids, id))
        return false;
    ring_ids_add(ids, id);
    queue->nic->device.statistics.send_dropped += response->status < NETIF_RSP_OKAY;
    return true;
}

/* Take `ready` responses in; false when one of them broke the device. */
static bool take_responses(struct netfront_queue *queue, int ready)
{
    struct netif_tx_response response;

    for (; ready > 0; ready--) {
        ring_take(&queue->transmit.ring, &response, sizeof(response));
        if (!release(queue, &response)) {
            netfront_break(queue->nic, "transmit response with a wrong id");
            return false;
        }
    }
    return true;
}

/*
 * While someone waits for `writable`, or for answers about groups, the next completion must bring
 * an event, whoever else reaps meanwhile.
 */
static bool waited_for(const struct netfront_queue *queue)
{
    return queue->transmit.waiting || netfront_told(queue);
}

unsigned int netfront_transmit_reap(struct netfront_queue *queue)
{
    struct netfront_transmit *transmit = &queue->transmit;
    int ready = ring_poll(&transmit->ring);
    unsigned int reaped = 0;

    while (ready > 0) {
        reaped += (unsigned int)ready;
        if (!take_responses(queue, ready))
            return 0;
        if (netfront_told(queue))
            netfront_multicast_settle(queue->nic);
        ready = waited_for(queue) ? ring_arm(&transmit->ring, 1) : 0;
    }
    if (ready < 0) {
        netfront_break(queue->nic, "transmit producer out of range");
        return 0;
    }
    if (reaped > 0 && !waited_for(queue))
        ring_quiet(&transmit->ring);
    if (reaped > 0)
        frontend_port_worked(&queue->transmit_port);
    return reaped;
}

void netfront_transmit_expect(struct netfront_queue *queue)
{
    if (ring_arm(&queue->transmit.ring, 1) != 0)
        netfront_transmit_reap(queue);
}
