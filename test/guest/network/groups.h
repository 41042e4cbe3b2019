/* SPDX-License-Identifier: MIT */
/* Groups that the network test joins, and datagrams for them to port 5000 that it counts. */
#ifndef NETWORK_GROUPS_H
#define NETWORK_GROUPS_H

#include <stdbool.h>

/* A group's address as text: 0 or -errno. */
int group_change(const char *group, bool join);
/* Join so many further ones, which nobody sends to, on sockets of their own; leave them all. */
int groups_crowd(unsigned int count);
void groups_disperse(void);
/* Datagrams since the last call. */
unsigned int groups_heard(void);

#endif
