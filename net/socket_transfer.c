/* SPDX-License-Identifier: MIT */
/*
 * <sys/socket.h>: the send and receive families, all by way of one message struct.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net_internal.h"
#include "socket_internal.h"

#define VECTOR_MAXIMUM 1024 /* POSIX's IOV_MAX of most systems */

static int message_length(struct socket_message *message)
{
    int index;

    if (message->count < 0 || message->count > VECTOR_MAXIMUM)
        return -EMSGSIZE;
    for (index = 0; index < message->count; index++) {
        if (message->vector[index].iov_len > (size_t)SSIZE_MAX - message->length)
            return -EINVAL;
        message->length += message->vector[index].iov_len;
    }
    return 0;
}

static ssize_t send_message(int descriptor, struct socket_message *message,
                            const struct sockaddr *address, socklen_t address_length)
{
    struct socket *socket = NULL;
    ssize_t result = message_length(message);

    if (result == 0)
        result = socket_get(descriptor, &socket);
    if (result < 0)
        return posix_result(result);
    if (address && socket->protocol == &socket_udp) {
        result =
            socket_address_in(socket, address, address_length, &message->address, &message->port);
        message->has_address = true;
    }
    if (result == 0)
        result = socket->protocol->send(socket, message);
    file_put(&socket->file);
    thread_give_way();
    return posix_result(result);
}

static ssize_t receive_message(int descriptor, struct socket_message *message,
                               struct sockaddr *address, socklen_t *address_length)
{
    struct socket *socket = NULL;
    ssize_t result = message_length(message);

    if (result == 0)
        result = socket_get(descriptor, &socket);
    if (result < 0)
        return posix_result(result);
    result = socket->protocol->receive(socket, message);
    if (message->has_address)
        socket_address_out(socket->domain, &message->address, message->port, address,
                           address_length);
    else if (address_length)
        *address_length = 0;
    file_put(&socket->file);
    thread_give_way();
    return posix_result(result);
}

ssize_t sendto(int descriptor, const void *buffer, size_t length, int flags,
               const struct sockaddr *address, socklen_t address_length)
{
    struct iovec element = { (void *)(uintptr_t)buffer, length };
    struct socket_message message = { .vector = &element, .count = 1, .flags = flags };

    return send_message(descriptor, &message, address, address_length);
}

ssize_t send(int descriptor, const void *buffer, size_t length, int flags)
{
    return sendto(descriptor, buffer, length, flags, NULL, 0);
}

ssize_t sendmsg(int descriptor, const struct msghdr *header, int flags)
{
    struct socket_message message = {
        .vector = header->msg_iov,
        .count = (int)header->msg_iovlen,
        .flags = flags,
    };

    return send_message(descriptor, &message, header->msg_name, header->msg_namelen);
}

ssize_t recvfrom(int descriptor, void *buffer, size_t length, int flags, struct sockaddr *address,
                 socklen_t *address_length)
{
    struct iovec element = { buffer, length };
    struct socket_message message = { .vector = &element, .count = 1, .flags = flags };

    return receive_message(descriptor, &message, address, address_length);
}

ssize_t recv(int descriptor, void *buffer, size_t length, int flags)
{
    return recvfrom(descriptor, buffer, length, flags, NULL, NULL);
}

ssize_t recvmsg(int descriptor, struct msghdr *header, int flags)
{
    struct socket_message message = {
        .vector = header->msg_iov,
        .count = (int)header->msg_iovlen,
        .flags = flags,
    };
    ssize_t result;

    result = receive_message(descriptor, &message, header->msg_name, &header->msg_namelen);
    header->msg_controllen = 0;
    header->msg_flags = message.flags & MSG_TRUNC;
    return result;
}
