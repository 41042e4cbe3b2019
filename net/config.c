/* SPDX-License-Identifier: MIT */
/*
 * The network's words on the command line, for the interfaces eth0 … eth7 (others: automatic):
 *
 *   ip=dhcp | off | ADDRESS/BITS[,gateway=ADDRESS][,dns=ADDRESS]…     eth0; ip.ethN= for any
 *   ip6=auto | off | ADDRESS/64[,gateway=ADDRESS][,dns=ADDRESS]…      eth0; ip6.ethN= for any
 *   hostname=NAME       told to the DHCP server
 *   net.wait=SECONDS    how long after the start main() waits for an address from DHCP at most (10)
 *
 * A word is taken as a whole or, with -EINVAL, not at all.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/commandline.h"
#include "lib/sched/sched.h"

#include "address_text.h"
#include "net_internal.h"

#define WAIT_DEFAULT 10u
#define WAIT_MAXIMUM 3600u
#define HOSTNAME_MAXIMUM 63

static struct net_config configs[NET_CONFIGURED_INTERFACES];
static const struct net_config automatic;
static const char *hostname;
static uint32_t wait_seconds = WAIT_DEFAULT;

const struct net_config *net_config_of(unsigned int index)
{
    return index < NET_CONFIGURED_INTERFACES ? &configs[index] : &automatic;
}

const char *net_config_hostname(void)
{
    return hostname;
}

uint64_t net_config_wait_deadline(void)
{
    return SECONDS(wait_seconds);
}

static bool parse_v4(const char *text, size_t length, ip4_addr_t *address)
{
    return net_parse_ipv4(text, length, (uint8_t *)&address->addr);
}

static bool parse_v6(const char *text, size_t length, ip6_addr_t *address)
{
    ip6_addr_set_zero(address);
    return net_parse_ipv6(text, length, (uint8_t *)address->addr);
}

static bool parse_any(const char *text, size_t length, ip_addr_t *address)
{
    memset(address, 0, sizeof(*address));
    if (parse_v4(text, length, ip_2_ip4(address))) {
        IP_SET_TYPE(address, IPADDR_TYPE_V4);
        return true;
    }
    IP_SET_TYPE(address, IPADDR_TYPE_V6);
    return parse_v6(text, length, ip_2_ip6(address));
}

/* ADDRESS/BITS: the length of the address part, or 0. */
static size_t split_prefix(const char *text, size_t length, uint32_t maximum, uint32_t *bits)
{
    const char *slash = memchr(text, '/', length);
    size_t rest;

    if (!slash)
        return 0;
    rest = length - (size_t)(slash + 1 - text);
    return net_parse_number(slash + 1, rest, maximum, bits) ? (size_t)(slash - text) : 0;
}

static bool parse_address4(const char *text, size_t length, struct net_config *config)
{
    uint32_t bits;
    size_t part = split_prefix(text, length, 32, &bits);

    if (!part || bits == 0 || !parse_v4(text, part, &config->address) ||
        ip4_addr_isany_val(config->address) || ip4_addr_ismulticast(&config->address))
        return false;
    config->netmask.addr = lwip_htonl(0xffffffffu << (32 - bits));
    ip4_addr_set_any(&config->gateway);
    return true;
}

static bool parse_address6(const char *text, size_t length, struct net_config *config)
{
    uint32_t bits;
    size_t part = split_prefix(text, length, 128, &bits);

    ip6_addr_set_any(&config->ipv6_gateway);
    return part && bits == 64 && parse_v6(text, part, &config->ipv6_address) &&
           !ip6_addr_isany_val(config->ipv6_address) &&
           !ip6_addr_ismulticast(&config->ipv6_address);
}

static bool starts_with(const char *text, size_t length, const char *prefix, size_t *rest)
{
    *rest = strlen(prefix);
    return length > *rest && memcmp(text, prefix, *rest) == 0;
}

/* "gateway=…" or "dns=…" behind an address. */
static bool parse_extra(const char *text, size_t length, bool ipv6, struct net_config *config)
{
    size_t skip;

    if (starts_with(text, length, "gateway=", &skip))
        return ipv6 ? parse_v6(text + skip, length - skip, &config->ipv6_gateway)
                    : parse_v4(text + skip, length - skip, &config->gateway);
    if (!starts_with(text, length, "dns=", &skip) || config->name_server_count == NET_NAME_SERVERS)
        return false;
    return parse_any(text + skip, length - skip,
                     &config->name_servers[config->name_server_count++]);
}

static bool parse_static(const char *value, bool ipv6, struct net_config *config)
{
    size_t length = strcspn(value, ",");

    if (ipv6 ? !parse_address6(value, length, config) : !parse_address4(value, length, config))
        return false;
    for (value += length; *value; value += length) {
        value++;
        length = strcspn(value, ",");
        if (!parse_extra(value, length, ipv6, config))
            return false;
    }
    return true;
}

static int set_address(const char *value, bool ipv6, unsigned int index)
{
    struct net_config config = configs[index];
    enum net_address_mode mode = NET_ADDRESS_STATIC;

    if (strcmp(value, ipv6 ? "auto" : "dhcp") == 0)
        mode = NET_ADDRESS_AUTOMATIC;
    else if (strcmp(value, "off") == 0)
        mode = NET_ADDRESS_OFF;
    else if (!parse_static(value, ipv6, &config))
        return -EINVAL;
    if (ipv6)
        config.ipv6_mode = mode;
    else
        config.ipv4_mode = mode;
    configs[index] = config;
    return 0;
}

static int set_hostname(const char *value)
{
    size_t length =
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    if (length == 0 || length > HOSTNAME_MAXIMUM || value[length] || value[0] == '-')
        return -EINVAL;
    hostname = value;
    return 0;
}

static int set_wait(const char *value)
{
    return net_parse_number(value, strlen(value), WAIT_MAXIMUM, &wait_seconds) ? 0 : -EINVAL;
}

#define INTERFACE_OPTIONS(number)                          \
    static int set_ip_##number(const char *value)          \
    {                                                      \
        return set_address(value, false, number);          \
    }                                                      \
    static int set_ip6_##number(const char *value)         \
    {                                                      \
        return set_address(value, true, number);           \
    }                                                      \
    COMMANDLINE_OPTION("ip.eth" #number, set_ip_##number); \
    COMMANDLINE_OPTION("ip6.eth" #number, set_ip6_##number)

INTERFACE_OPTIONS(0);
INTERFACE_OPTIONS(1);
INTERFACE_OPTIONS(2);
INTERFACE_OPTIONS(3);
INTERFACE_OPTIONS(4);
INTERFACE_OPTIONS(5);
INTERFACE_OPTIONS(6);
INTERFACE_OPTIONS(7);

static int set_ip(const char *value)
{
    return set_address(value, false, 0);
}

static int set_ip6(const char *value)
{
    return set_address(value, true, 0);
}

COMMANDLINE_OPTION("ip", set_ip);
COMMANDLINE_OPTION("ip6", set_ip6);
COMMANDLINE_OPTION("hostname", set_hostname);
COMMANDLINE_OPTION("net.wait", set_wait);
