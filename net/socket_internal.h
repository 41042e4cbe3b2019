/* SPDX-License-Identifier: MIT */
/*
 * Sockets: a struct file over one of lwIP's control blocks.
 *
 * lwIP's callbacks run in whatever thread is inside of the stack; they queue what came, note what
 * happened and wake the socket's wait queue, nothing else. The socket's memory lives until the last
 * reference to its file goes; the control block can go at any time (reset, timeout), and then
 * socket->tcp is NULL. A connection that nobody has accepted yet is a socket in its listener's
 * queue.
 */
#ifndef NET_SOCKET_INTERNAL_H
#define NET_SOCKET_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "lib/file/file.h"
#include "lib/base/list.h"
#include "lib/sched/sched.h"
#include "lwip/err.h"
#include "lwip/ip_addr.h"

struct membership;
struct pbuf;
struct socket;
struct tcp_pcb;
struct udp_pcb;

/* What one call of the send or receive family moves. */
struct socket_message {
    const struct iovec *vector;
    int count;
    size_t length;    /* of all of the vector */
    int flags;        /* MSG_…; receive adds MSG_TRUNC */
    bool has_address; /* send: a destination was given; receive: `address` was set */
    ip_addr_t address;
    uint16_t port;
};

struct socket_protocol {
    /* Allocate the control block: 0 or -ENOBUFS. */
    int (*open)(struct socket *socket);
    void (*close)(struct socket *socket);
    int (*bind)(struct socket *socket, const ip_addr_t *address, uint16_t port);
    int (*connect)(struct socket *socket, const ip_addr_t *address, uint16_t port);
    int (*listen)(struct socket *socket, int backlog);
    /* The next connection stays in the listener's queue until socket_accepted(). */
    int (*accept)(struct socket *socket, struct socket **connection);
    int (*shutdown)(struct socket *socket, int how);
    ssize_t (*send)(struct socket *socket, struct socket_message *message);
    ssize_t (*receive)(struct socket *socket, struct socket_message *message);
    short (*poll)(struct socket *socket, short events);
    size_t (*readable)(const struct socket *socket);
};

extern const struct socket_protocol socket_tcp, socket_udp;

enum socket_state {
    SOCKET_FRESH, /* TCP: not connected; UDP: no peer */
    SOCKET_LISTENING,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_DEAD, /* TCP: the connection is over */
};

struct socket {
    struct file file;
    const struct socket_protocol *protocol;
    struct wait_queue queue;
    enum socket_state state;
    int domain;
    int error;                              /* a positive errno that the next call answers */
    uint64_t receive_timeout, send_timeout; /* ns; DEADLINE_NEVER */
    bool v6_only, reuse_address, keep_alive, broadcast, no_delay, cork, reset_on_close;
    bool read_shut, write_shut; /* by us */
    bool end_of_stream;         /* by the peer */
    bool send_waiting;          /* someone waits for room to send */
    bool window_limited;        /* the peer heard of a smaller window than lwIP has in mind */
    bool bound;
    uint32_t keep_idle, keep_interval, keep_count; /* seconds; 0: the stack's default */
    union {
        struct tcp_pcb *tcp;
        struct udp_pcb *udp;
    };
    ip_addr_t local_address, remote_address;
    uint16_t local_port, remote_port;

    /* Received and not read: TCP a list of buffers through pbuf->next, UDP a list of datagrams. */
    struct pbuf *first, *last;
    uint16_t first_offset; /* bytes of `first` that were read */
    size_t queued;         /* bytes that can be read */
    size_t charged;        /* bytes of memory that they hold, about */
    struct list datagrams;
    struct membership *memberships; /* UDP: groups that it has joined (socket_multicast.c) */

    struct list connections; /* listener: not accepted yet, by accept_link */
    struct list accept_link;
    struct socket *listener; /* of a connection that is in such a queue */
};

/* socket.c */
/* It holds so much more, or less, received memory. */
void socket_charge(struct socket *socket, ssize_t bytes);
int socket_wait(struct socket *socket, bool (*ready)(const struct socket *), int flags,
                uint64_t timeout);
int socket_take_error(struct socket *socket);
int socket_error(err_t error);
struct socket *socket_allocate(const struct socket_protocol *protocol, int domain);
/* Free a socket that never had a descriptor. */
void socket_discard(struct socket *socket);
uint16_t socket_random_port(void);
const ip_addr_t *socket_any_address(const struct socket *socket);

/* socket_options.c: what an option changed after the control block was made */
void socket_udp_apply_options(struct socket *socket);
/* socket_calls.c: the socket behind a descriptor with a reference of its own
 * (file_put(&socket->file)), or -EBADF, -ENOTSOCK. */
int socket_get(int descriptor, struct socket **socket);
/* socket_file.c */
extern const struct file_operations socket_file_operations;

/* socket_tcp.c */
void socket_accepted(struct socket *connection);
void socket_tcp_apply_options(struct socket *socket);

/* socket_tcp_data.c */
err_t socket_tcp_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error);
err_t socket_tcp_sent(void *argument, struct tcp_pcb *pcb, uint16_t length);
err_t socket_tcp_polled(void *argument, struct tcp_pcb *pcb);
size_t socket_tcp_window(const struct tcp_pcb *pcb);
bool socket_tcp_admits(const struct tcp_pcb *pcb, size_t extent);
void socket_tcp_drop_received(struct socket *socket);
ssize_t socket_tcp_send(struct socket *socket, struct socket_message *message);
ssize_t socket_tcp_receive(struct socket *socket, struct socket_message *message);
short socket_tcp_poll(struct socket *socket, short events);
size_t socket_tcp_readable(const struct socket *socket);
/* Both directions are finished: the control block goes on alone. */
void socket_tcp_detach(struct socket *socket);

/* socket_udp.c */
void socket_udp_disconnect(struct socket *socket);

/* socket_multicast.c: options of UDP sockets about groups, 0, -ENOPROTOOPT for any other, or
 * -errno; a socket's beginning and end */
int socket_multicast_set(struct socket *socket, int level, int name, const void *value,
                         socklen_t length);
int socket_multicast_get(const struct socket *socket, int level, int name, int *number);
void socket_multicast_open(struct socket *socket);
void socket_multicast_close(struct socket *socket);

/* socket_address.c */
int socket_address_in(const struct socket *socket, const struct sockaddr *address, socklen_t length,
                      ip_addr_t *ip, uint16_t *port);
/* Store at most *length bytes; *length becomes the full length. NULL: nothing to do. */
void socket_address_out(int domain, const ip_addr_t *ip, uint16_t port, struct sockaddr *address,
                        socklen_t *length);
bool socket_address_is_ours(const ip_addr_t *ip);

#endif
