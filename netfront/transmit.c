/* SPDX-License-Identifier: MIT */
/*
 * Transmitting: frames are copied into buffers that the backend may always read, so a packet costs
 * no grant operation.
 *
 * Completions are not waited for. The backend is asked for no event; finished buffers are collected
 * when one is needed and none is free, and only when that yields nothing, is an event asked for and
 * the caller told -EAGAIN. A backend that never completes fills the ring once and then gets no
 * more.
 *
 * A TCP segment that the backend is to cut has an extra-info slot behind its first request, and so
 * has what it is told about a group (netfront/multicast.c). The response to that slot has the status
 * NULL and no id that means anything: such responses are counted against the slots of this kind.
 */
#include "netfront.h"

#include <errno.h>

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

static int new_page(struct netfront *nic, struct netfront_page *page)
{
    page->data = page_alloc_zeroed();
    if (page->data == NULL)
        return -ENOMEM;
    page->reference = gnttab_grant(nic->backend_domain, page_frame(page->data), true);
    if (page->reference > 0) {
        nic->device.send_pages++;
        return 0;
    }
    page_free(page->data);
    return -ENOSPC;
}

/* What a queue may have goes by the memory that there is now. */
static void grow_small(struct netfront_queue *queue)
{
    struct netfront_transmit *transmit = &queue->transmit;
    unsigned int page = transmit->small_pages;

    if (page >= netfront_pool(queue->nic->queues).small ||
        new_page(queue->nic, &transmit->small_page[page]) != 0)
        return;
    ring_ids_add(&transmit->small, 2 * page + 1);
    ring_ids_add(&transmit->small, 2 * page);
    transmit->small_pages++;
}

static void grow_large(struct netfront_queue *queue, unsigned int wanted)
{
    struct netfront_transmit *transmit = &queue->transmit;
    unsigned int limit;

    if (transmit->large.unused >= wanted)
        return;
    limit = netfront_pool(queue->nic->queues).large;
    while (transmit->large.unused < wanted && transmit->large_pages < limit) {
        if (new_page(queue->nic, &transmit->large_page[transmit->large_pages]) != 0)
            return;
        ring_ids_add(&transmit->large, transmit->large_pages);
        transmit->large_pages++;
    }
}

bool netfront_transmit_has_room(const struct netfront_transmit *transmit, unsigned int large)
{
    if (large == 0)
        return transmit->small.unused > 0 && ring_space(&transmit->ring) > 0;
    return transmit->large.unused >= large && ring_space(&transmit->ring) > large;
}

/*
 * Collect what is finished, then add pages, then wait: 0, -EAGAIN, -ENOMEM (nothing is in flight
 * that could come back) or -EIO.
 */
static int make_room(struct netfront_queue *queue, unsigned int large)
{
    struct netfront_transmit *transmit = &queue->transmit;
    int ready;

    if (netfront_transmit_reap(queue) > 0 && netfront_transmit_has_room(transmit, large))
        return 0;
    if (large == 0 && transmit->small.unused == 0)
        grow_small(queue);
    else if (large > 0)
        grow_large(queue, large);
    while (!netfront_transmit_has_room(transmit, large)) {
        if (queue->nic->broken)
            return -EIO;
        /* What the backend has not been shown, it cannot complete. */
        netfront_transmit_publish(queue);
        if (ring_outstanding(&transmit->ring) == 0)
            return -ENOMEM;
        ready = ring_arm(&transmit->ring, (ring_outstanding(&transmit->ring) + 1) / 2);
        if (ready == 0) {
            transmit->waiting = true;
            return -EAGAIN;
        }
        if (ready < 0)
            netfront_break(queue->nic, "transmit producer out of range");
        else
            netfront_transmit_reap(queue);
    }
    return queue->nic->broken ? -EIO : 0;
}

/* Where the next byte of the frame comes from. */
struct cursor {
    const struct net_fragment *fragment;
    size_t offset;
};

static void copy_out(uint8_t *to, size_t length, struct cursor *from)
{
    while (length > 0) {
        size_t rest = from->fragment->length - from->offset;
        size_t part = rest < length ? rest : length;

        memcpy(to, (const uint8_t *)from->fragment->data + from->offset, part);
        to += part;
        length -= part;
        from->offset += part;
        if (from->offset == from->fragment->length) {
            from->fragment++;
            from->offset = 0;
        }
    }
}

static void write_request(struct ring *ring, int reference, unsigned int offset, unsigned int flags,
                          unsigned int id, size_t size)
{
    struct netif_tx_request *request = ring_next_request(ring);

    request->gref = (grant_ref_t)reference;
    request->offset = (uint16_t)offset;
    request->flags = (uint16_t)flags;
    request->id = (uint16_t)id;
    request->size = (uint16_t)size;
}

static void send_small(struct netfront_transmit *transmit, const struct net_fragment *fragments,
                       unsigned int count, size_t length, unsigned int flags)
{
    unsigned int id = (unsigned int)ring_ids_take(&transmit->small);
    struct netfront_page *page = &transmit->small_page[id / 2];
    unsigned int offset = id % 2 * NETFRONT_SMALL_SIZE;
    uint8_t *to = page->data + offset;
    unsigned int i;

    for (i = 0; i < count; i++) {
        memcpy(to, fragments[i].data, fragments[i].length);
        to += fragments[i].length;
    }
    write_request(&transmit->ring, page->reference, offset, flags, id, length);
}

static struct netif_extra_info *add_extra(struct netfront_transmit *transmit, unsigned int type)
{
    struct netif_extra_info *extra = ring_next_request(&transmit->ring);

    memset(extra, 0, SLOT_SIZE);
    extra->type = (uint8_t)type;
    transmit->extras++;
    return extra;
}

static void add_segmentation(struct netfront_transmit *transmit, const struct net_send_info *info)
{
    struct netif_extra_info *extra = add_extra(transmit, XEN_NETIF_EXTRA_TYPE_GSO);

    extra->u.gso.size = info->segment_size;
    extra->u.gso.type = info->ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
}

/* No data, so there is no page to name. */
void netfront_transmit_word(struct netfront_transmit *transmit, unsigned int group,
                            unsigned int word, const uint8_t mac[6])
{
    write_request(&transmit->ring, 0, 0, NETTXF_extra_info, NETFRONT_BUFFERS + group, 0);
    memcpy(add_extra(transmit, word)->u.mcast.addr, mac, 6);
}

/* A chain: the first request carries the length of the whole frame, the others their own. */
static void send_large(struct netfront_transmit *transmit, const struct net_fragment *fragments,
                       size_t length, unsigned int flags, const struct net_send_info *info)
{
    struct cursor cursor = { fragments, 0 };
    size_t size = length;

    if (info->segment_size > 0)
        flags |= NETTXF_extra_info;

    while (length > 0) {
        unsigned int id = (unsigned int)ring_ids_take(&transmit->large);
        size_t part = length < PAGE_SIZE ? length : PAGE_SIZE;

        copy_out(transmit->large_page[id].data, part, &cursor);
        length -= part;
        write_request(&transmit->ring, transmit->large_page[id].reference, 0,
                      flags | (length > 0 ? NETTXF_more_data : 0), NETFRONT_SMALL_BUFFERS + id,
                      size);
        if (flags & NETTXF_extra_info)
            add_segmentation(transmit, info);
        flags = 0;
        size = length < PAGE_SIZE ? length : PAGE_SIZE;
    }
}

int netfront_transmit_frame(struct netfront_queue *queue, const struct net_fragment *fragments,
                            unsigned int count, size_t length, const struct net_send_info *info)
{
    struct netfront_transmit *transmit = &queue->transmit;
    unsigned int flags = info->checksum_partial ? NETTXF_csum_blank | NETTXF_data_validated : 0;
    unsigned int large = 0;
    int result;

    if (length > NETFRONT_SMALL_SIZE || info->segment_size > 0)
        large = (unsigned int)((length + PAGE_SIZE - 1) / PAGE_SIZE);
    if (!netfront_transmit_has_room(transmit, large)) {
        result = make_room(queue, large);
        if (result != 0)
            return result;
    }
    if (large == 0)
        send_small(transmit, fragments, count, length, flags);
    else
        send_large(transmit, fragments, length, flags, info);
    return 0;
}
