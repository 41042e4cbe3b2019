/* SPDX-License-Identifier: MIT */
/*
 * What the files of net/ share: interfaces, the network thread, timers, memory.
 *
 * lwIP is called from any thread, directly; it never blocks. After such calls net_flush() sends off
 * what was queued and, when the network thread sleeps longer than the new state allows, wakes it.
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "net/netdev.h"

#define NET_NAME_SERVERS 3
#define NET_CONFIGURED_INTERFACES 8

enum net_address_mode {
    NET_ADDRESS_AUTOMATIC, /* DHCP, SLAAC */
    NET_ADDRESS_STATIC,
    NET_ADDRESS_OFF,
};

/* What the command line says about one interface (net/config.c). */
struct net_config {
    enum net_address_mode ipv4_mode, ipv6_mode;
    ip4_addr_t address, netmask, gateway;
    ip6_addr_t ipv6_address, ipv6_gateway;
    ip_addr_t name_servers[NET_NAME_SERVERS];
    unsigned int name_server_count;
};

const struct net_config *net_config_of(unsigned int index);
const char *net_config_hostname(void);
uint64_t net_config_wait_deadline(void);

/* One network device under lwIP (net/interface.c). */
struct interface {
    struct list link;
    struct netif netif;
    struct net_device *device;
    uint32_t number; /* never used a second time, unlike lwIP's */
    const struct net_config *config;
    bool receive_pending; /* the device has frames for us */
    bool kick_needed;     /* frames are queued that the backend was not told of */
    struct list waiting;  /* frames that the device has no room for (net/transmit.c) */
    unsigned int waiting_segments, waiting_others;
    unsigned int idle_seconds; /* that the first of them has waited, about */
    bool changed;              /* link or MTU: look at the device again */
    bool moved;              /* the guest was restored, perhaps elsewhere: tell the network anew */
    uint64_t dhcp_complaint; /* when to say that DHCP does not answer; DEADLINE_NEVER: said, or not
                                needed */
    unsigned int announcements; /* to come after a move, the next at announce_at */
    uint64_t announce_at;
    struct log_limit log; /* for lines that the network can cause */
    uint32_t reported_address;
    bool address_told;
};

extern struct list net_interfaces;

void net_interfaces_init(void);
/* Handle frames and changes of all devices: true when there is more to do at once. */
bool net_interfaces_poll(void);
bool net_interfaces_busy(void);
/* Have all devices polled, whether or not they have told of frames: an event may have been lost. */
void net_interfaces_look(void);
/* Does what this interface stands for cut large TCP segments, or take them as they are? */
bool net_interface_takes_large(const struct netif *netif, bool ipv6);
void net_interfaces_kick(void);

/* Groups: what lwIP joins, the device is told (net/multicast.c). */
void net_multicast_prepare(struct interface *interface);
void net_multicast_end(struct interface *interface);

/* Addresses (net/configure.c). */
void net_configure(struct interface *interface);
void net_deconfigure(struct interface *interface);
void net_configure_check(uint64_t now);
uint64_t net_configure_deadline(void);

/* Announcements after a move (net/announce.c). */
void net_announce_start(struct interface *interface);
void net_announce_check(struct interface *interface, uint64_t now);

/*
 * Peers of TCP connections when the domain is saved (net/peers.c). hold: they are told to keep their
 * data, and what is on its way is waited for; cancel: to go on. go_on: the same at a new place,
 * where what we have sent without an answer is sent again; remind: should they not have heard it.
 */
int net_peers_hold(uint64_t deadline);
void net_peers_cancel(void);
void net_peers_go_on(void);
void net_peers_remind(void);

/* The network thread (net/stack.c). One round: devices, loopback, timers, kicks; returns when the
 * next is due (0: at once). */
uint64_t net_round(void);
void net_wake(void);
void net_flush(void);
/* A device can take frames again: what was turned away is tried again. */
void net_transmit_resume(void);
/* Set whenever a frame goes out. */
extern bool net_transmitted;

/*
 * The way out (net/transmit.c). transmit: lwIP's linkoutput. go_on: send what waits, as far as devices
 * have room; is there a place to wait for others? drop: what waits is given up. waits: something does;
 * then `second` is to be called each second.
 */
err_t net_transmit(struct netif *netif, struct pbuf *p);
bool net_transmit_go_on(void);
void net_transmit_drop(struct interface *interface);
bool net_transmit_waits(void);
void net_transmit_second(void);
/* Frames that found no place. */
extern uint64_t net_frames_turned_away;

/* Set while lwIP's timers run: a connection that ends now has timed out. */
extern bool net_timers_running;

/* Timers (net/timers.c). */
void net_timers_run(uint64_t now);
uint64_t net_timers_deadline(uint64_t now);

/* Memory (net/memory.c). */
unsigned int net_pool_used(unsigned int type);
/*
 * Bytes that one socket may hold now, on their way out or unread: fewer as memory runs short, but one
 * segment at least and `maximum` at most.
 */
size_t net_memory_send_share(size_t maximum);
size_t net_memory_receive_share(size_t maximum);
/* Memory of what all sockets have received and nobody has read, about: kept by them. */
extern size_t net_memory_unread;
/* So much is in use that shares may be small. */
bool net_memory_scarce(void);
/*
 * So many blocks for `length` bytes each (at most some 16,000) lie ready: if this is true, allocating them
 * next does not fail.
 */
bool net_memory_ready(size_t length, unsigned int count);
size_t net_memory_used(void);
size_t net_memory_blocks(void);
size_t net_memory_limit(void);

/* Checksums (net/checksum.c): sums in memory order, not inverted. */
uint16_t net_checksum_fold(uint64_t sum);

/* Random keys (net/hooks.c). */
void net_reseed(void);
uint64_t net_siphash(const uint64_t sip_key[2], const uint64_t *words, unsigned int count);

/* Sockets that exist, those in listeners' queues included (net/socket.c). */
extern unsigned int sockets_open;

/* Devices take frames again: datagrams that wait for that are tried again (net/socket_udp.c). */
void socket_udp_resume(void);
/* Datagrams that found no room in their socket (net/socket_udp.c). */
extern uint64_t net_datagrams_dropped;

/* Queries that wait for a name server (net/resolver.c). */
extern unsigned int net_queries_pending;

#endif
