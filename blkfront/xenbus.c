/* SPDX-License-Identifier: MIT */
/*
 * blkfront's handshake: at the backend's InitWait we offer a ring, at its Connected we read what
 * the disk is and register it.
 *
 * A disk is registered once and stays: when its device goes, it answers -ENODEV, and a device with
 * the same number that appears later takes its place. Size, sector size and read-only state are
 * read at each connection.
 *
 * A backend that restarts behind a connection (Linux' blkback, unbound and bound again) goes on
 * with our ring where the old one stopped; it shows InitWait meanwhile, and we must not move: it
 * looks for what we have written. Requests wait in the ring. Only a ring that was broken is given
 * up there, by closing first.
 */
#include "blkfront.h"

#include <errno.h>

#include <xen-abi/io/blkif.h>
#include <xen-abi/io/protocols.h>

#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/bus/xenstore.h"

#define RING_PAGE_MEMORY (64u << 20 >> PAGE_SHIFT)

static const struct block_operations blkfront_operations = {
    .submit = blkfront_submit,
    .kick = blkfront_kick,
};

static struct list disks = LIST_INIT(disks);

/*
 * A ring of one page is "ring-ref" alone, unless xenstore still has the order of a larger one of
 * before: then it is also a ring of order 0.
 */
static int write_ring_order(struct blkfront *disk)
{
    const char *node = disk->bus->node;
    char name[16];
    int result;

    if (disk->ring_order == 0 && !disk->ring_order_told)
        return 0;
    disk->ring_order_told = true;
    result = xenstore_write_format(XENSTORE_NONE, node, "ring-page-order", "%u", disk->ring_order);
    for (unsigned int i = 0; result == 0 && i < 1u << disk->ring_order; i++) {
        ksnprintf(name, sizeof(name), "ring-ref%u", i);
        result = xenstore_write_format(XENSTORE_NONE, node, name, "%d", disk->ring_references[i]);
    }
    return result;
}

static int write_nodes(struct blkfront *disk)
{
    const char *node = disk->bus->node;
    int result =
        xenstore_write_format(XENSTORE_NONE, node, "ring-ref", "%d", disk->ring_references[0]);

    if (result == 0)
        result = write_ring_order(disk);
    if (result == 0)
        result = xenstore_write_format(XENSTORE_NONE, node, "event-channel", "%d", disk->port.port);
    if (result == 0)
        result =
            xenstore_write_format(XENSTORE_NONE, node, "protocol", "%s", XEN_IO_PROTO_ABI_NATIVE);
    /* Our pages stay granted, whether or not the backend keeps them mapped. */
    if (result == 0)
        result = xenstore_write_format(XENSTORE_NONE, node, "feature-persistent", "1");
    return result;
}

/*
 * One page of ring for each 64 MiB of memory, rounded, at most 16 and what the backend takes: a page
 * is 32 requests, and costs Linux' blkback the better part of a MiB.
 */
static unsigned int choose_ring_order(const struct blkfront *disk)
{
    unsigned int most = (unsigned int)frontend_read_number(disk->bus->backend,
                                                           "max-ring-page-order", UINT32_MAX, 0);
    size_t pages = (pages_total() + RING_PAGE_MEMORY / 2) / RING_PAGE_MEMORY;
    unsigned int order = 0;

    while (order < most && 2u << order <= pages && 2u << order <= BLKFRONT_RING_PAGES_MAX)
        order++;
    return order;
}

/* There is a ring, and the backend may use it. */
static bool offered(const struct blkfront *disk)
{
    return disk->ring_memory != NULL &&
           (disk->bus->state == XenbusStateInitialised || disk->bus->state == XenbusStateConnected);
}

/* A broken ring is not left to a backend that starts again. */
static int blkfront_offer(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;
    uint16_t domain = bus->backend_domain;
    int result;

    if (offered(disk))
        return disk->broken ? xenbus_stop(bus) : 0;
    blkfront_disconnect(disk);
    disk->broken = false;
    result = blkfront_ring_create(disk, domain, choose_ring_order(disk));
    if (result == 0)
        result = frontend_port_open(&disk->port, domain, blkfront_event, disk);
    if (result == 0)
        result = write_nodes(disk);
    if (result == 0)
        result = xenbus_set_state(bus, XenbusStateInitialised);
    return result;
}

/*
 * A disk whose connection has held, or that this domain had when it was saved, is the same; any
 * other that appears under this number need not be.
 */
static int announce(struct blkfront *disk)
{
    int result;

    if (disk->registered && (disk->ready || disk->paused)) {
        block_contents_kept(&disk->block);
        return 0;
    }
    if (disk->registered) {
        block_contents_replaced(&disk->block);
        return 0;
    }
    block_expect_no_more(&disk->block);
    result = block_register(&disk->block);
    disk->registered = result == 0;
    return result;
}

static void say_usable(const struct blkfront *disk)
{
    printk_limited(&disk->bus->log, "%s: %llu KiB, sectors of %u bytes%s%s%s", disk->block.name,
                   (unsigned long long)disk->block.size / 1024, disk->block.sector_size,
                   disk->block.read_only ? ", read-only" : "", disk->block.cdrom ? ", CD-ROM" : "",
                   disk->block.removable ? ", removable" : "");
}

/*
 * The backend is connected, for the first time or again. Only after the last wait for xenstore the
 * disk is looked at: in a connection that goes on, the backend may have broken it meanwhile.
 */
static int blkfront_start(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;
    struct blkfront_properties properties;
    int result;

    if (!offered(disk))
        return 0;
    result = blkfront_read_properties(disk, &properties);
    if (result == 0)
        result = xenbus_set_state(bus, XenbusStateConnected);
    if (result == 0 && !disk->broken) {
        blkfront_set_properties(disk, &properties);
        result = announce(disk);
    }
    if (result != 0)
        return result;
    disk->ready = !disk->broken;
    blkfront_unpause(disk);
    if (disk->ready) {
        frontend_port_rearm(&disk->port, true);
        say_usable(disk);
    }
    xenbus_settled(bus);
    return 0;
}

/*
 * A disk that was resized while it is connected. A number that makes no sense is no news, and other
 * properties are those of the connection.
 */
static int blkfront_backend_again(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;
    uint64_t size;
    int result;

    if (!disk->ready || bus->backend_state != XenbusStateConnected)
        return 0;
    result = blkfront_read_size(disk, disk->block.sector_size, &size);
    if (result != 0)
        return result == -ETIMEDOUT ? result : 0;
    if (!disk->ready || size == disk->block.size)
        return 0;
    printk_limited(&disk->bus->log, "%s: %llu KiB now, %llu KiB before", disk->block.name,
                   (unsigned long long)size / 1024, (unsigned long long)disk->block.size / 1024);
    block_resize(&disk->block, size);
    return 0;
}

static void note_gone(struct blkfront *disk)
{
    if (!disk->ready && !disk->paused)
        return;
    printk_limited(&disk->bus->log, "%s: the disk is gone", disk->block.name);
    block_gone(&disk->block);
}

/* Nothing more is asked, but the pages are freed when the backend has closed and let go of them. */
static void blkfront_stop(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    note_gone(disk);
    blkfront_abandon(disk);
    blkfront_unpause(disk);
}

static void blkfront_close(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    note_gone(disk);
    blkfront_disconnect(disk);
    blkfront_unpause(disk);
}

static struct blkfront *find_detached(unsigned int id)
{
    struct list *node, *next;

    list_for_each (node, next, &disks) {
        struct blkfront *disk = container_of(node, struct blkfront, link);

        if (disk->id == id && disk->bus == NULL)
            return disk;
    }
    return NULL;
}

static struct blkfront *create(unsigned int id)
{
    struct blkfront *disk = kernel_alloc_zeroed(1, sizeof(*disk));

    if (disk == NULL)
        return NULL;
    disk->id = id;
    blkfront_name(disk->block.name, sizeof(disk->block.name), id);
    disk->block.operations = &blkfront_operations;
    disk->block.private_data = disk;
    list_init(&disk->block.link);
    frontend_port_init(&disk->port);
    list_init(&disk->pending);
    list_init(&disk->queue);
    wait_queue_init(&disk->rest);
    timer_init(&disk->ticker, blkfront_tick, disk);
    timer_init(&disk->patience, NULL, NULL);
    list_append(&disks, &disk->link);
    return disk;
}

static int blkfront_probe(struct xenbus_device *bus)
{
    struct blkfront *disk = find_detached(bus->id);

    if (disk == NULL)
        disk = create(bus->id);
    if (disk == NULL)
        return -ENOMEM;
    if (!disk->registered)
        block_expect(&disk->block);
    disk->bus = bus;
    bus->private_data = disk;
    return 0;
}

static void blkfront_remove(struct xenbus_device *bus)
{
    struct blkfront *disk = bus->private_data;

    if (disk == NULL)
        return;
    blkfront_close(bus);
    if (!disk->registered)
        block_expect_no_more(&disk->block);
    disk->broken = false;
    disk->bus = NULL;
    bus->private_data = NULL;
}

static void blkfront_describe(const struct xenbus_device *bus, char *line, size_t size)
{
    const struct blkfront *disk = bus->private_data;
    const struct block_statistics *done = &disk->block.statistics;
    const char *state = disk->broken ? " (broken)" : disk->ready ? "" : " (not connected)";

    ksnprintf(
        line, size,
        "%s%s: %u of %u ring slots in use, %u of %u pages free, port %d; %lu reads (%lu KiB)"
        ", %lu writes (%lu KiB), %lu flushes, %lu discards; %lu merged, %lu failed, %lu x %lu us",
        disk->block.name, state, disk->ring_memory ? ring_outstanding(&disk->ring) : 0,
        disk->ring_memory ? disk->ring.mask + 1 : 0, disk->pool.unused, disk->pool.count,
        disk->port.port, done->requests[BLOCK_READ], done->bytes[BLOCK_READ] / 1024,
        done->requests[BLOCK_WRITE], done->bytes[BLOCK_WRITE] / 1024, done->requests[BLOCK_FLUSH],
        done->requests[BLOCK_DISCARD] + done->requests[BLOCK_DISCARD_SECURE], done->merged,
        done->errors, done->transfers, done->sampled ? done->sampled_ns / done->sampled / 1000 : 0);
}

static const struct xenbus_driver blkfront_driver = {
    .type = "vbd",
    .probe = blkfront_probe,
    .offer = blkfront_offer,
    .start = blkfront_start,
    .stop = blkfront_stop,
    .close = blkfront_close,
    .backend_again = blkfront_backend_again,
    .remove = blkfront_remove,
    .suspend = blkfront_suspend,
    .drain = blkfront_drain,
    .cancel = blkfront_cancel,
    .resume = blkfront_resume,
    .describe = blkfront_describe,
};
XENBUS_DRIVER(blkfront_driver);
