/* SPDX-License-Identifier: MIT */
/*
 * TCP sockets: opening, connecting, listening, closing. Data: socket_tcp_data.c.
 *
 * Closing is graceful: what was sent goes out, and lwIP's timers bound how long that takes; when
 * received data was left unread, the peer gets a reset (RFC 2525, 2.17). A socket whose two
 * directions have both ended lets its control block go at once, because lwIP frees one in TIME_WAIT
 * without telling.
 */
#include <errno.h>
#include <netinet/in.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "net_internal.h"
#include "socket_internal.h"

#define PORT_ATTEMPTS 32

static void connection_failed(void *argument, err_t error);

static void attach(struct socket *socket, struct tcp_pcb *pcb)
{
    socket->tcp = pcb;
    tcp_arg(pcb, socket);
    tcp_recv(pcb, socket_tcp_received);
    tcp_sent(pcb, socket_tcp_sent);
    tcp_err(pcb, connection_failed);
    socket_tcp_apply_options(socket);
}

void socket_tcp_detach(struct socket *socket)
{
    struct tcp_pcb *pcb = socket->tcp;

    socket->tcp = NULL;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

static void set_flag(struct tcp_pcb *pcb, u8_t option, bool value)
{
    if (value)
        ip_set_option(pcb, option);
    else
        ip_reset_option(pcb, option);
}

/* Carry the socket's options over to its control block. Listeners keep theirs for the connections
 * to come. */
void socket_tcp_apply_options(struct socket *socket)
{
    struct tcp_pcb *pcb = socket->tcp;

    if (!pcb)
        return;
    set_flag(pcb, SOF_REUSEADDR, socket->reuse_address);
    set_flag(pcb, SOF_KEEPALIVE, socket->keep_alive);
    if (pcb->state == LISTEN)
        return;
    if (socket->no_delay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    if (socket->keep_idle)
        pcb->keep_idle = socket->keep_idle * 1000;
    if (socket->keep_interval)
        pcb->keep_intvl = socket->keep_interval * 1000;
    if (socket->keep_count)
        pcb->keep_cnt = socket->keep_count;
}

static int tcp_open(struct socket *socket)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(socket_any_address(socket)));

    if (!pcb)
        return -ENOBUFS;
    attach(socket, pcb);
    return 0;
}

/* The last state that the control block went through before it vanished decides which error the
 * application sees. */
static int failure_of(const struct socket *socket, err_t error)
{
    if (error == ERR_RST)
        return socket->state == SOCKET_CONNECTING ? ECONNREFUSED : ECONNRESET;
    if (error == ERR_CLSD)
        return 0;
    return net_timers_running ? ETIMEDOUT : ECONNABORTED;
}

/* lwIP has freed the control block. */
static void connection_failed(void *argument, err_t error)
{
    struct socket *socket = argument;

    if (!socket)
        return;
    socket->tcp = NULL;
    if (socket->listener) {
        list_remove(&socket->accept_link);
        socket->listener = NULL;
        socket_discard(socket);
        return;
    }
    socket->error = failure_of(socket, error);
    socket->end_of_stream = true;
    if (socket->state == SOCKET_CONNECTING) {
        socket->state = SOCKET_FRESH;
        socket->bound = false;
        socket->end_of_stream = false;
    } else {
        socket->state = SOCKET_DEAD;
    }
    wake_all(&socket->queue);
}

static err_t bind_random(struct socket *socket, const ip_addr_t *address)
{
    err_t error = ERR_USE;
    unsigned int attempt;

    /* A port of our choice must be nobody else's, whatever the option says about ports of the
     * application's choice. */
    set_flag(socket->tcp, SOF_REUSEADDR, false);
    for (attempt = 0; attempt < PORT_ATTEMPTS && error == ERR_USE; attempt++)
        error = tcp_bind(socket->tcp, address, socket_random_port());
    if (error == ERR_USE)
        error = tcp_bind(socket->tcp, address, 0);
    set_flag(socket->tcp, SOF_REUSEADDR, socket->reuse_address);
    return error;
}

static int tcp_bind_socket(struct socket *socket, const ip_addr_t *address, uint16_t port)
{
    int error;

    if (socket->state != SOCKET_FRESH || socket->bound)
        return -EINVAL;
    if (!socket->tcp && (error = tcp_open(socket)) < 0)
        return error;
    if (ip_addr_isany(address))
        address = socket_any_address(socket);
    error =
        -socket_error(port ? tcp_bind(socket->tcp, address, port) : bind_random(socket, address));
    if (error < 0)
        return error;
    socket->bound = true;
    ip_addr_copy(socket->local_address, socket->tcp->local_ip);
    socket->local_port = socket->tcp->local_port;
    return 0;
}

static void remember_names(struct socket *socket)
{
    ip_addr_copy(socket->local_address, socket->tcp->local_ip);
    ip_addr_copy(socket->remote_address, socket->tcp->remote_ip);
    socket->local_port = socket->tcp->local_port;
    socket->remote_port = socket->tcp->remote_port;
}

static err_t connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct socket *socket = argument;

    (void)pcb;
    (void)error;
    socket->state = SOCKET_CONNECTED;
    remember_names(socket);
    wake_all(&socket->queue);
    return ERR_OK;
}

static bool connect_ended(const struct socket *socket)
{
    return socket->state != SOCKET_CONNECTING;
}

static int wait_connected(struct socket *socket)
{
    if (socket_wait(socket, connect_ended, 0, socket->send_timeout) < 0)
        return -EINPROGRESS;
    return -socket_take_error(socket);
}

/* lwIP sends by the default interface even if that one knows no gateway; the handshake would go
 * nowhere. */
static bool has_route(const struct socket *socket, const ip_addr_t *address)
{
    const struct netif *netif = ip_route(&socket->tcp->local_ip, address);

    if (!netif || IP_IS_V6(address))
        return netif != NULL;
    return ip4_addr_net_eq(ip_2_ip4(address), netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
           !ip4_addr_isany_val(*netif_ip4_gw(netif));
}

static int tcp_connect_socket(struct socket *socket, const ip_addr_t *address, uint16_t port)
{
    static const int refusals[] = {
        [SOCKET_FRESH] = 0,
        [SOCKET_LISTENING] = EOPNOTSUPP,
        [SOCKET_CONNECTING] = EALREADY,
        [SOCKET_CONNECTED] = EISCONN,
        [SOCKET_DEAD] = EISCONN,
    };
    int error = -refusals[socket->state];

    if (error < 0)
        return error;
    if (port == 0 || ip_addr_isany(address))
        return -EADDRNOTAVAIL;
    if (ip_addr_ismulticast(address))
        return -ENETUNREACH;
    if (!socket->tcp && (error = tcp_open(socket)) < 0)
        return error;
    if (!socket->bound && (error = tcp_bind_socket(socket, socket_any_address(socket), 0)) < 0)
        return error;
    if (!has_route(socket, address))
        return -ENETUNREACH;
    socket->error = 0;
    socket->state = SOCKET_CONNECTING;
    error = -socket_error(tcp_connect(socket->tcp, address, port, connected));
    if (error < 0) {
        socket->state = SOCKET_FRESH;
        return error == -EHOSTUNREACH ? -ENETUNREACH : error;
    }
    net_flush();
    return wait_connected(socket);
}

/* A handshake is complete. */
static err_t connection_arrived(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct socket *listener = argument, *connection;

    if (!pcb || error != ERR_OK)
        return ERR_VAL;
    connection = socket_allocate(&socket_tcp, listener->domain);
    if (!connection) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    connection->state = SOCKET_CONNECTED;
    connection->no_delay = listener->no_delay;
    connection->keep_alive = listener->keep_alive;
    connection->keep_idle = listener->keep_idle;
    connection->keep_interval = listener->keep_interval;
    connection->keep_count = listener->keep_count;
    connection->reuse_address = listener->reuse_address;
    connection->listener = listener;
    attach(connection, pcb);
    remember_names(connection);
    tcp_backlog_delayed(pcb);
    list_append(&listener->connections, &connection->accept_link);
    wake_all(&listener->queue);
    return ERR_OK;
}

void socket_accepted(struct socket *connection)
{
    list_remove(&connection->accept_link);
    connection->listener = NULL;
    if (connection->tcp)
        tcp_backlog_accepted(connection->tcp);
}

static int tcp_listen_socket(struct socket *socket, int backlog)
{
    u8_t limit = (u8_t)(backlog < 1 ? 1 : backlog > SOMAXCONN ? SOMAXCONN : backlog);
    struct tcp_pcb *pcb;
    err_t error;
    int result;

    if (socket->state == SOCKET_LISTENING) {
        tcp_backlog_set((struct tcp_pcb_listen *)(void *)socket->tcp, limit);
        return 0;
    }
    if (socket->state != SOCKET_FRESH)
        return -EINVAL;
    if (!socket->bound && (result = tcp_bind_socket(socket, socket_any_address(socket), 0)) < 0)
        return result;
    pcb = tcp_listen_with_backlog_and_err(socket->tcp, limit, &error);
    if (!pcb)
        return -socket_error(error);
    socket->tcp = pcb;
    socket->state = SOCKET_LISTENING;
    tcp_accept(pcb, connection_arrived);
    return 0;
}

static bool connection_waits(const struct socket *socket)
{
    return !list_empty(&socket->connections) || socket->state != SOCKET_LISTENING;
}

static int tcp_accept_socket(struct socket *socket, struct socket **connection)
{
    int error;

    if (socket->state != SOCKET_LISTENING)
        return -EINVAL;
    error = socket_wait(socket, connection_waits, 0, socket->receive_timeout);
    if (error < 0)
        return error;
    if (list_empty(&socket->connections))
        return -EINVAL; /* shut down meanwhile */
    *connection = container_of(list_first(&socket->connections), struct socket, accept_link);
    return 0;
}

static void close_listener(struct socket *socket)
{
    struct tcp_pcb *pcb = socket->tcp;

    socket->tcp = NULL;
    while (!list_empty(&socket->connections)) {
        struct socket *connection =
            container_of(list_first(&socket->connections), struct socket, accept_link);

        socket_accepted(connection);
        connection->reset_on_close = true;
        socket_discard(connection);
    }
    tcp_close(pcb);
}

static void tcp_close_socket(struct socket *socket)
{
    bool unread = socket->queued > 0 && !socket->read_shut;
    struct tcp_pcb *pcb = socket->tcp;

    if (socket->state == SOCKET_LISTENING) {
        close_listener(socket);
        return;
    }
    if (pcb)
        socket_tcp_detach(socket);
    socket_tcp_drop_received(socket);
    if (!pcb)
        return;
    if (unread || socket->reset_on_close)
        tcp_abort(pcb);
    else if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static int shutdown_write(struct socket *socket)
{
    socket->write_shut = true;
    if (!socket->tcp)
        return 0;
    if (tcp_shutdown(socket->tcp, 0, 1) != ERR_OK)
        return -ENOBUFS;
    if (socket->end_of_stream) {
        socket_tcp_detach(socket);
        socket->state = SOCKET_DEAD;
    }
    return 0;
}

/* No more connections; who waits for one is told (as Linux does it). */
static int shutdown_listener(struct socket *socket, int how)
{
    if (how == SHUT_WR)
        return -ENOTCONN;
    close_listener(socket);
    socket->state = SOCKET_DEAD;
    wake_all(&socket->queue);
    net_flush();
    return 0;
}

static int tcp_shutdown_socket(struct socket *socket, int how)
{
    int result = 0;

    if (socket->state == SOCKET_LISTENING)
        return shutdown_listener(socket, how);
    if (socket->state == SOCKET_DEAD)
        return socket->error ? -ENOTCONN : 0;
    if (socket->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (how != SHUT_WR) {
        socket->read_shut = true;
        socket_tcp_drop_received(socket);
    }
    if (how != SHUT_RD && !socket->write_shut)
        result = shutdown_write(socket);
    wake_all(&socket->queue);
    net_flush();
    return result;
}

const struct socket_protocol socket_tcp = {
    .open = tcp_open,
    .close = tcp_close_socket,
    .bind = tcp_bind_socket,
    .connect = tcp_connect_socket,
    .listen = tcp_listen_socket,
    .accept = tcp_accept_socket,
    .shutdown = tcp_shutdown_socket,
    .send = socket_tcp_send,
    .receive = socket_tcp_receive,
    .poll = socket_tcp_poll,
    .readable = socket_tcp_readable,
};
