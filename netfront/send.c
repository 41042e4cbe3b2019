/* SPDX-License-Identifier: MIT */
/*
 * Sending a frame.
 *
 * Completions are not waited for. The backend is asked for no event; finished buffers are collected
 * when one is needed and none is free, and only when that yields nothing, is an event asked for and
 * the caller told -EAGAIN. A backend that never completes fills the ring once and then gets no
 * more.
 */
#include "netfront.h"

#include <errno.h>
#include <string.h>

#include <xen-abi/io/netif.h>

#include "lib/mm/pages.h"
#include "xen/bus/gnttab.h"

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
    netfront_transmit_request(&transmit->ring, page->reference, offset, flags, id, length);
}

static void add_segmentation(struct netfront_transmit *transmit, const struct net_send_info *info)
{
    struct netif_extra_info *extra = netfront_transmit_extra(transmit, XEN_NETIF_EXTRA_TYPE_GSO);

    extra->u.gso.size = info->segment_size;
    extra->u.gso.type = info->ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
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
        netfront_transmit_request(&transmit->ring, transmit->large_page[id].reference, 0,
                                  flags | (length > 0 ? NETTXF_more_data : 0),
                                  NETFRONT_SMALL_BUFFERS + id, size);
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
