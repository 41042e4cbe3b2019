/* SPDX-License-Identifier: MIT */
/*
 * <sys/socket.h>: sockets, names, connections. Sending and receiving: socket_transfer.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net_internal.h"
#include "socket_internal.h"

int socket_get(int descriptor, struct socket **socket)
{
    struct file *file = descriptor_get(descriptor);

    if (!file)
        return -EBADF;
    if (file->operations != &socket_file_operations) {
        file_put(file);
        return -ENOTSOCK;
    }
    *socket = container_of(file, struct socket, file);
    return 0;
}

static int protocol_for(int type, int protocol, const struct socket_protocol **operations)
{
    if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
        *operations = &socket_tcp;
    else if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
        *operations = &socket_udp;
    else
        return -EPROTONOSUPPORT;
    return 0;
}

static int file_flags(int flags)
{
    return (flags & SOCK_NONBLOCK) ? O_RDWR | O_NONBLOCK : O_RDWR;
}

static int create_socket(int domain, int type, int protocol)
{
    const struct socket_protocol *operations;
    struct socket *socket;
    int error, flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    error = protocol_for(type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, &operations);
    if (error < 0)
        return error;
    socket = socket_allocate(operations, domain);
    if (!socket)
        return -ENOBUFS;
    socket->file.flags = file_flags(flags);
    error = operations->open(socket);
    if (error == 0)
        error = descriptor_install(&socket->file, 0);
    if (error < 0)
        file_put(&socket->file);
    return error;
}

int socket(int domain, int type, int protocol)
{
    return (int)posix_result(create_socket(domain, type, protocol));
}

static int bind_socket(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    ip_addr_t ip;
    uint16_t port;
    int error = socket_address_in(socket, address, length, &ip, &port);

    if (error < 0)
        return error;
    if (!socket_address_is_ours(&ip) && !ip_addr_ismulticast(&ip))
        return -EADDRNOTAVAIL;
    return socket->protocol->bind(socket, &ip, port);
}

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        error = bind_socket(socket, address, length);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

static int disconnect(struct socket *socket)
{
    if (socket->protocol != &socket_udp)
        return -EAFNOSUPPORT;
    socket_udp_disconnect(socket);
    return 0;
}

static int connect_socket(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    ip_addr_t ip;
    uint16_t port;
    int error;

    if (address && length >= sizeof(address->sa_family) && address->sa_family == AF_UNSPEC)
        return disconnect(socket);
    error = socket_address_in(socket, address, length, &ip, &port);
    return error < 0 ? error : socket->protocol->connect(socket, &ip, port);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        error = connect_socket(socket, address, length);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

int listen(int descriptor, int backlog)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        error = socket->protocol->listen ? socket->protocol->listen(socket, backlog) : -EOPNOTSUPP;
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

static int accept_connection(struct socket *listener, struct sockaddr *address, socklen_t *length,
                             int flags)
{
    struct socket *connection;
    int error, descriptor;

    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    if (!listener->protocol->accept)
        return -EOPNOTSUPP;
    error = listener->protocol->accept(listener, &connection);
    if (error < 0)
        return error;
    /* Without a descriptor the connection stays where it is. */
    descriptor = descriptor_install(&connection->file, 0);
    if (descriptor < 0)
        return descriptor;
    socket_accepted(connection);
    connection->file.flags = file_flags(flags);
    socket_address_out(connection->domain, &connection->remote_address, connection->remote_port,
                       address, length);
    return descriptor;
}

int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags)
{
    struct socket *socket;
    int result = socket_get(descriptor, &socket);

    if (result == 0) {
        result = accept_connection(socket, address, length, flags);
        file_put(&socket->file);
        thread_give_way();
    }
    return (int)posix_result(result);
}

int accept(int descriptor, struct sockaddr *address, socklen_t *length)
{
    return accept4(descriptor, address, length, 0);
}

int shutdown(int descriptor, int how)
{
    struct socket *socket;
    int error;

    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return (int)posix_result(-EINVAL);
    error = socket_get(descriptor, &socket);
    if (error == 0) {
        error = socket->protocol->shutdown(socket, how);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        socket_address_out(socket->domain, &socket->local_address, socket->local_port, address,
                           length);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

int getpeername(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        if (socket->state == SOCKET_CONNECTED || socket->state == SOCKET_DEAD)
            socket_address_out(socket->domain, &socket->remote_address, socket->remote_port,
                               address, length);
        else
            error = -ENOTCONN;
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}
