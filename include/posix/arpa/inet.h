/* SPDX-License-Identifier: MIT */
/* <arpa/inet.h> (POSIX.1-2017, and inet_aton() that the BSDs and Linux have). */
#ifndef POSIX_ARPA_INET_H
#define POSIX_ARPA_INET_H

#include <netinet/in.h>

/* 1: *address is set (network byte order); 0: not an address. inet_aton() takes "a.b.c.d" only. */
int inet_aton(const char *text, struct in_addr *address);
in_addr_t inet_addr(const char *text);   /* INADDR_NONE: not an address */
char *inet_ntoa(struct in_addr address); /* a static buffer */

int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, socklen_t size);

#endif
