/* SPDX-License-Identifier: MIT */
/*
 * The transmit ring: its pages, and requests in it.
 *
 * Frames are copied into buffers that the backend may always read, so a packet costs no grant
 * operation. What goes out: send.c; what comes back: complete.c.
 *
 * A TCP segment that the backend is to cut has an extra-info slot behind its first request, and so
 * has what it is told about a group (multicast.c). The response to that slot has the status NULL and
 * no id that means anything: such responses are counted against the slots of this kind.
 */
#include "netfront.h"

#include <string.h>

#include <xen-abi/io/netif.h>

#include "lib/mm/pages.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"

_Static_assert(offsetof(struct netif_tx_sring, ring) == sizeof(struct ring_header), "ring head");
_Static_assert(sizeof(union netif_tx_sring_entry) == 12, "transmit slot");
_Static_assert(sizeof(struct netif_extra_info) <= sizeof(struct netif_tx_request),
               "extra-info slot");

#define SLOT_SIZE sizeof(union netif_tx_sring_entry)

int netfront_transmit_create(struct netfront_queue *queue)
{
    struct netfront_transmit *transmit = &queue->transmit;
    int result =
        frontend_ring_alloc(queue->nic->backend_domain, &transmit->memory, &transmit->reference);

    if (result != 0)
        return result;
    ring_init(&transmit->ring, transmit->memory, PAGE_SIZE, SLOT_SIZE);
    ring_quiet(&transmit->ring);
    ring_ids_init(&transmit->small, transmit->small_next, NETFRONT_SMALL_BUFFERS);
    ring_ids_init(&transmit->large, transmit->large_next, NETFRONT_LARGE_BUFFERS);
    transmit->small_pages = transmit->large_pages = 0;
    transmit->waiting = false;
    transmit->extras = 0;
    return 0;
}

static void drop_pages(struct netfront_page *pages, unsigned int *count)
{
    while (*count > 0) {
        (*count)--;
        gnttab_end_and_free(pages[*count].reference, pages[*count].data);
    }
}

void netfront_transmit_destroy(struct netfront_queue *queue)
{
    struct netfront_transmit *transmit = &queue->transmit;

    queue->nic->device.send_pages -= transmit->small_pages + transmit->large_pages;
    drop_pages(transmit->small_page, &transmit->small_pages);
    drop_pages(transmit->large_page, &transmit->large_pages);
    frontend_ring_free(&transmit->memory, &transmit->reference);
}

void netfront_transmit_publish(struct netfront_queue *queue)
{
    const struct frontend_port *own = &queue->transmit_port;

    if (ring_publish(&queue->transmit.ring))
        evtchn_notify(own->port > 0 ? own->port : queue->port.port);
}

bool netfront_transmit_has_room(const struct netfront_transmit *transmit, unsigned int large)
{
    if (large == 0)
        return transmit->small.unused > 0 && ring_space(&transmit->ring) > 0;
    return transmit->large.unused >= large && ring_space(&transmit->ring) > large;
}

void netfront_transmit_request(struct ring *ring, int reference, unsigned int offset,
                               unsigned int flags, unsigned int id, size_t size)
{
    struct netif_tx_request *request = ring_next_request(ring);

    request->gref = (grant_ref_t)reference;
    request->offset = (uint16_t)offset;
    request->flags = (uint16_t)flags;
    request->id = (uint16_t)id;
    request->size = (uint16_t)size;
}

struct netif_extra_info *netfront_transmit_extra(struct netfront_transmit *transmit,
                                                 unsigned int type)
{
    struct netif_extra_info *extra = ring_next_request(&transmit->ring);

    memset(extra, 0, SLOT_SIZE);
    extra->type = (uint8_t)type;
    transmit->extras++;
    return extra;
}

/* No data, so there is no page to name. */
void netfront_transmit_word(struct netfront_transmit *transmit, unsigned int group,
                            unsigned int word, const uint8_t mac[6])
{
    netfront_transmit_request(&transmit->ring, 0, 0, NETTXF_extra_info, NETFRONT_BUFFERS + group,
                              0);
    memcpy(netfront_transmit_extra(transmit, word)->u.mcast.addr, mac, 6);
}
