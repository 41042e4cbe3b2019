/* SPDX-License-Identifier: MIT */
/*
 * What a backend reads of us in xenstore before it connects (<xen-abi/io/netif.h>).
 */
#include "netfront.h"

#include "lib/base/printk.h"
#include "xen/bus/xenstore.h"

#define QUEUES_NODE "multi-queue-num-queues"
#define QUEUE_DIRECTORY (sizeof(((struct xenbus_device *)NULL)->node) + sizeof("/" QUEUES_NODE))

/*
 * What we take: copies into our pages; the note that receive pages were posted (without it the
 * backend drops instead of waiting); chains of slots; frames whose IPv6 checksum is blank (IPv4's
 * may be, unless one says no); with pages enough, TCP segments that are yet to be cut.
 */
static const struct feature {
    const char *name;
    bool large;
} features[] = {
    { "request-rx-copy", false },  { "feature-rx-notify", false },
    { "feature-sg", false },       { "feature-ipv6-csum-offload", false },
    { "feature-gso-tcpv4", true }, { "feature-gso-tcpv6", true },
};

/* The other names may be left from a connection before, and a backend looks for them first. */
static int write_ports(const struct netfront_queue *queue, const char *directory)
{
    static const char *const split[] = { "event-channel-rx", "event-channel-tx" };
    const int ports[] = { queue->port.port, queue->transmit_port.port };
    char path[QUEUE_DIRECTORY + 20];
    int result = 0;
    unsigned int i;

    if (ports[1] > 0) {
        for (i = 0; i < 2 && result == 0; i++)
            result = xenstore_write_format(XENSTORE_NONE, directory, split[i], "%d", ports[i]);
        return result;
    }
    for (i = 0; i < 2; i++) {
        ksnprintf(path, sizeof(path), "%s/%s", directory, split[i]);
        xenstore_remove(XENSTORE_NONE, path);
    }
    return xenstore_write_format(XENSTORE_NONE, directory, "event-channel", "%d", ports[0]);
}

static int write_queue(const struct netfront_queue *queue, const char *directory)
{
    int result = xenstore_write_format(XENSTORE_NONE, directory, "tx-ring-ref", "%d",
                                       queue->transmit.reference);

    if (result == 0)
        result = xenstore_write_format(XENSTORE_NONE, directory, "rx-ring-ref", "%d",
                                       queue->receive.reference);
    return result == 0 ? write_ports(queue, directory) : result;
}

/*
 * Several queues have a directory each, and their number stands beside them; one has no directory,
 * and the number, which may be left from a connection before, has to go.
 */
static int write_queues(const struct netfront *nic)
{
    const char *node = nic->bus->node;
    char path[QUEUE_DIRECTORY];
    unsigned int i;
    int result;

    if (nic->queues == 1) {
        ksnprintf(path, sizeof(path), "%s/" QUEUES_NODE, node);
        xenstore_remove(XENSTORE_NONE, path);
        return write_queue(nic->queue[0], node);
    }
    result = xenstore_write_format(XENSTORE_NONE, node, QUEUES_NODE, "%u", nic->queues);
    for (i = 0; i < nic->queues && result == 0; i++) {
        ksnprintf(path, sizeof(path), "%s/queue-%u", node, i);
        result = write_queue(nic->queue[i], path);
    }
    return result;
}

int netfront_write_nodes(struct netfront *nic)
{
    const char *node = nic->bus->node;
    int result = write_queues(nic);
    unsigned int i;

    if (result == 0) /* nothing, until it has been told of the groups */
        result = netfront_multicast_request(nic, false);
    for (i = 0; i < sizeof(features) / sizeof(features[0]) && result == 0; i++)
        result = xenstore_write_format(XENSTORE_NONE, node, features[i].name, "%d",
                                       !features[i].large || nic->large);
    return result;
}
