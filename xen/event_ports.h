/* SPDX-License-Identifier: MIT */
/* Between evtchn.c, events.c and poll.c. */
#ifndef XEN_EVENT_PORTS_H
#define XEN_EVENT_PORTS_H

#include <stdint.h>

#include <xen-abi/event_channel.h>
#include <xen-abi/xen.h>

#include "xen/evtchn.h"

#define GROUP 64u              /* bits of a word of shared_info */
#define PORTS (GROUP * GROUPS) /* of the 2-level ABI with 64-bit words */
#define GROUPS 64u

struct channel {
    evtchn_handler handler; /* NULL: not bound */
    void *argument;
};

/* The ports that are bound and unmasked; no word from evtchn_words_used on has a bit. */
extern xen_ulong_t evtchn_unmasked[GROUPS];
extern unsigned int evtchn_words_used;

/* What is bound to a number that Xen or anybody says is a port, or NULL. */
struct channel *evtchn_channel(uint32_t port);
void evtchn_clear_bit(xen_ulong_t *words, evtchn_port_t port);
void evtchn_forget_unmasked(void);

#endif
