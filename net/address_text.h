/* SPDX-License-Identifier: MIT */
/*
 * IP addresses as text and back, strictly: what is not an address in its usual form is refused.
 */
#ifndef NET_ADDRESS_TEXT_H
#define NET_ADDRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_IPV4_TEXT 16 /* with the NUL */
#define NET_IPV6_TEXT 46

/* Four decimal numbers without leading zeros; true when all `length` bytes are one address. `bytes`
 * is in network order. */
bool net_parse_ipv4(const char *text, size_t length, uint8_t bytes[4]);
/* RFC 4291 forms, "::" and a trailing IPv4 part included; no zone. */
bool net_parse_ipv6(const char *text, size_t length, uint8_t bytes[16]);

/* Decimal digits only, at most `maximum`. */
bool net_parse_number(const char *text, size_t length, uint32_t maximum, uint32_t *number);

/* Buffers of NET_IPV4_TEXT and NET_IPV6_TEXT bytes; return the length. RFC 5952 for IPv6. */
size_t net_format_ipv4(const uint8_t bytes[4], char *text);
size_t net_format_ipv6(const uint8_t bytes[16], char *text);

#endif
