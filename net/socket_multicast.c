/* SPDX-License-Identifier: MIT */
/*
 * Groups that sockets have joined, and how they send to groups.
 *
 * It is the interface that is in a group: a datagram for one that any socket has joined goes to a
 * socket that is bound to its port, and to that one only. Each socket notes what it has joined, so
 * that this ends with it; a note names its interface by a number that is never used again, since
 * the interface may go first.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/igmp.h"
#include "lwip/ip.h"
#include "lwip/mem.h"
#include "lwip/mld6.h"
#include "lwip/udp.h"

#include "net_internal.h"
#include "socket_internal.h"

#define MEMBERSHIPS_MAXIMUM 20u /* of a socket, as on Linux */

struct membership {
    struct membership *next;
    uint32_t interface;
    ip_addr_t group;
};

static struct interface *interface_of(const struct netif *netif)
{
    return netif ? netif->state : NULL; /* the loopback interface has none */
}

static struct interface *interface_at(unsigned int index)
{
    return index <= UINT8_MAX ? interface_of(netif_get_by_index((u8_t)index)) : NULL;
}

static struct interface *interface_with(const ip4_addr_t *address)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (ip4_addr_eq(address, netif_ip4_addr(netif)))
            return interface_of(netif);
    }
    return NULL;
}

static err_t enter(struct netif *netif, const ip_addr_t *group)
{
    return IP_IS_V6(group) ? mld6_joingroup_netif(netif, ip_2_ip6(group))
                           : igmp_joingroup_netif(netif, ip_2_ip4(group));
}

static void leave_interface(const struct membership *membership)
{
    struct list *node, *next;

    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = container_of(node, struct interface, link);

        if (interface->number != membership->interface)
            continue;
        if (IP_IS_V6(&membership->group))
            mld6_leavegroup_netif(&interface->netif, ip_2_ip6(&membership->group));
        else
            igmp_leavegroup_netif(&interface->netif, ip_2_ip4(&membership->group));
    }
}

/* Where the socket notes this membership, of any interface if that is NULL; or the list's end. */
static struct membership **find(struct socket *socket, const ip_addr_t *group,
                                const struct interface *interface)
{
    struct membership **place = &socket->memberships;

    while (*place && !(ip_addr_eq(&(*place)->group, group) &&
                       (!interface || (*place)->interface == interface->number)))
        place = &(*place)->next;
    return place;
}

static int join(struct socket *socket, const ip_addr_t *group, struct interface *interface)
{
    struct membership *membership;
    unsigned int count = 0;
    err_t error;

    if (!interface)
        return -ENODEV;
    if (*find(socket, group, interface))
        return -EADDRINUSE;
    for (membership = socket->memberships; membership; membership = membership->next)
        count++;
    membership = count < MEMBERSHIPS_MAXIMUM ? mem_malloc(sizeof(*membership)) : NULL;
    if (!membership)
        return -ENOBUFS;
    error = enter(&interface->netif, group);
    if (error != ERR_OK) {
        mem_free(membership);
        return -socket_error(error);
    }
    membership->next = socket->memberships;
    membership->interface = interface->number;
    ip_addr_copy(membership->group, *group);
    socket->memberships = membership;
    return 0;
}

static void drop(struct membership **place)
{
    struct membership *membership = *place;

    *place = membership->next;
    leave_interface(membership);
    mem_free(membership);
}

static int leave(struct socket *socket, const ip_addr_t *group, const struct interface *interface)
{
    struct membership **place = find(socket, group, interface);

    if (!*place)
        return -EADDRNOTAVAIL;
    drop(place);
    return 0;
}

void socket_multicast_close(struct socket *socket)
{
    while (socket->memberships)
        drop(&socket->memberships);
}

/* What an application asks for; without a name, the interface is the one that is routed to. */
struct request {
    ip_addr_t group;
    struct interface *interface;
    bool named;
};

/* The shorter struct ip_mreq is the beginning of this one. */
static int read_mreqn(const void *value, socklen_t length, struct ip_mreqn *request)
{
    memset(request, 0, sizeof(*request));
    if (length < sizeof(struct ip_mreq))
        return -EINVAL;
    memcpy(request, value, length < sizeof(*request) ? sizeof(struct ip_mreq) : sizeof(*request));
    return 0;
}

static struct interface *named_interface(const struct ip_mreqn *request)
{
    ip4_addr_t address = { request->imr_address.s_addr };

    return request->imr_ifindex ? interface_at((unsigned int)request->imr_ifindex)
                                : interface_with(&address);
}

static int read_ipv4(const void *value, socklen_t length, struct request *request)
{
    struct ip_mreqn asked;
    int error = read_mreqn(value, length, &asked);

    if (error < 0)
        return error;
    ip_addr_set_ip4_u32_val(request->group, asked.imr_multiaddr.s_addr);
    request->named = asked.imr_ifindex != 0 || asked.imr_address.s_addr != INADDR_ANY;
    request->interface = request->named ? named_interface(&asked)
                                        : interface_of(ip4_route(ip_2_ip4(&request->group)));
    return ip_addr_ismulticast(&request->group) ? 0 : -EINVAL;
}

static int read_ipv6(const void *value, socklen_t length, struct request *request)
{
    ip6_addr_t *group = ip_2_ip6(&request->group);
    struct ipv6_mreq asked;

    if (length < sizeof(asked))
        return -EINVAL;
    memcpy(&asked, value, sizeof(asked));
    memcpy(group->addr, asked.ipv6mr_multiaddr.s6_addr, 16);
    IP_SET_TYPE(&request->group, IPADDR_TYPE_V6);
    request->named = asked.ipv6mr_interface != 0;
    request->interface = request->named ? interface_at(asked.ipv6mr_interface)
                                        : interface_of(ip6_route(IP6_ADDR_ANY6, group));
    if (request->interface)
        ip6_addr_assign_zone(group, IP6_MULTICAST, &request->interface->netif);
    return ip_addr_ismulticast(&request->group) ? 0 : -EINVAL;
}

static int change(struct socket *socket, int name, const void *value, socklen_t length)
{
    struct request request = { 0 };
    bool ipv6 = name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP;
    int error = ipv6 ? read_ipv6(value, length, &request) : read_ipv4(value, length, &request);

    if (error < 0)
        return error;
    if (name == IP_ADD_MEMBERSHIP || name == IPV6_JOIN_GROUP)
        error = join(socket, &request.group, request.interface);
    else
        error = leave(socket, &request.group, request.named ? request.interface : NULL);
    net_flush();
    return error;
}

/* Where datagrams to groups leave; NULL for wherever they are routed. */
static void send_by(struct socket *socket, const struct interface *interface)
{
    udp_set_multicast_netif_index(socket->udp,
                                  interface ? netif_get_index(&interface->netif) : NETIF_NO_INDEX);
}

/* The address of an interface alone will do too. */
static int set_interface_ipv4(struct socket *socket, int name, const void *value, socklen_t length)
{
    struct ip_mreqn asked = { 0 };
    const struct interface *interface;

    (void)name;
    if (length == sizeof(asked.imr_address))
        memcpy(&asked.imr_address, value, sizeof(asked.imr_address));
    else if (read_mreqn(value, length, &asked) < 0)
        return -EINVAL;
    interface = named_interface(&asked);
    if (!interface && (asked.imr_ifindex != 0 || asked.imr_address.s_addr != INADDR_ANY))
        return -EADDRNOTAVAIL;
    send_by(socket, interface);
    return 0;
}

/* A number; some of these options are also taken as one byte. */
static int read_number(const void *value, socklen_t length, int *number)
{
    if (length >= sizeof(*number))
        memcpy(number, value, sizeof(*number));
    else if (length > 0)
        *number = *(const uint8_t *)value;
    return length > 0 ? 0 : -EINVAL;
}

static int set_interface_ipv6(struct socket *socket, int name, const void *value, socklen_t length)
{
    const struct interface *interface;
    unsigned int index;

    (void)name;
    if (length < sizeof(index))
        return -EINVAL;
    memcpy(&index, value, sizeof(index));
    interface = interface_at(index);
    if (!interface && index != 0)
        return -ENODEV;
    send_by(socket, interface);
    return 0;
}

static int set_hops(struct socket *socket, int name, const void *value, socklen_t length)
{
    int number, error = read_number(value, length, &number);

    (void)name;
    if (error < 0 || number < -1 || number > 255)
        return -EINVAL;
    udp_set_multicast_ttl(socket->udp, (u8_t)(number < 0 ? 1 : number));
    return 0;
}

static int set_loop(struct socket *socket, int name, const void *value, socklen_t length)
{
    int number, error = read_number(value, length, &number);

    (void)name;
    if (error < 0)
        return error;
    if (number)
        udp_set_flags(socket->udp, UDP_FLAGS_MULTICAST_LOOP);
    else
        udp_clear_flags(socket->udp, UDP_FLAGS_MULTICAST_LOOP);
    return 0;
}

static int get_hops(const struct socket *socket)
{
    return udp_get_multicast_ttl(socket->udp);
}

static int get_loop(const struct socket *socket)
{
    return udp_is_flag_set(socket->udp, UDP_FLAGS_MULTICAST_LOOP) != 0;
}

static const struct option {
    int level, name;
    int (*set)(struct socket *socket, int name, const void *value, socklen_t length);
    int (*get)(const struct socket *socket);
} options[] = {
    { IPPROTO_IP, IP_ADD_MEMBERSHIP, change, NULL },
    { IPPROTO_IP, IP_DROP_MEMBERSHIP, change, NULL },
    { IPPROTO_IP, IP_MULTICAST_IF, set_interface_ipv4, NULL },
    { IPPROTO_IP, IP_MULTICAST_TTL, set_hops, get_hops },
    { IPPROTO_IP, IP_MULTICAST_LOOP, set_loop, get_loop },
    { IPPROTO_IPV6, IPV6_JOIN_GROUP, change, NULL },
    { IPPROTO_IPV6, IPV6_LEAVE_GROUP, change, NULL },
    { IPPROTO_IPV6, IPV6_MULTICAST_IF, set_interface_ipv6, NULL },
    { IPPROTO_IPV6, IPV6_MULTICAST_HOPS, set_hops, get_hops },
    { IPPROTO_IPV6, IPV6_MULTICAST_LOOP, set_loop, get_loop },
};

static const struct option *find_option(const struct socket *socket, int level, int name)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (options[i].level == level && options[i].name == name && socket->protocol == &socket_udp)
            return &options[i];
    return NULL;
}

int socket_multicast_set(struct socket *socket, int level, int name, const void *value,
                         socklen_t length)
{
    const struct option *option = find_option(socket, level, name);

    return option ? option->set(socket, name, value, length) : -ENOPROTOOPT;
}

int socket_multicast_get(const struct socket *socket, int level, int name, int *number)
{
    const struct option *option = find_option(socket, level, name);

    if (!option || !option->get)
        return -ENOPROTOOPT;
    *number = option->get(socket);
    return 0;
}

/* What the standard says of a new socket. */
void socket_multicast_open(struct socket *socket)
{
    udp_set_multicast_ttl(socket->udp, 1);
    udp_set_flags(socket->udp, UDP_FLAGS_MULTICAST_LOOP);
}
