/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets. Datagrams wait in a bounded list with the address they came from; what does not fit
 * is dropped, as UDP may. The sender of one that a device's full ring turns away waits for room, or
 * hears EAGAIN if it may not wait or has waited long; then poll() tells when to try again. One for a
 * group reaches members on this side at the first try.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "lib/sched/sched.h"
#include "lwip/ip.h"
#include "lwip/mem.h"
#include "lwip/pbuf.h"
#include "lwip/udp.h"

#include "lwip_hooks.h"
#include "net_internal.h"
#include "socket_internal.h"

#define PORT_ATTEMPTS 32
#define DATAGRAM_MAXIMUM 65507u
#define CHARGE_MAXIMUM (256u * 1024)
#define DATAGRAM_OVERHEAD 256u /* memory of a datagram beyond its bytes */
#define IP_UDP_HEADERS 48
#define MTU_MINIMUM 1280
/* A ring that stays full so long is that of a backend in trouble. */
#define ROOM_PATIENCE SECONDS(5)

uint64_t net_datagrams_dropped;

struct datagram {
    struct list link;
    struct pbuf *p;
    ip_addr_t address;
    uint16_t port;
};

/* One datagram may wait in any case. */
static bool has_place(const struct socket *socket, size_t length)
{
    return socket->charged == 0 ||
           socket->charged + length + DATAGRAM_OVERHEAD <= net_memory_receive_share(CHARGE_MAXIMUM);
}

static void datagram_arrived(void *argument, struct udp_pcb *pcb, struct pbuf *p,
                             const ip_addr_t *address, u16_t port)
{
    struct socket *socket = argument;
    struct datagram *datagram = NULL;

    (void)pcb;
    if (!socket->read_shut && has_place(socket, p->tot_len))
        datagram = mem_malloc(sizeof(*datagram));
    if (!datagram) {
        net_datagrams_dropped++;
        pbuf_free(p);
        return;
    }
    datagram->p = p;
    ip_addr_copy(datagram->address, *address);
    datagram->port = port;
    socket_charge(socket, p->tot_len + DATAGRAM_OVERHEAD);
    list_append(&socket->datagrams, &datagram->link);
    wake_all(&socket->queue);
}

static struct datagram *first_datagram(const struct socket *socket)
{
    return container_of(list_first(&socket->datagrams), struct datagram, link);
}

static void drop_datagram(struct socket *socket, struct datagram *datagram)
{
    list_remove(&datagram->link);
    socket_charge(socket, -(ssize_t)(datagram->p->tot_len + DATAGRAM_OVERHEAD));
    pbuf_free(datagram->p);
    mem_free(datagram);
}

static int udp_open(struct socket *socket)
{
    socket->udp = udp_new_ip_type(IP_GET_TYPE(socket_any_address(socket)));
    if (!socket->udp)
        return -ENOBUFS;
    udp_recv(socket->udp, datagram_arrived, socket);
    socket_multicast_open(socket);
    return 0;
}

static void udp_close(struct socket *socket)
{
    while (!list_empty(&socket->datagrams))
        drop_datagram(socket, first_datagram(socket));
    socket_multicast_close(socket);
    if (socket->udp)
        udp_remove(socket->udp);
    socket->udp = NULL;
}

static err_t bind_random(struct socket *socket, const ip_addr_t *address)
{
    err_t error = ERR_USE;
    unsigned int attempt;

    for (attempt = 0; attempt < PORT_ATTEMPTS && error == ERR_USE; attempt++)
        error = udp_bind(socket->udp, address, socket_random_port());
    return error == ERR_USE ? udp_bind(socket->udp, address, 0) : error;
}

static int udp_bind_socket(struct socket *socket, const ip_addr_t *address, uint16_t port)
{
    err_t error;

    if (socket->bound)
        return -EINVAL;
    if (ip_addr_isany(address))
        address = socket_any_address(socket);
    if (socket->reuse_address && port)
        ip_set_option(socket->udp, SOF_REUSEADDR);
    error = port ? udp_bind(socket->udp, address, port) : bind_random(socket, address);
    if (error != ERR_OK)
        return -socket_error(error);
    socket->bound = true;
    ip_addr_copy(socket->local_address, socket->udp->local_ip);
    socket->local_port = socket->udp->local_port;
    return 0;
}

static int bind_if_needed(struct socket *socket)
{
    return socket->bound ? 0 : udp_bind_socket(socket, socket_any_address(socket), 0);
}

static int udp_connect_socket(struct socket *socket, const ip_addr_t *address, uint16_t port)
{
    int error = bind_if_needed(socket);

    if (error < 0)
        return error;
    if (port == 0)
        return -EADDRNOTAVAIL;
    error = -socket_error(udp_connect(socket->udp, address, port));
    if (error < 0)
        return error;
    socket->state = SOCKET_CONNECTED;
    ip_addr_copy(socket->local_address, socket->udp->local_ip);
    ip_addr_copy(socket->remote_address, *address);
    socket->remote_port = port;
    return 0;
}

void socket_udp_disconnect(struct socket *socket)
{
    udp_disconnect(socket->udp);
    socket->state = SOCKET_FRESH;
}

static int udp_shutdown_socket(struct socket *socket, int how)
{
    if (socket->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (how != SHUT_WR)
        socket->read_shut = true;
    if (how != SHUT_RD)
        socket->write_shut = true;
    wake_all(&socket->queue);
    return 0;
}

static struct pbuf *gather(const struct socket_message *message)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)message->length, PBUF_RAM);
    size_t done = 0;
    int index;

    if (p)
        p->kind = NET_FRAME_DATAGRAM;
    for (index = 0; p && index < message->count; index++) {
        memcpy((uint8_t *)p->payload + done, message->vector[index].iov_base,
               message->vector[index].iov_len);
        done += message->vector[index].iov_len;
    }
    return p;
}

/*
 * A datagram that will be cut into fragments gets its checksum here even if the device could
 * complete one, since the device sees the pieces only.
 */
static err_t send_datagram(struct socket *socket, struct pbuf *p, const ip_addr_t *address,
                           uint16_t port)
{
    struct netif *netif = NULL;
    uint16_t flags = 0;
    err_t error;

    if (p->tot_len + IP_UDP_HEADERS > MTU_MINIMUM)
        netif = ip_route(&socket->udp->local_ip, address);
    if (netif) {
        flags = netif->chksum_flags;
        netif->chksum_flags |= NETIF_CHECKSUM_GEN_UDP;
    }
    error = udp_sendto(socket->udp, p, address, port);
    if (netif)
        netif->chksum_flags = flags;
    return error;
}

void socket_udp_resume(void)
{
    struct udp_pcb *pcb;

    for (pcb = udp_pcbs; pcb; pcb = pcb->next) {
        struct socket *socket = pcb->recv_arg;

        if (pcb->recv != datagram_arrived || !socket->send_waiting)
            continue;
        socket->send_waiting = false;
        wake_all(&socket->queue);
    }
}

static bool has_room(const struct socket *socket)
{
    return !socket->send_waiting || socket->write_shut;
}

/* Once: 0 or -errno; -EAGAIN: a ring is full, and the device will tell when it is not. */
static int try_to_send(struct socket *socket, const struct socket_message *message)
{
    const ip_addr_t *address = message->has_address ? &message->address : &socket->remote_address;
    uint16_t port = message->has_address ? message->port : socket->remote_port;
    uint64_t turned_away = net_frames_turned_away;
    struct pbuf *p;
    int error;

    if (socket->write_shut)
        return -EPIPE;
    p = gather(message);
    if (!p)
        return -ENOBUFS;
    error = socket_error(send_datagram(socket, p, address, port));
    pbuf_free(p);
    net_flush();
    if (error == ENOBUFS && net_frames_turned_away != turned_away) {
        socket->send_waiting = true;
        return -EAGAIN;
    }
    if (error == EINVAL)
        return -EACCES; /* a broadcast address without SO_BROADCAST */
    return error == EHOSTUNREACH ? -ENETUNREACH : -error;
}

/* What a ring has turned away, members of its group on this side have had. */
static int try_again(struct socket *socket, const struct socket_message *message)
{
    const u8_t flags = socket->udp->flags;
    int error;

    udp_clear_flags(socket->udp, UDP_FLAGS_MULTICAST_LOOP);
    error = try_to_send(socket, message);
    udp_setflags(socket->udp, flags);
    return error;
}

static bool wait_for_room(struct socket *socket, int flags, uint64_t deadline)
{
    uint64_t now = clock_monotonic();

    return socket_wait(socket, has_room, flags, deadline > now ? deadline - now : 0) == 0;
}

/* News of room ends no one's patience: others may take the room each time. */
static int send_with_patience(struct socket *socket, const struct socket_message *message)
{
    uint64_t patience = socket->send_timeout < ROOM_PATIENCE ? socket->send_timeout : ROOM_PATIENCE;
    uint64_t deadline;
    int error = try_to_send(socket, message);

    if (error != -EAGAIN)
        return error;
    deadline = deadline_after(patience);
    while (error == -EAGAIN && wait_for_room(socket, message->flags, deadline))
        error = try_again(socket, message);
    return error;
}

static ssize_t udp_send_message(struct socket *socket, struct socket_message *message)
{
    int error;

    if (socket->write_shut)
        return -EPIPE;
    if (!message->has_address && socket->state != SOCKET_CONNECTED)
        return -EDESTADDRREQ;
    if (message->length > DATAGRAM_MAXIMUM)
        return -EMSGSIZE;
    error = bind_if_needed(socket);
    if (error < 0)
        return error;
    error = send_with_patience(socket, message);
    return error < 0 ? error : (ssize_t)message->length;
}

static bool readable(const struct socket *socket)
{
    return !list_empty(&socket->datagrams) || socket->read_shut || socket->error;
}

static size_t scatter(const struct datagram *datagram, const struct socket_message *message)
{
    size_t done = 0;
    int index;

    for (index = 0; index < message->count && done < datagram->p->tot_len; index++) {
        size_t room = message->vector[index].iov_len;

        done += pbuf_copy_partial(datagram->p, message->vector[index].iov_base,
                                  (u16_t)(room < UINT16_MAX ? room : UINT16_MAX), (u16_t)done);
    }
    return done;
}

static ssize_t udp_receive_message(struct socket *socket, struct socket_message *message)
{
    bool want_length = message->flags & MSG_TRUNC;
    struct datagram *datagram;
    size_t length, copied;
    int error = bind_if_needed(socket);

    if (error == 0)
        error = socket_wait(socket, readable, message->flags, socket->receive_timeout);
    if (error < 0)
        return error;
    if (socket->error)
        return -socket_take_error(socket);
    if (list_empty(&socket->datagrams))
        return 0;
    datagram = first_datagram(socket);
    length = datagram->p->tot_len;
    copied = scatter(datagram, message);
    message->flags = copied < length ? message->flags | MSG_TRUNC : message->flags & ~MSG_TRUNC;
    message->has_address = true;
    ip_addr_copy(message->address, datagram->address);
    message->port = datagram->port;
    if (!(message->flags & MSG_PEEK))
        drop_datagram(socket, datagram);
    return (ssize_t)(want_length ? length : copied);
}

static short udp_poll_events(struct socket *socket, short events)
{
    short now = 0;

    (void)events;
    if (has_room(socket))
        now |= POLLOUT | POLLWRNORM;
    if (readable(socket))
        now |= POLLIN | POLLRDNORM;
    if (socket->error)
        now |= POLLERR;
    return now;
}

static size_t udp_readable(const struct socket *socket)
{
    return list_empty(&socket->datagrams) ? 0 : first_datagram(socket)->p->tot_len;
}

const struct socket_protocol socket_udp = {
    .open = udp_open,
    .close = udp_close,
    .bind = udp_bind_socket,
    .connect = udp_connect_socket,
    .shutdown = udp_shutdown_socket,
    .send = udp_send_message,
    .receive = udp_receive_message,
    .poll = udp_poll_events,
    .readable = udp_readable,
};
