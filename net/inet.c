/* SPDX-License-Identifier: MIT */
/*
 * <arpa/inet.h> and <net/if.h>.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "address_text.h"
#include "net_internal.h"

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

int inet_aton(const char *text, struct in_addr *address)
{
    return net_parse_ipv4(text, strlen(text), (uint8_t *)&address->s_addr);
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;

    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr address)
{
    static char text[NET_IPV4_TEXT];

    net_format_ipv4((const uint8_t *)&address.s_addr, text);
    return text;
}

int inet_pton(int family, const char *text, void *address)
{
    uint8_t bytes[16];
    size_t size = family == AF_INET ? 4 : 16;

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (family == AF_INET ? !net_parse_ipv4(text, strlen(text), bytes)
                          : !net_parse_ipv6(text, strlen(text), bytes))
        return 0;
    memcpy(address, bytes, size);
    return 1;
}

const char *inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    char buffer[NET_IPV6_TEXT];
    size_t length;

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    length = family == AF_INET ? net_format_ipv4(address, buffer)
                               : net_format_ipv6(address, buffer);
    if (length >= size) {
        errno = ENOSPC;
        return NULL;
    }
    memcpy(text, buffer, length + 1);
    return text;
}

#define LOOPBACK_INDEX 1

unsigned int if_nametoindex(const char *name)
{
    struct list *node, *next;

    if (strcmp(name, "lo") == 0)
        return LOOPBACK_INDEX;
    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = container_of(node, struct interface, link);

        if (strcmp(interface->device->name, name) == 0)
            return netif_get_index(&interface->netif);
    }
    errno = ENODEV;
    return 0;
}

char *if_indextoname(unsigned int index, char name[IF_NAMESIZE])
{
    struct list *node, *next;

    if (index == LOOPBACK_INDEX)
        return strcpy(name, "lo");
    list_for_each (node, next, &net_interfaces) {
        struct interface *interface = container_of(node, struct interface, link);

        if (netif_get_index(&interface->netif) == index)
            return strcpy(name, interface->device->name);
    }
    errno = ENXIO;
    return NULL;
}
