/* SPDX-License-Identifier: MIT */
/*
 * Which queue a frame takes. Frames of one flow must not overtake each other: they take the queue
 * that a hash of addresses and ports says (as the backend does it in the other direction, by a hash of
 * its own). Frames with neither, and what the hash cannot find in the frame's first piece, take the
 * first queue.
 */
#include "netfront.h"

#include <string.h>

#define ETHERTYPE 12u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
/* Of the Ethernet frame, with headers as in RFC 791 and RFC 8200. */
#define IPV4_FRAGMENT 20u
#define IPV4_PROTOCOL 23u
#define IPV4_ADDRESSES 26u
#define IPV4_OPTIONS 34u
#define IPV6_PROTOCOL 20u
#define IPV6_ADDRESSES 22u
#define IPV6_PAYLOAD 54u
#define PORTS_LENGTH 4u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define FRAGMENT_MASK 0x3fffu /* there is more, or this is not the first */

static unsigned int read_16(const uint8_t *bytes)
{
    return (unsigned int)bytes[0] << 8 | bytes[1];
}

#define MULTIPLIER 0x9e3779b1u /* odd, with bits everywhere */

/* Multiplication carries what differs upwards, so that has to come down again. */
static uint32_t mix(uint32_t hash, const uint8_t *bytes, size_t length)
{
    uint32_t word;

    for (; length > 0; bytes += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * MULTIPLIER;
        hash ^= hash >> 15;
    }
    return hash;
}

static bool has_ports(unsigned int protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/* All fragments of a datagram go one way: only the first of them has ports. */
static uint32_t hash_ipv4(const uint8_t *frame, size_t length)
{
    uint32_t hash = mix(0, frame + IPV4_ADDRESSES, IPV4_OPTIONS - IPV4_ADDRESSES);
    size_t ports = NETFRONT_ETHERNET_HEADER + (frame[NETFRONT_ETHERNET_HEADER] & 15u) * 4;

    if (has_ports(frame[IPV4_PROTOCOL]) && !(read_16(frame + IPV4_FRAGMENT) & FRAGMENT_MASK) &&
        ports + PORTS_LENGTH <= length)
        hash = mix(hash, frame + ports, PORTS_LENGTH);
    return hash;
}

static uint32_t hash_ipv6(const uint8_t *frame, size_t length)
{
    uint32_t hash = mix(0, frame + IPV6_ADDRESSES, IPV6_PAYLOAD - IPV6_ADDRESSES);

    if (has_ports(frame[IPV6_PROTOCOL]) && IPV6_PAYLOAD + PORTS_LENGTH <= length)
        hash = mix(hash, frame + IPV6_PAYLOAD, PORTS_LENGTH);
    return hash;
}

struct netfront_queue *netfront_queue_for(const struct netfront *nic,
                                          const struct net_fragment *start)
{
    const uint8_t *frame = start->data;
    unsigned int type;
    uint32_t hash = 0;

    if (nic->queues == 1 || start->length < IPV4_OPTIONS)
        return nic->queue[0];
    type = read_16(frame + ETHERTYPE);
    if (type == ETHERTYPE_IPV4)
        hash = hash_ipv4(frame, start->length);
    else if (type == ETHERTYPE_IPV6 && start->length >= IPV6_PAYLOAD)
        hash = hash_ipv6(frame, start->length);
    return nic->queue[(hash * MULTIPLIER >> 16) % nic->queues];
}
