/* SPDX-License-Identifier: MIT */
/* The sysrq command that shows what the network does. */
#include <stdint.h>

#include "lib/base/printk.h"
#include "net/netdev.h"
#include "net/usage.h"
#include "lib/base/sysrq.h"

static void print_device(const struct net_device *device)
{
    printk_wait("%s: link %s, received %lu frames (%lu large, %lu bytes, %lu dropped, %lu errors), "
                "sent %lu (%lu large, %lu bytes, %lu dropped)",
                device->name, device->link_up ? "up" : "down", device->statistics.received,
                device->statistics.received_large, device->statistics.received_bytes,
                device->statistics.receive_dropped, device->statistics.receive_errors,
                device->statistics.sent, device->statistics.sent_large,
                device->statistics.sent_bytes, device->statistics.send_dropped);
}

static void print_network(void)
{
    const struct net_device *device;
    struct net_usage usage;

    for (unsigned int i = 0; (device = net_device_at(i)); i++)
        print_device(device);
    net_usage_get(&usage);
    printk_wait("stack: %zu of %zu bytes, %u sockets; TCP: %u connections, %u in TIME_WAIT, %u "
                "listeners; UDP: %u, %lu datagrams dropped; name queries: %u",
                usage.memory, usage.memory_limit, usage.sockets, usage.tcp_active,
                usage.tcp_time_wait, usage.tcp_listeners, usage.udp, usage.datagrams_dropped,
                usage.queries);
}
SYSRQ_COMMAND('n', "network", print_network);
