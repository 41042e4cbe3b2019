/* SPDX-License-Identifier: MIT */
/*
 * Sockets: what TCP and UDP have in common.
 */
#include <errno.h>
#include <fcntl.h>

#include "lib/random/random.h"

#include "net_internal.h"
#include "socket_internal.h"
#include "lib/mm/heap.h"

unsigned int sockets_open;

struct socket *socket_allocate(const struct socket_protocol *protocol, int domain)
{
    struct socket *socket = kernel_alloc_zeroed(1, sizeof(*socket));

    if (!socket)
        return NULL;
    file_init(&socket->file, &socket_file_operations, O_RDWR);
    socket->protocol = protocol;
    socket->domain = domain;
    socket->receive_timeout = socket->send_timeout = DEADLINE_NEVER;
    wait_queue_init(&socket->queue);
    list_init(&socket->datagrams);
    list_init(&socket->connections);
    list_init(&socket->accept_link);
    sockets_open++;
    return socket;
}

void socket_discard(struct socket *socket)
{
    socket->protocol->close(socket);
    sockets_open--;
    kernel_free(socket);
}

void socket_charge(struct socket *socket, ssize_t bytes)
{
    socket->charged += (size_t)bytes;
    net_memory_unread += (size_t)bytes;
}

/* What an unbound socket is bound to; its type is that of the socket's control block. */
const ip_addr_t *socket_any_address(const struct socket *socket)
{
    if (socket->domain == AF_INET)
        return IP4_ADDR_ANY;
    return socket->v6_only ? IP6_ADDR_ANY : IP_ANY_TYPE;
}

/* Sleep until ready(socket): 0, or -EAGAIN when the call may not block or has waited as long as it
 * may. */
int socket_wait(struct socket *socket, bool (*ready)(const struct socket *), int flags,
                uint64_t timeout)
{
    uint64_t deadline;

    if (ready(socket))
        return 0;
    if ((socket->file.flags & O_NONBLOCK) || (flags & MSG_DONTWAIT))
        return -EAGAIN;
    deadline = deadline_after(timeout);
    return wait_until(&socket->queue, ready(socket), deadline) == 0 ? 0 : -EAGAIN;
}

int socket_take_error(struct socket *socket)
{
    int error = socket->error;

    socket->error = 0;
    return error;
}

int socket_error(err_t error)
{
    static const uint8_t errors[] = {
        [-ERR_OK] = 0,
        [-ERR_MEM] = ENOBUFS,
        [-ERR_BUF] = ENOBUFS,
        [-ERR_TIMEOUT] = ETIMEDOUT,
        [-ERR_RTE] = EHOSTUNREACH,
        [-ERR_INPROGRESS] = EINPROGRESS,
        [-ERR_VAL] = EINVAL,
        [-ERR_WOULDBLOCK] = EAGAIN,
        [-ERR_USE] = EADDRINUSE,
        [-ERR_ALREADY] = EALREADY,
        [-ERR_ISCONN] = EISCONN,
        [-ERR_CONN] = ENOTCONN,
        [-ERR_IF] = ENETDOWN,
        [-ERR_ABRT] = ECONNABORTED,
        [-ERR_RST] = ECONNRESET,
        [-ERR_CLSD] = ENOTCONN,
        [-ERR_ARG] = EINVAL,
    };

    return -error < (int)sizeof(errors) ? errors[-error] : EIO;
}

/* RFC 6335's dynamic ports, in no order that a stranger could guess. */
uint16_t socket_random_port(void)
{
    return (uint16_t)(0xc000 | (random_u32() & 0x3fff));
}
