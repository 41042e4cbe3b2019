/* SPDX-License-Identifier: MIT */
/*
 * What resolver.c and addrinfo.c share. Errors are those of <netdb.h> (EAI_…).
 */
#ifndef NET_RESOLVER_INTERNAL_H
#define NET_RESOLVER_INTERNAL_H

#include <stdbool.h>

#include "lwip/ip_addr.h"

/* Ask the name servers: up to one address of each family. Blocks. */
int resolver_lookup(const char *name, int family, ip_addr_t addresses[2], unsigned int *count);
/* An address as text, with a zone ("%eth0", "%2") if it has one. */
bool resolver_numeric(const char *text, ip_addr_t *address);
/* "localhost". */
bool resolver_local(const char *name, int family, ip_addr_t addresses[2], unsigned int *count);
/* The number of an interface by name or number; 0: none. */
unsigned int resolver_zone(const char *text);

#endif
