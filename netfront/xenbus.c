/* SPDX-License-Identifier: MIT */
/*
 * netfront's handshake: what is read from xenstore, and when queues come and go.
 *
 * A backend that restarts behind a connection (Linux' netback, unbound and bound again) goes on
 * with our rings where the old one stopped; it shows InitWait meanwhile, and we must not move: it
 * looks for what we have written. Only rings that were broken are given up there, by closing
 * first.
 */
#include "netfront.h"

#include <errno.h>

#include "lib/base/printk.h"
#include "xen/bus/xenstore.h"
#include "lib/mm/heap.h"

#define MAC_LENGTH (sizeof("00:00:00:00:00:00") - 1)
#define MTU_DEFAULT 1500u
#define MTU_MIN 68u
#define MTU_MAX (NETFRONT_FRAME_MAX - NETFRONT_ETHERNET_HEADER - NETFRONT_VLAN_TAG)

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/*
 * Six pairs of digits with colons between and nothing more, not even behind a NUL, and the address
 * of one station, not of a group.
 */
static int parse_mac(const char *text, size_t length, uint8_t mac[6])
{
    unsigned int i;

    if (length != MAC_LENGTH)
        return -EINVAL;
    for (i = 0; i < 6; i++, text += 3) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
            return -EINVAL;
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return mac[0] & 1 ? -EINVAL : 0;
}

/* On error `mac` is what it was. */
static int read_mac(struct xenbus_device *bus, uint8_t mac[6])
{
    char path[sizeof(bus->node) + 4];
    uint8_t found[6];
    size_t length;
    char *text;
    int result;

    ksnprintf(path, sizeof(path), "%s/mac", bus->node);
    result = xenstore_read(XENSTORE_NONE, path, &text, &length);
    if (result != 0)
        return result;
    result = parse_mac(text, length, found);
    kernel_free(text);
    if (result == 0)
        memcpy(mac, found, sizeof(found));
    return result;
}

static void disconnect(struct netfront *nic)
{
    netfront_set_link(nic, false);
    netfront_release(nic);
}

static bool offers(const struct netfront *nic, const char *feature)
{
    return frontend_read_number(nic->bus->backend, feature, 1, 0) != 0;
}

/*
 * What the backend can do decides the size of frames, and the checksums and the cutting that we
 * leave to it.
 */
static int read_backend(struct netfront *nic)
{
    struct net_device *device = &nic->device;
    bool chains = offers(nic, "feature-sg");
    unsigned int mtu;

    if (!offers(nic, "feature-rx-copy"))
        return -EOPNOTSUPP;
    mtu = (unsigned int)frontend_read_number(nic->bus->node, "mtu", MTU_MAX, MTU_DEFAULT);
    if (mtu < MTU_MIN || (mtu > MTU_DEFAULT && !chains))
        mtu = MTU_DEFAULT;
    device->mtu = mtu;
    nic->frame_limit = mtu + NETFRONT_ETHERNET_HEADER + NETFRONT_VLAN_TAG;
    device->transmit_checksum = !offers(nic, "feature-no-csum-offload") &&
                                offers(nic, "feature-ipv6-csum-offload");
    chains = chains && device->transmit_checksum;
    device->transmit_large_ipv4 = chains && offers(nic, "feature-gso-tcpv4");
    device->transmit_large_ipv6 = chains && offers(nic, "feature-gso-tcpv6");
    return 0;
}

static int create_queues(struct netfront *nic)
{
    unsigned int offered = (unsigned int)frontend_read_number(
        nic->bus->backend, "multi-queue-max-queues", UINT32_MAX, 1);

    return netfront_queues_create(nic, netfront_queues_wanted(offered),
                                  offers(nic, "feature-split-event-channels"));
}

static void rearm_ports(struct netfront *nic)
{
    for (unsigned int i = 0; i < nic->queues; i++) {
        frontend_port_rearm(&nic->queue[i]->port, true);
        frontend_port_rearm(&nic->queue[i]->transmit_port, true);
    }
}

/* There are queues, and the backend may use them. */
static bool offered(const struct netfront *nic)
{
    return nic->connected && nic->bus->state == XenbusStateConnected;
}

/*
 * Build everything anew and tell the backend. After a restore the link has stayed up to the stack
 * above. The address may be another than before (a copy of a domain, with a cfg of its own; or the
 * toolstack has changed it). Broken rings are not left to a backend that starts again.
 */
static int netfront_offer(struct xenbus_device *bus)
{
    struct netfront *nic = bus->private_data;
    int result;

    if (offered(nic))
        return nic->broken ? xenbus_stop(bus) : 0;
    if (nic->moving)
        netfront_release(nic);
    else
        disconnect(nic);
    nic->broken = false;
    nic->backend_domain = bus->backend_domain;
    result = read_mac(bus, nic->device.mac);
    if (result == 0)
        result = read_backend(nic);
    if (result == 0)
        result = create_queues(nic);
    if (result == 0)
        result = netfront_write_nodes(nic);
    if (result == 0) {
        nic->connected = true;
        rearm_ports(nic);
        result = xenbus_set_state(bus, XenbusStateConnected);
    }
    return result;
}

static unsigned int receive_pages(const struct netfront *nic)
{
    unsigned int i, pages = 0;

    for (i = 0; i < nic->queues; i++)
        pages += nic->queue[i]->receive.pages;
    return pages;
}

static void link_up(struct netfront *nic)
{
    const uint8_t *mac = nic->device.mac;
    int result;

    printk_limited(&nic->bus->log,
                   "%s: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, %u queue%s, %u receive pages%s%s",
                   nic->device.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                   nic->device.mtu, nic->queues, nic->queues > 1 ? "s" : "", receive_pages(nic),
                   nic->device.transmit_checksum ? ", checksum offload" : "",
                   nic->device.transmit_large_ipv4 ? ", segmentation offload" : "");
    if (nic->moving)
        netfront_arrived(nic);
    netfront_set_link(nic, true);
    if (!nic->registered) {
        result = net_device_register(&nic->device);
        if (result != 0)
            printk("%s: cannot register: error %d", nic->device.name, -result);
        nic->registered = result == 0;
    }
    xenbus_settled(nic->bus);
}

/* It may be another backend than before, behind the same connection. */
static int netfront_start(struct xenbus_device *bus)
{
    struct netfront *nic = bus->private_data;

    if (!offered(nic) || nic->broken)
        return 0;
    if (!nic->device.link_up || nic->moving)
        link_up(nic);
    netfront_multicast_begin(nic);
    return 0;
}

/* The backend still has the rings mapped, and they are freed when it is done with them. */
static void netfront_stop(struct xenbus_device *bus)
{
    struct netfront *nic = bus->private_data;

    netfront_set_link(nic, false);
}

static void netfront_close(struct xenbus_device *bus)
{
    disconnect(bus->private_data);
}

/* The state has come a second time, perhaps of another backend; or multicast asked for the call. */
static int netfront_backend_again(struct xenbus_device *bus)
{
    return bus->backend_state == XenbusStateConnected ? netfront_start(bus) : 0;
}

static int netfront_probe(struct xenbus_device *bus)
{
    struct netfront *nic = kernel_alloc_zeroed(1, sizeof(*nic));
    int result;

    if (nic == NULL)
        return -ENOMEM;
    result = read_mac(bus, nic->device.mac);
    if (result != 0) {
        printk("%s: no usable mac: error %d", bus->node, -result);
        kernel_free(nic);
        return result;
    }
    ksnprintf(nic->device.name, sizeof(nic->device.name), "eth%u", bus->id);
    nic->device.mtu = MTU_DEFAULT;
    nic->device.operations = &netfront_operations;
    nic->device.private_data = nic;
    list_init(&nic->device.link);
    nic->bus = bus;
    nic->backend_domain = bus->backend_domain;
    timer_init(&nic->patience, NULL, NULL);
    bus->private_data = nic;
    return 0;
}

static void netfront_remove(struct xenbus_device *bus)
{
    struct netfront *nic = bus->private_data;

    if (nic == NULL)
        return;
    disconnect(nic);
    if (nic->registered)
        net_device_unregister(&nic->device);
    kernel_free(nic);
    bus->private_data = NULL;
}

static void netfront_describe(const struct xenbus_device *bus, char *line, size_t size)
{
    const struct netfront *nic = bus->private_data;
    const char *note = nic->broken ? " (broken)" : nic->connected ? "" : " (not connected)";
    struct netfront_pool pool = netfront_pool(nic->queues > 0 ? nic->queues : 1);
    unsigned int i, requests = 0, send_limit = nic->queues * (pool.small + pool.large);

    for (i = 0; i < nic->queues; i++)
        requests += ring_outstanding(&nic->queue[i]->transmit.ring);
    ksnprintf(line, size,
              "%s%s: queues: %u; %u requests on the way out; pages: %u posted, %u of %u to send "
              "from; first ports %d and %d; multicast groups: %u (0: all)",
              nic->device.name, note, nic->queues, requests, receive_pages(nic),
              nic->device.send_pages, send_limit, nic->queues > 0 ? nic->queue[0]->port.port : 0,
              nic->queues > 0 ? nic->queue[0]->transmit_port.port : 0,
              netfront_multicast_groups(nic));
}

static const struct xenbus_driver netfront_driver = {
    .type = "vif",
    .probe = netfront_probe,
    .offer = netfront_offer,
    .start = netfront_start,
    .stop = netfront_stop,
    .close = netfront_close,
    .backend_again = netfront_backend_again,
    .remove = netfront_remove,
    .resume = netfront_resume,
    .describe = netfront_describe,
};
XENBUS_DRIVER(netfront_driver);
