/* SPDX-License-Identifier: MIT */
/*
 * A network backend for netfront's tests: it speaks the protocol by hand, so that a test can also
 * speak it wrongly.
 */
#ifndef TEST_FAKE_NETBACK_H
#define TEST_FAKE_NETBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen-abi/io/netif.h>

#include "xen/bus/xenbus.h"

#define FAKE_NETBACK_GROUPS 64u
#define FAKE_NETBACK_QUEUES 4u

struct fake_netback {
    struct xenbus_device *device;
    unsigned int queue;        /* that the calls and the counters below are about */
    uint32_t receive_produced; /* responses written, shown with fake_netback_push() */
    uint32_t transmit_consumed, transmit_produced;
    uint32_t receive_event_at, transmit_event_at; /* producers at the last push */
    struct {
        uint16_t id;
        int16_t status;
    } taken[256]; /* transmit requests that were not completed, oldest first */
    unsigned int held;
    struct netif_extra_info extra; /* of the last frame taken; its type is 0 if there was none */
    uint8_t group[FAKE_NETBACK_GROUPS][6]; /* that it was told of, as often as it was */
    unsigned int groups, words;            /* how many; how often it was told something */
};

extern struct fake_netback fake_netback;

#define FAKE_NETBACK_EXTRA 0xffff /* in place of an id: extra-info, which has none */

/* A backend's directory as Linux' netback fills it. */
void fake_netback_start(struct xenbus_device *device);
/* A new connection: the rings start over. */
void fake_netback_connect(void);
/* Another backend takes up the rings, from the last answer on; its list of groups is empty. */
void fake_netback_restart(void);

/* The queues that the frontend has made; go on with that one. */
unsigned int fake_netback_queues(void);
void fake_netback_use(unsigned int queue);

/* The frontend's ports: two, or twice the same one. */
uint32_t fake_netback_receive_port(void);
uint32_t fake_netback_transmit_port(void);

/* The frontend's rings. */
struct netif_rx_sring *fake_netback_receive_ring(void);
struct netif_tx_sring *fake_netback_transmit_ring(void);

/* Receive requests that are posted and unanswered. */
unsigned int fake_netback_posted(void);
/*
 * Answer the next receive request with data; or with any words. push: show them; raises the event
 * if asked for.
 */
void fake_netback_put(const void *data, unsigned int length, unsigned int offset,
                      unsigned int flags);
void fake_netback_put_raw(struct netif_rx_response response);
void fake_netback_put_extra(uint8_t type, uint8_t flags);
void fake_netback_put_segmentation(uint8_t type, uint16_t size, uint16_t features, uint8_t flags);
void fake_netback_push(void);

/* Groups beyond this number are refused. */
extern unsigned int fake_netback_room;
/* How often a group is in the list. */
unsigned int fake_netback_listed(const uint8_t mac[6]);
/* Take and answer all that is told about groups. */
void fake_netback_listen(void);

/*
 * Take one transmitted frame, checking its requests, and what is told about groups before it: its
 * length (0: none); its flags without more_data.
 */
size_t fake_netback_take(uint8_t *frame, size_t size, unsigned int *flags);
/* Complete the oldest `count` taken requests, and show it. */
void fake_netback_complete(unsigned int count);
void fake_netback_complete_raw(struct netif_tx_response response);
void fake_netback_push_transmit(void);

#endif
