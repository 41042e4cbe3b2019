/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the interfaces: DHCP, static, SLAAC; what is said about them; and boot's wait for an
 * address.
 *
 * DHCP keeps trying for ever; when nobody has answered for ten seconds, that is said once, and the
 * application runs.
 */
#include <string.h>

#include "lib/base/init.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/nd6.h"

#include "address_text.h"
#include "lwip_hooks.h"
#include "net_internal.h"

#define DHCP_PATIENCE SECONDS(10)

static struct wait_queue address_queue = WAIT_QUEUE_INIT(address_queue);
static bool boot_waits;

static struct interface *interface_of(struct list *node)
{
    return container_of(node, struct interface, link);
}

static size_t format_address(const ip_addr_t *address, char *text)
{
    uint8_t bytes[16];

    if (IP_IS_V6(address)) {
        memcpy(bytes, ip_2_ip6(address)->addr, 16);
        return net_format_ipv6(bytes, text);
    }
    memcpy(bytes, &ip_2_ip4(address)->addr, 4);
    return net_format_ipv4(bytes, text);
}

static void report_address(struct interface *interface)
{
    const struct netif *netif = &interface->netif;
    char address[NET_IPV6_TEXT], gateway[NET_IPV6_TEXT] = "none", server[NET_IPV6_TEXT] = "none";
    const ip_addr_t *name_server = dns_getserver(0);

    format_address(&netif->ip_addr, address);
    if (!ip4_addr_isany_val(*netif_ip4_gw(netif)))
        format_address(&netif->gw, gateway);
    if (!ip_addr_isany(name_server))
        format_address(name_server, server);
    printk_limited(&interface->log, "%s: %s/%d gateway %s name server %s (%s)",
                   interface->device->name, address,
                   __builtin_popcount(netif_ip4_netmask(netif)->addr), gateway, server,
                   interface->config->ipv4_mode == NET_ADDRESS_STATIC ? "static" : "DHCP");
}

/* lwIP calls this when an address or the state of an interface changed. */
static void status_changed(struct netif *netif)
{
    struct interface *interface = netif->state;
    uint32_t address = netif_ip4_addr(netif)->addr;

    if (address == interface->reported_address)
        return;
    interface->reported_address = address;
    interface->address_told = false;
    if (address == 0) {
        printk_limited(&interface->log, "%s: address given up", interface->device->name);
        return;
    }
    interface->dhcp_complaint = DEADLINE_NEVER;
    net_wake();
}

static void add_name_servers(const struct net_config *config)
{
    unsigned int index, slot;

    for (index = 0; index < config->name_server_count; index++) {
        for (slot = 0; slot < DNS_MAX_SERVERS; slot++) {
            if (ip_addr_eq(dns_getserver((u8_t)slot), &config->name_servers[index]))
                break;
            if (ip_addr_isany(dns_getserver((u8_t)slot))) {
                dns_setserver((u8_t)slot, &config->name_servers[index]);
                break;
            }
        }
    }
}

static void configure_ipv4(struct interface *interface)
{
    const struct net_config *config = interface->config;
    struct netif *netif = &interface->netif;

    if (config->ipv4_mode == NET_ADDRESS_STATIC) {
        netif_set_addr(netif, &config->address, &config->netmask, &config->gateway);
    } else if (config->ipv4_mode == NET_ADDRESS_AUTOMATIC) {
        if (dhcp_start(netif) != ERR_OK)
            printk("%s: no memory for DHCP", interface->device->name);
        interface->dhcp_complaint = deadline_after(DHCP_PATIENCE);
    }
}

static void configure_ipv6(struct interface *interface)
{
    const struct net_config *config = interface->config;
    struct netif *netif = &interface->netif;
    s8_t index;

    if (config->ipv6_mode == NET_ADDRESS_OFF)
        return;
    netif_create_ip6_linklocal_address(netif, 1);
    if (config->ipv6_mode == NET_ADDRESS_AUTOMATIC) {
        netif_set_ip6_autoconfig_enabled(netif, 1);
    } else if (netif_add_ip6_address(netif, &config->ipv6_address, &index) == ERR_OK) {
        netif_ip6_addr_set_valid_life(netif, index, IP6_ADDR_LIFE_STATIC);
        netif_ip6_addr_set_state(netif, index, IP6_ADDR_TENTATIVE);
    }
}

/* The link came up for the first time: give the interface its addresses. Later, lwIP itself renews
 * what a new link asks for. */
void net_configure(struct interface *interface)
{
    struct netif *netif = &interface->netif;

    if (netif_is_up(netif) || !netif_is_link_up(netif))
        return;
    netif_set_status_callback(netif, status_changed);
    add_name_servers(interface->config);
    configure_ipv6(interface);
    netif_set_up(netif);
    configure_ipv4(interface);
}

void net_deconfigure(struct interface *interface)
{
    struct netif *netif = &interface->netif;

    netif_set_status_callback(netif, NULL);
    if (netif_dhcp_data(netif)) {
        dhcp_stop(netif);
        dhcp_cleanup(netif);
    }
}

/* lwIP tells of an address before it sets mask and gateway, so what follows from it waits for the
 * end of the round. */
static void address_arrived(struct interface *interface)
{
    struct netif *netif = &interface->netif;

    interface->address_told = true;
    if (!netif_default || ip4_addr_isany_val(*netif_ip4_gw(netif_default)))
        netif_set_default(netif);
    report_address(interface);
}

static bool addresses_missing(void)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (interface->config->ipv4_mode == NET_ADDRESS_AUTOMATIC && interface->device->link_up &&
            ip4_addr_isany_val(*netif_ip4_addr(&interface->netif)))
            return true;
        if (interface->changed)
            return true;
    }
    return false;
}

void net_configure_check(uint64_t now)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (interface->reported_address && !interface->address_told)
            address_arrived(interface);
        net_announce_check(interface, now);
        if (now >= interface->dhcp_complaint) {
            interface->dhcp_complaint = DEADLINE_NEVER;
            printk("%s: no DHCP server answers; still trying", interface->device->name);
        }
    }
    if (boot_waits && !addresses_missing())
        wake_all(&address_queue);
}

uint64_t net_configure_deadline(void)
{
    uint64_t deadline = DEADLINE_NEVER;
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (interface->dhcp_complaint < deadline)
            deadline = interface->dhcp_complaint;
        if (interface->announcements > 0 && interface->announce_at < deadline)
            deadline = interface->announce_at;
    }
    return deadline;
}

/* The gateway that the command line gives, for destinations that no router has announced itself
 * for. */
const ip6_addr_t *net_ipv6_gateway(struct netif *netif)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = interface_of(node);

        if (&interface->netif == netif && !ip6_addr_isany_val(interface->config->ipv6_gateway))
            return &interface->config->ipv6_gateway;
    }
    return NULL;
}

/* main() starts when each interface with a link has its address, or when it is time to go on
 * without. */
static void wait_for_addresses(void)
{
    if (list_empty(&net_interfaces)) {
        printk("net: no network device");
        return;
    }
    boot_waits = true;
    net_wake();
    wait_until(&address_queue, !addresses_missing(), net_config_wait_deadline());
    boot_waits = false;
}

INITCALL(address, wait_for_addresses);
