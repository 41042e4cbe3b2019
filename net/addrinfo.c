/* SPDX-License-Identifier: MIT */
/*
 * <netdb.h>: getaddrinfo(), getnameinfo() and their company. Names of hosts: resolver.c; names of
 * services: a short table.
 */
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>

#include "lib/base/printk.h"

#include "address_text.h"
#include "net_internal.h"
#include "resolver_internal.h"
#include "socket_internal.h"
#include "lib/mm/heap.h"

#define KNOWN_FLAGS                                                                      \
    (AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | \
     AI_NUMERICSERV)

static const struct service {
    const char *name;
    uint16_t port;
} services[] = {
    { "http", 80 }, { "https", 443 }, { "domain", 53 },  { "ssh", 22 },
    { "ftp", 21 },  { "smtp", 25 },   { "telnet", 23 },  { "ntp", 123 },
    { "echo", 7 },  { "discard", 9 }, { "redis", 6379 },
};

static int find_service(const char *name, int flags, uint16_t *port)
{
    uint32_t number;
    size_t index;

    if (net_parse_number(name, strlen(name), 65535, &number)) {
        *port = (uint16_t)number;
        return 0;
    }
    if (flags & AI_NUMERICSERV)
        return EAI_NONAME;
    for (index = 0; index < sizeof(services) / sizeof(services[0]); index++) {
        if (strcmp(services[index].name, name) == 0) {
            *port = services[index].port;
            return 0;
        }
    }
    return EAI_SERVICE;
}

unsigned int resolver_zone(const char *text)
{
    uint32_t number;

    if (net_parse_number(text, strlen(text), 255, &number))
        return number;
    return if_nametoindex(text);
}

/* The loopback addresses, or those that stand for all of ours. */
static unsigned int special_addresses(int family, bool any, ip_addr_t addresses[2])
{
    unsigned int count = 0;
    ip6_addr_t loopback6;

    if (family != AF_INET6) {
        memset(&addresses[count], 0, sizeof(addresses[count]));
        IP_SET_TYPE(&addresses[count], IPADDR_TYPE_V4);
        if (!any)
            ip4_addr_set_u32(ip_2_ip4(&addresses[count]), PP_HTONL(IPADDR_LOOPBACK));
        count++;
    }
    if (family != AF_INET) {
        ip6_addr_set_loopback(&loopback6);
        memset(&addresses[count], 0, sizeof(addresses[count]));
        IP_SET_TYPE(&addresses[count], IPADDR_TYPE_V6);
        if (!any)
            ip_addr_copy_from_ip6(addresses[count], loopback6);
        count++;
    }
    return count;
}

bool resolver_local(const char *name, int family, ip_addr_t addresses[2], unsigned int *count)
{
    if (strcmp(name, "localhost") != 0)
        return false;
    *count = special_addresses(family, false, addresses);
    return true;
}

static int find_addresses(const char *host, const struct addrinfo *hints, ip_addr_t addresses[2],
                          unsigned int *count)
{
    int family = hints->ai_family;

    if (!host) {
        *count = special_addresses(family, hints->ai_flags & AI_PASSIVE, addresses);
        return 0;
    }
    if (resolver_numeric(host, &addresses[0])) {
        bool ipv6 = IP_IS_V6(&addresses[0]);

        *count = 1;
        return family == AF_UNSPEC || (family == AF_INET6) == ipv6 ? 0 : EAI_NONAME;
    }
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (resolver_local(host, family, addresses, count))
        return 0;
    return resolver_lookup(host, family, addresses, count);
}

/* One block holds the entry, its address and its name. */
struct entry {
    struct addrinfo info;
    struct sockaddr_in6 address;
    char name[];
};

static struct addrinfo *make_entry(const ip_addr_t *ip, uint16_t port, int type, const char *name)
{
    struct entry *entry = kernel_alloc_zeroed(1, sizeof(*entry) + (name ? strlen(name) + 1 : 0));
    int family = IP_IS_V6(ip) ? AF_INET6 : AF_INET;

    if (!entry)
        return NULL;
    entry->info.ai_family = family;
    entry->info.ai_socktype = type;
    entry->info.ai_protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    entry->info.ai_addr = (struct sockaddr *)(void *)&entry->address;
    entry->info.ai_addrlen = sizeof(entry->address);
    socket_address_out(family, ip, port, entry->info.ai_addr, &entry->info.ai_addrlen);
    if (name)
        entry->info.ai_canonname = strcpy(entry->name, name);
    return &entry->info;
}

static int make_list(const ip_addr_t *addresses, unsigned int count, uint16_t port,
                     const struct addrinfo *hints, const char *name, struct addrinfo **result)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
    struct addrinfo **tail = result;
    unsigned int index, type;

    *result = NULL;
    for (index = 0; index < count; index++) {
        for (type = 0; type < 2; type++) {
            if (hints->ai_socktype && hints->ai_socktype != types[type])
                continue;
            *tail = make_entry(&addresses[index], port, types[type], *result ? NULL : name);
            if (!*tail) {
                freeaddrinfo(*result);
                return EAI_MEMORY;
            }
            tail = &(*tail)->ai_next;
        }
    }
    return 0;
}

static int check_hints(const char *host, const char *service, const struct addrinfo *hints)
{
    if (!host && !service)
        return EAI_NONAME;
    if ((hints->ai_flags & ~KNOWN_FLAGS) || ((hints->ai_flags & AI_CANONNAME) && !host))
        return EAI_BADFLAGS;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET &&
        hints->ai_family != AF_INET6)
        return EAI_FAMILY;
    if (hints->ai_socktype && hints->ai_socktype != SOCK_STREAM && hints->ai_socktype != SOCK_DGRAM)
        return EAI_SOCKTYPE;
    return 0;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    static const struct addrinfo no_hints;
    ip_addr_t addresses[2];
    unsigned int count = 0;
    uint16_t port = 0;
    int error;

    if (!hints)
        hints = &no_hints;
    error = check_hints(host, service, hints);
    if (error == 0 && service)
        error = find_service(service, hints->ai_flags, &port);
    if (error == 0)
        error = find_addresses(host, hints, addresses, &count);
    if (error)
        return error;
    return make_list(addresses, count, port, hints, (hints->ai_flags & AI_CANONNAME) ? host : NULL,
                     result);
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;

        kernel_free(container_of(list, struct entry, info));
        list = next;
    }
}

const char *gai_strerror(int error)
{
    static const struct {
        int error;
        const char *text;
    } texts[] = {
        { 0, "Success" },
        { EAI_BADFLAGS, "Bad flags" },
        { EAI_NONAME, "Name or service not known" },
        { EAI_AGAIN, "No name server answers" },
        { EAI_FAIL, "Name server failed" },
        { EAI_FAMILY, "Address family not supported" },
        { EAI_SOCKTYPE, "Socket type not supported" },
        { EAI_SERVICE, "Service not known" },
        { EAI_MEMORY, "Out of memory" },
        { EAI_SYSTEM, "System error" },
        { EAI_OVERFLOW, "Buffer too small" },
    };
    size_t index;

    for (index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        if (texts[index].error == error)
            return texts[index].text;
    }
    return "Unknown error";
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    char text[NET_IPV6_TEXT];
    struct sockaddr_in6 ipv6 = { 0 };
    struct sockaddr_in ipv4 = { 0 };
    bool is_ipv6 = address->sa_family == AF_INET6;
    size_t size;

    if (flags & NI_NAMEREQD)
        return EAI_NONAME;
    if ((!is_ipv6 && address->sa_family != AF_INET) ||
        length < (is_ipv6 ? sizeof(ipv6) : sizeof(ipv4)))
        return EAI_FAMILY;
    memcpy(is_ipv6 ? (void *)&ipv6 : (void *)&ipv4, address, is_ipv6 ? sizeof(ipv6) : sizeof(ipv4));
    size = is_ipv6 ? net_format_ipv6(ipv6.sin6_addr.s6_addr, text)
                   : net_format_ipv4((const uint8_t *)&ipv4.sin_addr, text);
    if (host && host_size) {
        if (size >= host_size)
            return EAI_OVERFLOW;
        memcpy(host, text, size + 1);
    }
    if (service && service_size) {
        size = (size_t)ksnprintf(text, sizeof(text), "%u",
                                 lwip_ntohs(is_ipv6 ? ipv6.sin6_port : ipv4.sin_port));
        if (size >= service_size)
            return EAI_OVERFLOW;
        memcpy(service, text, size + 1);
    }
    return 0;
}
