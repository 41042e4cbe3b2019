/* SPDX-License-Identifier: MIT */
/*
 * <netdb.h>: names to addresses, by way of lwIP's resolver.
 *
 * Addresses of both families are asked for at once, IPv6 ones only if an interface has an address
 * that reaches beyond its link. lwIP answers each query in the end, with an address or without; a
 * query that its thread does not wait for any longer is freed by the answer.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "lwip/dns.h"

#include "address_text.h"
#include "net_internal.h"
#include "resolver_internal.h"
#include "socket_internal.h"
#include "lib/mm/heap.h"

#define QUERY_TIMEOUT SECONDS(30)

struct query {
    struct wait_queue queue;
    ip_addr_t address;
    bool done, found, abandoned;
};

unsigned int net_queries_pending;

static void answered(const char *name, const ip_addr_t *address, void *argument)
{
    struct query *query = argument;

    (void)name;
    net_queries_pending--;
    if (query->abandoned) {
        kernel_free(query);
        return;
    }
    query->done = true;
    query->found = address != NULL;
    if (address)
        ip_addr_copy(query->address, *address);
    wake_all(&query->queue);
}

/* Ask: a query that is done or will be, or NULL with *error. */
static struct query *query_start(const char *name, u8_t type, int *error)
{
    struct query *query = kernel_alloc_zeroed(1, sizeof(*query));
    err_t result;

    if (!query) {
        *error = EAI_MEMORY;
        return NULL;
    }
    wait_queue_init(&query->queue);
    net_queries_pending++;
    result = dns_gethostbyname_addrtype(name, &query->address, answered, query, type);
    if (result == ERR_INPROGRESS) {
        net_wake();
        net_flush();
        return query;
    }
    net_queries_pending--;
    if (result == ERR_OK) {
        query->done = query->found = true;
        return query;
    }
    *error = result == ERR_MEM ? EAI_MEMORY : result == ERR_ARG ? EAI_NONAME : EAI_AGAIN;
    kernel_free(query);
    return NULL;
}

/* Wait for the answer and let the query go: 0 with *address, or an EAI error. */
static int query_finish(struct query *query, ip_addr_t *address)
{
    int error = EAI_AGAIN;

    if (wait_until(&query->queue, query->done, deadline_after(QUERY_TIMEOUT)) < 0) {
        query->abandoned = true;
        return error;
    }
    if (query->found) {
        ip_addr_copy(*address, query->address);
        error = 0;
    } else {
        error = EAI_NONAME;
    }
    kernel_free(query);
    return error;
}

static bool reaches_beyond_link(void)
{
    struct netif *netif;
    int index;

    NETIF_FOREACH(netif)
    {
        for (index = 0; index < LWIP_IPV6_NUM_ADDRESSES; index++) {
            if (ip6_addr_isvalid(netif_ip6_addr_state(netif, index)) &&
                !ip6_addr_islinklocal(netif_ip6_addr(netif, index)) &&
                !ip6_addr_isloopback(netif_ip6_addr(netif, index)))
                return true;
        }
    }
    return false;
}

int resolver_lookup(const char *name, int family, ip_addr_t addresses[2], unsigned int *count)
{
    bool ipv6 = family == AF_INET6 || (family == AF_UNSPEC && reaches_beyond_link());
    int error = EAI_NONAME, error6 = EAI_NONAME;
    struct query *query6 = NULL, *query4 = NULL;

    *count = 0;
    if (ipv6)
        query6 = query_start(name, LWIP_DNS_ADDRTYPE_IPV6, &error6);
    if (family != AF_INET6)
        query4 = query_start(name, LWIP_DNS_ADDRTYPE_IPV4, &error);
    if (query6) {
        error6 = query_finish(query6, &addresses[*count]);
        *count += error6 == 0;
    }
    if (query4) {
        error = query_finish(query4, &addresses[*count]);
        *count += error == 0;
    }
    if (*count > 0)
        return 0;
    return family == AF_INET6 ? error6 : error;
}

static bool numeric_ipv6(const char *text, ip_addr_t *address)
{
    const char *zone = strchr(text, '%');
    size_t length = zone ? (size_t)(zone - text) : strlen(text);
    uint8_t bytes[16];

    if (!net_parse_ipv6(text, length, bytes))
        return false;
    memset(address, 0, sizeof(*address));
    memcpy(ip_2_ip6(address)->addr, bytes, sizeof(bytes));
    IP_SET_TYPE(address, IPADDR_TYPE_V6);
    if (zone)
        ip6_addr_set_zone(ip_2_ip6(address), (u8_t)resolver_zone(zone + 1));
    return true;
}

bool resolver_numeric(const char *text, ip_addr_t *address)
{
    memset(address, 0, sizeof(*address));
    if (net_parse_ipv4(text, strlen(text), (uint8_t *)&ip_2_ip4(address)->addr)) {
        IP_SET_TYPE(address, IPADDR_TYPE_V4);
        return true;
    }
    return numeric_ipv6(text, address);
}

int h_errno;

struct hostent *gethostbyname(const char *name)
{
    static ip_addr_t addresses[2];
    static char *list[2], *aliases[1], canonical[DNS_MAX_NAME_LENGTH];
    static struct hostent entry;
    unsigned int count = 1;
    int error = 0;

    if (strlen(name) >= sizeof(canonical)) {
        h_errno = HOST_NOT_FOUND;
        return NULL;
    }
    if (!resolver_numeric(name, &addresses[0]))
        error = resolver_local(name, AF_INET, addresses, &count)
                    ? 0
                    : resolver_lookup(name, AF_INET, addresses, &count);
    if (error || !IP_IS_V4(&addresses[0])) {
        h_errno = error == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
        return NULL;
    }
    strcpy(canonical, name);
    list[0] = (char *)&ip_2_ip4(&addresses[0])->addr;
    entry = (struct hostent){ .h_name = canonical,
                              .h_aliases = aliases,
                              .h_addrtype = AF_INET,
                              .h_length = 4,
                              .h_addr_list = list };
    return &entry;
}
