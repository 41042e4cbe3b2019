/* SPDX-License-Identifier: MIT */
/* <net/if.h> (POSIX.1-2017): interfaces by name and number. Number 1 is "lo". */
#ifndef POSIX_NET_IF_H
#define POSIX_NET_IF_H

#define IF_NAMESIZE 16

unsigned int if_nametoindex(const char *name); /* 0: none of that name */
char *if_indextoname(unsigned int index, char name[IF_NAMESIZE]);

#endif
