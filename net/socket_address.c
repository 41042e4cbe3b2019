/* SPDX-License-Identifier: MIT */
/*
 * Between struct sockaddr and lwIP's addresses. An IPv6 socket speaks IPv4 as ::ffff:a.b.c.d (RFC
 * 4291, 2.5.5.2); the scope of a link-local address is the number of its interface.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/netif.h"

#include "socket_internal.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static void set_ipv4(ip_addr_t *ip, const void *bytes)
{
    memcpy(&ip_2_ip4(ip)->addr, bytes, 4);
    IP_SET_TYPE(ip, IPADDR_TYPE_V4);
}

static int ipv6_in(const struct socket *socket, const struct sockaddr_in6 *address, ip_addr_t *ip)
{
    const uint8_t *bytes = address->sin6_addr.s6_addr;

    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        if (socket->v6_only)
            return -ENETUNREACH;
        set_ipv4(ip, bytes + 12);
        return 0;
    }
    memcpy(ip_2_ip6(ip)->addr, bytes, 16);
    ip6_addr_clear_zone(ip_2_ip6(ip));
    IP_SET_TYPE(ip, IPADDR_TYPE_V6);
    if (address->sin6_scope_id && ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(ip), (u8_t)address->sin6_scope_id);
    return 0;
}

int socket_address_in(const struct socket *socket, const struct sockaddr *address, socklen_t length,
                      ip_addr_t *ip, uint16_t *port)
{
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;

    memset(ip, 0, sizeof(*ip));
    if (!address)
        return -EFAULT;
    if (length < sizeof(address->sa_family))
        return -EINVAL;
    if (address->sa_family != socket->domain)
        return -EAFNOSUPPORT;
    if (length < (socket->domain == AF_INET ? sizeof(ipv4) : sizeof(ipv6)))
        return -EINVAL;
    if (socket->domain == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        *port = lwip_ntohs(ipv4.sin_port);
        set_ipv4(ip, &ipv4.sin_addr);
        return 0;
    }
    memcpy(&ipv6, address, sizeof(ipv6));
    *port = lwip_ntohs(ipv6.sin6_port);
    return ipv6_in(socket, &ipv6, ip);
}

static void store(struct sockaddr *address, socklen_t *length, const void *value, socklen_t size)
{
    memcpy(address, value, *length < size ? *length : size);
    *length = size;
}

void socket_address_out(int domain, const ip_addr_t *ip, uint16_t port, struct sockaddr *address,
                        socklen_t *length)
{
    struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = lwip_htons(port) };
    struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = lwip_htons(port) };

    if (!address || !length)
        return;
    if (domain == AF_INET) {
        memcpy(&ipv4.sin_addr, &ip_2_ip4(ip)->addr, 4);
        store(address, length, &ipv4, sizeof(ipv4));
        return;
    }
    if (IP_IS_V6(ip)) {
        memcpy(&ipv6.sin6_addr, ip_2_ip6(ip)->addr, 16);
        ipv6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
    } else if (IP_IS_V4(ip)) {
        memcpy(ipv6.sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix));
        memcpy(ipv6.sin6_addr.s6_addr + 12, &ip_2_ip4(ip)->addr, 4);
    }
    store(address, length, &ipv6, sizeof(ipv6));
}

bool socket_address_is_ours(const ip_addr_t *ip)
{
    struct netif *netif;

    if (ip_addr_isany(ip) || ip_addr_isloopback(ip))
        return true;
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V6(ip) ? netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0
                         : ip4_addr_eq(ip_2_ip4(ip), netif_ip4_addr(netif)))
            return true;
    }
    return false;
}
