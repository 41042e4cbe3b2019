/* SPDX-License-Identifier: MIT */
/*
 * netfront's own state (<xen-abi/io/netif.h>): a card has one or more queues; a queue is a transmit
 * ring, a receive ring, and an event channel for each, or one for both where the backend cannot keep
 * them apart.
 *
 * Life: probe reads the address; the backend's InitWait makes us build rings and the backend's
 * Connected brings the link up. Closing takes the link down; Closed, a gone backend
 * and remove() free the queues. Whatever order these come in, `connected` tells whether they exist.
 * `broken` means that the backend broke the protocol, in whichever queue: nothing is taken from it
 * or sent to it before a new connection.
 *
 * No page is ever granted or revoked for a packet. Receive pages are granted once, writable, and go
 * round; transmit buffers lie in pages granted once, read-only, which packets are copied into.
 */
#ifndef NETFRONT_NETFRONT_H
#define NETFRONT_NETFRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/netdev.h"
#include "xen/bus/frontend.h"
#include "xen/bus/ring.h"
#include "xen/bus/xenbus.h"

#define NETFRONT_QUEUES_MAX 4u
#define NETFRONT_RING_SLOTS 256u
#define NETFRONT_ETHERNET_HEADER 14u
#define NETFRONT_VLAN_TAG 4u
#define NETFRONT_FRAME_MAX 65535u
/*
 * Slots of one received frame: 64 KiB in pages, and what unaligned pieces add; the protocol's
 * limit.
 */
#define NETFRONT_CHAIN_MAX 19u

/*
 * Transmit buffers: small ones, two to a page, for all frames of the usual size, and whole pages
 * for chains.
 */
#define NETFRONT_SMALL_SIZE 2048u
#define NETFRONT_SMALL_BUFFERS NETFRONT_RING_SLOTS
#define NETFRONT_LARGE_BUFFERS 64u
#define NETFRONT_BUFFERS (NETFRONT_SMALL_BUFFERS + NETFRONT_LARGE_BUFFERS)

/* Groups that a backend can be asked to pass on: as many as Linux' netback can note. */
#define NETFRONT_GROUPS 64u

struct netfront_page {
    uint8_t *data;
    int reference;
};

/*
 * Responses come in the order of the requests. Page number i is posted at the indices i, i + pages,
 * i + 2 * pages, …, since a page is posted again in the order it was taken: the request with a
 * given index is for page `index & (pages - 1)`, which is also its id.
 */
struct netfront_receive {
    struct ring ring;
    void *memory;
    int reference;
    unsigned int pages; /* a power of two, at most the ring's size */
    struct netfront_page page[NETFRONT_RING_SLOTS];
};

/*
 * A request's id is the number of its buffer: small buffer i is half of page i / 2, large buffer i
 * has id SMALL_BUFFERS + i. Pages are added when all buffers are busy, up to the limits, and kept.
 * A word about group i has id BUFFERS + i.
 */
struct netfront_transmit {
    struct ring ring;
    void *memory;
    int reference;
    bool waiting;        /* someone was told -EAGAIN and waits for `writable` */
    unsigned int extras; /* requests that are extra-info: each gets a response without an id */
    struct ring_ids small, large;
    uint16_t small_next[NETFRONT_SMALL_BUFFERS];
    uint16_t large_next[NETFRONT_LARGE_BUFFERS];
    unsigned int small_pages, large_pages;
    struct netfront_page small_page[NETFRONT_SMALL_BUFFERS / 2];
    struct netfront_page large_page[NETFRONT_LARGE_BUFFERS];
};

/* What the backend was told of a group, when it has answered. */
enum netfront_group_state {
    NETFRONT_GROUP_ABSENT,
    NETFRONT_GROUP_LISTED,
    NETFRONT_GROUP_UNSURE, /* listed, by what may have been another backend */
};

/* An entry is in use while the group has users or the backend knows of it. */
struct netfront_group {
    uint8_t mac[6];
    bool in_flight; /* told, and not answered yet */
    enum netfront_group_state state;
    unsigned int users;
};

struct netfront_multicast {
    bool asked;          /* somebody has said which groups they want */
    bool begun;          /* on this connection it was decided whether to filter */
    bool filtering;      /* the backend is told of groups */
    bool refused;        /* there were too many of them on this connection */
    bool requested;      /* xenstore says that we want frames filtered */
    bool unsettled;      /* there is more to tell, or an answer to come */
    unsigned int excess; /* users of groups that found no entry */
    struct netfront_group group[NETFRONT_GROUPS];
};

struct netfront_queue {
    struct netfront *nic;
    bool polling;              /* an event was passed on with `pending`; poll will rearm the port */
    bool armed;                /* the backend will notify of the next frame */
    struct frontend_port port; /* for what comes in, and for both without the next */
    struct frontend_port transmit_port; /* closed if the backend wants one for both */
    struct netfront_receive receive;
    struct netfront_transmit transmit;
};

/* Pages for the frames of one queue, at most; `receive` is a power of two. */
struct netfront_pool {
    unsigned int receive;
    unsigned int small, large;
};

struct netfront {
    struct net_device device;
    struct xenbus_device *bus;
    uint16_t backend_domain;
    bool registered;
    bool connected; /* the queues exist */
    bool broken;
    bool moving;           /* the domain was restored, and the new backend is not connected yet */
    struct timer patience; /* for that */
    bool large;            /* each queue has pages enough for frames of 64 KiB: we ask for such */
    bool bad_frame_logged;
    unsigned int frame_limit;
    struct netfront_pool pool;
    unsigned int queues, next_queue; /* next_queue: that poll goes on with */
    struct netfront_queue *queue[NETFRONT_QUEUES_MAX];
    struct netfront_multicast multicast; /* its words go through the first queue */
};

static inline struct netfront *netfront_of(struct net_device *device)
{
    return device->private_data;
}

/* Answers about groups are due in this queue. */
static inline bool netfront_told(const struct netfront_queue *queue)
{
    return queue == queue->nic->queue[0] && queue->nic->multicast.unsettled;
}

/*
 * Files call those below them here, never the other way.
 *
 * xenbus.c: the handshake. nodes.c: tell the backend in xenstore of the queues, and what we take: 0
 * or -errno.
 */
int netfront_write_nodes(struct netfront *nic);

/*
 * suspend.c: xenbus_driver's operation; the new backend is there.
 */
void netfront_resume(struct xenbus_device *bus);
void netfront_arrived(struct netfront *nic);

/*
 * queue.c. create: as many queues as are wanted and can be had, at least one: 0, or -errno with
 * none. release: let rings, ports and pages go.
 */
int netfront_queues_create(struct netfront *nic, unsigned int wanted, bool split_ports);
void netfront_queues_destroy(struct netfront *nic);
void netfront_release(struct netfront *nic);

/* device.c: the operations and the event handlers. */
extern const struct net_operations netfront_operations;
void netfront_event(void *argument);
void netfront_transmit_event(void *argument);

/* flow.c: the queue for a frame; all frames of a flow are for the same one. */
struct netfront_queue *netfront_queue_for(const struct netfront *nic,
                                          const struct net_fragment *start);

/*
 * filter.c. filter: the device's operation. begin, in the watch thread: the backend is connected, for
 * the first time or perhaps anew, or the filter was given up. request: what xenstore says; 0 or
 * -errno.
 */
void netfront_filter(struct net_device *device, const uint8_t mac[6], bool wanted);
void netfront_multicast_begin(struct netfront *nic);
int netfront_multicast_request(struct netfront *nic, bool filter);

/* send.c: 0, -EAGAIN (the ring is full, and `writable` will be called), or -errno. */
int netfront_transmit_frame(struct netfront_queue *queue, const struct net_fragment *fragments,
                            unsigned int count, size_t length, const struct net_send_info *info);

/* complete.c. reap: take in completions: their number; a broken ring counts as none. */
unsigned int netfront_transmit_reap(struct netfront_queue *queue);
/* The next completion is to bring an event; what is there already is taken in. */
void netfront_transmit_expect(struct netfront_queue *queue);

/*
 * multicast.c. settle: tell the backend what it is to know, as far as there is room in the ring;
 * whoever takes completions in calls it while there is something unsettled. answered: a response with
 * the id of a group's word; false if none was under way. give_up: ask for everything. set_told: the
 * backend forgets, or may have forgotten, what it was told; words under way stay so. reset: the rings
 * are gone.
 */
void netfront_multicast_settle(struct netfront *nic);
bool netfront_multicast_answered(struct netfront *nic, unsigned int index, int status);
void netfront_multicast_give_up(struct netfront *nic);
void netfront_multicast_set_told(struct netfront_multicast *multicast,
                                 enum netfront_group_state state);
void netfront_multicast_reset(struct netfront *nic);
/* Groups that the backend passes on; 0: everything. */
unsigned int netfront_multicast_groups(const struct netfront *nic);

/*
 * receive.c. create: 0, or -ENOMEM, -ENOSPC, -EBUSY with nothing changed. destroy takes what create
 * made or left.
 */
int netfront_receive_create(struct netfront_queue *queue);
void netfront_receive_destroy(struct netfront_queue *queue);
/* There are pages enough for frames of 64 KiB. */
bool netfront_receive_takes_large(const struct netfront_queue *queue);
/* Pass on at most `budget` frames; the number of frames taken, good and bad. */
unsigned int netfront_receive_frames(struct netfront_queue *queue, unsigned int budget);

/* transmit.c, likewise. */
struct netif_extra_info;
int netfront_transmit_create(struct netfront_queue *queue);
void netfront_transmit_destroy(struct netfront_queue *queue);
void netfront_transmit_publish(struct netfront_queue *queue);
/*
 * Slots and buffers for a frame: `large` is 0 for one small buffer, else the number of large ones.
 */
bool netfront_transmit_has_room(const struct netfront_transmit *transmit, unsigned int large);
/* The next request, or extra-info of this type, in a slot that is free. */
void netfront_transmit_request(struct ring *ring, int reference, unsigned int offset,
                               unsigned int flags, unsigned int id, size_t size);
struct netif_extra_info *netfront_transmit_extra(struct netfront_transmit *transmit,
                                                 unsigned int type);
/* Tell the backend about a group, in two slots that are free. */
void netfront_transmit_word(struct netfront_transmit *transmit, unsigned int group,
                            unsigned int word, const uint8_t mac[6]);

/*
 * pool.c: what each of so many queues may have; how many queues to ask for where so many are
 * offered; the command line's words: 0 or -EINVAL.
 */
struct netfront_pool netfront_pool(unsigned int queues);
unsigned int netfront_queues_wanted(unsigned int offered);
int netfront_set_buffers(const char *value);
int netfront_set_queues(const char *value);

/*
 * link.c: the link as the stack sees it; the end of trust in a backend: one log line, then -EIO for
 * all; the end of the wait for a new backend, which is there or not.
 */
void netfront_set_link(struct netfront *nic, bool up);
void netfront_break(struct netfront *nic, const char *what);
void netfront_end_move(struct netfront *nic);

#endif
