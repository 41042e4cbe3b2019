/* SPDX-License-Identifier: MIT */
/* Only calls of POSIX.1-2001: accept4() and SOCK_NONBLOCK are not everywhere. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"

enum { BACKLOG = 128 };

static int failed(int descriptor)
{
    int error = errno > 0 ? -errno : -EIO;

    if (descriptor >= 0)
        close(descriptor);
    return error;
}

static int set_nonblocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL, 0);

    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

static int bind_any(int descriptor, int family, uint16_t port)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (family == AF_INET) {
        memset(&v4, 0, sizeof(v4));
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return bind(descriptor, (struct sockaddr *)&v4, sizeof(v4));
    }
    memset(&v6, 0, sizeof(v6));
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return bind(descriptor, (struct sockaddr *)&v6, sizeof(v6));
}

int listener_open(int family, uint16_t port)
{
    int yes = 1;
    int descriptor = socket(family, SOCK_STREAM, 0);

    if (descriptor < 0)
        return failed(-1);
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
        return failed(descriptor);
    /* The IPv4 socket has the port already; the IPv6 one must not want it as well. */
    if (family == AF_INET6 &&
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) < 0)
        return failed(descriptor);
    if (bind_any(descriptor, family, port) < 0 || listen(descriptor, BACKLOG) < 0 ||
        set_nonblocking(descriptor) < 0)
        return failed(descriptor);
    return descriptor;
}

int listener_accept(int listener, struct sockaddr_storage *address)
{
    int yes = 1;
    socklen_t len = sizeof(*address);
    int descriptor;

    memset(address, 0, sizeof(struct sockaddr_in6));
    descriptor = accept(listener, (struct sockaddr *)address, &len);
    if (descriptor < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : failed(-1);
    if (set_nonblocking(descriptor) < 0)
        return failed(descriptor);
    /* Answers are sent in one piece: waiting for more of it would only delay them. */
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return descriptor;
}
