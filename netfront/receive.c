/* SPDX-License-Identifier: MIT */
/*
 * Receiving: responses in, frames to the stack, the same pages posted again.
 *
 * A frame is a chain of responses; extra-info slots may follow the first. Sizes and offsets come
 * from the backend: a frame that does not stay within its pages, its 19 slots or 64 KiB is dropped
 * with its whole chain and counted, and so is one with extra-info that was not asked for or makes
 * no sense. A chain that goes on past the producer, or a response out of order, leaves no common
 * ground: that breaks the device.
 */
#include "netfront.h"

#include <errno.h>

#include <xen-abi/io/netif.h>

#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"

_Static_assert(offsetof(struct netif_rx_sring, ring) == sizeof(struct ring_header), "ring head");
_Static_assert(sizeof(union netif_rx_sring_entry) == 8, "receive slot");
_Static_assert(sizeof(struct netif_extra_info) <= sizeof(struct netif_rx_response),
               "extra-info slot");

#define SLOT_SIZE sizeof(union netif_rx_sring_entry)
#define PAGES_MIN 16u
/* Below that, the pages for one large frame might never be posted at the same time. */
#define PAGES_FOR_LARGE (2 * NETFRONT_CHAIN_MAX)

/* A frame while its chain is being taken. */
struct frame {
    unsigned int count;
    unsigned int slots;
    bool segments; /* it stands for several: the backend has said of which size */
    size_t length;
    const char *fault; /* why it is to be dropped */
    struct net_receive_info info;
    struct net_fragment fragments[NETFRONT_CHAIN_MAX];
};

/* Post every page that is not with the backend. */
static void post(struct netfront_receive *receive)
{
    struct ring *ring = &receive->ring;

    while (ring_outstanding(ring) < receive->pages) {
        uint16_t id = (uint16_t)(ring->produced & (receive->pages - 1));
        struct netif_rx_request *request = ring_next_request(ring);

        request->id = id;
        request->pad = 0;
        request->gref = (grant_ref_t)receive->page[id].reference;
    }
}

static void publish(struct netfront_queue *queue)
{
    if (ring_publish(&queue->receive.ring))
        evtchn_notify(queue->port.port);
}

static int add_page(const struct netfront *nic, struct netfront_page *page)
{
    page->data = page_alloc_zeroed();
    if (page->data == NULL)
        return -ENOMEM;
    page->reference = gnttab_grant(nic->backend_domain, page_frame(page->data), false);
    if (page->reference > 0)
        return 0;
    page_free(page->data);
    page->data = NULL;
    return -ENOSPC;
}

static void drop_pages(struct netfront_receive *receive, unsigned int from, unsigned int to)
{
    for (; from < to; from++) {
        gnttab_end_and_free(receive->page[from].reference, receive->page[from].data);
        receive->page[from].data = NULL;
    }
}

/*
 * As many pages as are wanted, or, when memory or references are short, half or a quarter as many.
 */
static int fill(struct netfront_queue *queue)
{
    struct netfront_receive *receive = &queue->receive;
    unsigned int wanted = queue->nic->pool.receive;
    unsigned int have = 0;
    int result = 0;

    while (have < wanted && result == 0) {
        result = add_page(queue->nic, &receive->page[have]);
        if (result == 0)
            have++;
    }
    while (wanted > have)
        wanted /= 2;
    if (wanted < PAGES_MIN)
        wanted = 0;
    drop_pages(receive, wanted, have);
    receive->pages = wanted;
    return wanted > 0 ? 0 : result;
}

int netfront_receive_create(struct netfront_queue *queue)
{
    struct netfront_receive *receive = &queue->receive;
    int result =
        frontend_ring_alloc(queue->nic->backend_domain, &receive->memory, &receive->reference);

    if (result != 0)
        return result;
    ring_init(&receive->ring, receive->memory, PAGE_SIZE, SLOT_SIZE);
    result = fill(queue);
    if (result != 0) {
        netfront_receive_destroy(queue);
        return result;
    }
    post(receive);
    /* Nobody listens yet: the backend looks at the ring when it connects. */
    ring_publish(&receive->ring);
    return 0;
}

void netfront_receive_destroy(struct netfront_queue *queue)
{
    struct netfront_receive *receive = &queue->receive;

    drop_pages(receive, 0, receive->pages);
    receive->pages = 0;
    frontend_ring_free(&receive->memory, &receive->reference);
}

bool netfront_receive_takes_large(const struct netfront_queue *queue)
{
    return queue->receive.pages >= PAGES_FOR_LARGE;
}

/*
 * Copy the next response, or extra-info, of a frame; a frame that goes on past the producer breaks
 * the device.
 */
static int take_slot(struct netfront_queue *queue, struct frame *frame, void *slot)
{
    if (ring_ready(&queue->receive.ring) == 0) {
        netfront_break(queue->nic, "a frame goes on past the producer");
        return -EPROTO;
    }
    ring_take(&queue->receive.ring, slot, SLOT_SIZE);
    if (++frame->slots > NETFRONT_CHAIN_MAX)
        frame->fault = "too many slots";
    return 0;
}

/* A large TCP segment: once in a frame, of a kind that we announced, and with a size. */
static void check_segments(const struct netfront *nic, struct frame *frame,
                           const struct netif_extra_info *extra)
{
    if (!nic->large)
        frame->fault = "segmentation that was not offered";
    else if (frame->segments)
        frame->fault = "segmentation twice";
    else if (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
             extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
        frame->fault = "unknown segmentation";
    else if (extra->u.gso.size == 0 || extra->u.gso.features != 0)
        frame->fault = "bad segmentation";
    frame->segments = true;
}

/* Extra-info of the kinds that are known but not asked for (a hash) is skipped. */
static int take_extras(struct netfront_queue *queue, struct frame *frame)
{
    union {
        struct netif_extra_info info;
        uint8_t bytes[SLOT_SIZE];
    } extra;

    do {
        if (take_slot(queue, frame, &extra) != 0)
            return -EPROTO;
        if (extra.info.type == XEN_NETIF_EXTRA_TYPE_NONE ||
            extra.info.type >= XEN_NETIF_EXTRA_TYPE_MAX)
            frame->fault = "unknown extra-info";
        else if (extra.info.type == XEN_NETIF_EXTRA_TYPE_GSO)
            check_segments(queue->nic, frame, &extra.info);
    } while (extra.info.flags & XEN_NETIF_EXTRA_FLAG_MORE);
    return 0;
}

static void add_fragment(struct frame *frame, const uint8_t *page,
                         const struct netif_rx_response *response)
{
    if (frame->fault != NULL)
        return;
    if (response->status < 0) {
        frame->fault = "error status";
    } else if (response->offset + (unsigned int)response->status > PAGE_SIZE) {
        frame->fault = "data beyond the page";
    } else if (frame->length + (unsigned int)response->status > NETFRONT_FRAME_MAX) {
        frame->fault = "more than 64 KiB";
    } else {
        frame->fragments[frame->count].data = page + response->offset;
        frame->fragments[frame->count].length = (unsigned int)response->status;
        frame->count++;
        frame->length += (unsigned int)response->status;
    }
}

static int take_frame(struct netfront_queue *queue, struct frame *frame)
{
    struct netfront_receive *receive = &queue->receive;
    struct netif_rx_response response;

    frame->count = frame->slots = 0;
    frame->segments = false;
    frame->length = 0;
    frame->fault = NULL;
    do {
        unsigned int id = receive->ring.consumed & (receive->pages - 1);
        bool first = frame->slots == 0;

        if (take_slot(queue, frame, &response) != 0)
            return -EPROTO;
        if (response.id != id) {
            netfront_break(queue->nic, "receive response with a wrong id");
            return -EPROTO;
        }
        add_fragment(frame, receive->page[id].data, &response);
        if (!first)
            continue;
        frame->info.checksum_blank = (response.flags & NETRXF_csum_blank) != 0;
        frame->info.checksum_valid = (response.flags & NETRXF_data_validated) != 0;
        if ((response.flags & NETRXF_extra_info) && take_extras(queue, frame) != 0)
            return -EPROTO;
    } while (response.flags & NETRXF_more_data);
    if (frame->fault == NULL && frame->length < NETFRONT_ETHERNET_HEADER)
        frame->fault = "shorter than an Ethernet header";
    return 0;
}

static void deliver(struct netfront *nic, const struct frame *frame)
{
    struct net_device *device = &nic->device;

    if (frame->fault != NULL) {
        device->statistics.receive_errors++;
        if (!nic->bad_frame_logged)
            printk_limited(
                &nic->bus->log,
                "%s: bad frame from the backend (%s), dropped; later ones are only counted",
                device->name, frame->fault);
        nic->bad_frame_logged = true;
    } else if (device->receive == NULL) {
        device->statistics.receive_dropped++;
    } else {
        device->statistics.received++;
        device->statistics.received_bytes += frame->length;
        device->statistics.received_large += frame->segments;
        device->receive(device, frame->fragments, frame->count, &frame->info);
    }
}

unsigned int netfront_receive_frames(struct netfront_queue *queue, unsigned int budget)
{
    struct netfront *nic = queue->nic;
    struct netfront_receive *receive = &queue->receive;
    struct frame frame;
    unsigned int taken = 0;

    while (taken < budget && !nic->broken) {
        if (ring_ready(&receive->ring) == 0) {
            int ready = ring_poll(&receive->ring);

            if (ready < 0)
                netfront_break(nic, "receive producer out of range");
            if (ready <= 0)
                break;
        }
        if (take_frame(queue, &frame) != 0)
            break;
        deliver(nic, &frame);
        taken++;
        post(receive);
        if (receive->ring.produced - receive->ring.published >= receive->pages / 2)
            publish(queue);
    }
    if (!nic->broken)
        publish(queue);
    return taken;
}
