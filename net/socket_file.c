/* SPDX-License-Identifier: MIT */
/*
 * Sockets as files: read, write, poll, ioctl, fstat, close.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/file/attributes.h"
#include "net_internal.h"
#include "socket_internal.h"

static struct socket *socket_of(struct file *file)
{
    return container_of(file, struct socket, file);
}

static struct socket_message message_for(const struct iovec *vector, int count)
{
    struct socket_message message = { .vector = vector, .count = count };
    int index;

    for (index = 0; index < count; index++)
        message.length += vector[index].iov_len;
    return message;
}

static ssize_t socket_read(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct socket_message message = message_for(vector, count);

    if (offset >= 0)
        return -ESPIPE;
    return socket_of(file)->protocol->receive(socket_of(file), &message);
}

static ssize_t socket_write(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct socket_message message = message_for(vector, count);

    if (offset >= 0)
        return -ESPIPE;
    return socket_of(file)->protocol->send(socket_of(file), &message);
}

static int socket_stat(struct file *file, struct file_attributes *attributes)
{
    (void)file;
    attributes->mode = FILE_SOCKET | 0777;
    attributes->links = 1;
    attributes->block_size = 4096;
    return 0;
}

static int socket_ioctl(struct file *file, unsigned long request, void *argument)
{
    struct socket *socket = socket_of(file);

    if (request != FIONREAD)
        return -ENOTTY;
    *(int *)argument = (int)socket->protocol->readable(socket);
    return 0;
}

static short socket_poll(struct file *file, short events)
{
    return socket_of(file)->protocol->poll(socket_of(file), events) & (events | POLLERR | POLLHUP);
}

static struct wait_queue *socket_wait_queue(struct file *file)
{
    return &socket_of(file)->queue;
}

static void socket_release(struct file *file)
{
    socket_discard(socket_of(file));
    net_flush();
}

const struct file_operations socket_file_operations = {
    .read = socket_read,
    .write = socket_write,
    .stat = socket_stat,
    .ioctl = socket_ioctl,
    .poll = socket_poll,
    .wait_queue = socket_wait_queue,
    .release = socket_release,
};
