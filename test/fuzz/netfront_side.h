/* SPDX-License-Identifier: MIT */
/* The backend of the fuzzer of netfront, which may lie. */
#ifndef FUZZ_NETFRONT_SIDE_H
#define FUZZ_NETFRONT_SIDE_H

#include <stdbool.h>

#include "../../netfront/netfront.h"

/* Groups: more than there is room for. */
#define GROUPS (NETFRONT_GROUPS + 8)

/* Our side's: the card, NULL while there is none, and how many users each group has. */
extern struct net_device *nic;
extern unsigned int users[GROUPS];

/* The other side's. */
extern bool honest;              /* it has kept to the rules on this connection */
extern unsigned int connections; /* so far */

/* A world begins: with the first connection, which keeps to the rules, and with groups or without. */
void side_start(bool offers_groups);
/* It does one thing, which the input chooses. */
void side_act(void);
/* For fuzz_hook: it may change the rings between any two of our looks at them. */
void side_hook(void);
/* The queues of the connection, and whether there is one that this side can use. */
unsigned int side_queues(void);
bool side_connected(void);

#endif
