/* SPDX-License-Identifier: MIT */
/*
 * getsockopt() and setsockopt(): one table of options; values are kept in the socket and carried
 * over to lwIP's control block.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"

#include "net_internal.h"
#include "socket_internal.h"

#define SECONDS_MAXIMUM 32767
#define BUFFER_SIZE TCP_WND /* what SO_SNDBUF and SO_RCVBUF answer; they cannot be changed */

/* Options that are a bool or a number of seconds in struct socket. */
struct option {
    int level, name;
    size_t offset;
    bool seconds;
};

static const struct option options[] = {
    { SOL_SOCKET, SO_REUSEADDR, offsetof(struct socket, reuse_address), false },
    { SOL_SOCKET, SO_KEEPALIVE, offsetof(struct socket, keep_alive), false },
    { SOL_SOCKET, SO_BROADCAST, offsetof(struct socket, broadcast), false },
    { IPPROTO_IPV6, IPV6_V6ONLY, offsetof(struct socket, v6_only), false },
    { IPPROTO_TCP, TCP_NODELAY, offsetof(struct socket, no_delay), false },
    { IPPROTO_TCP, TCP_CORK, offsetof(struct socket, cork), false },
    { IPPROTO_TCP, TCP_KEEPIDLE, offsetof(struct socket, keep_idle), true },
    { IPPROTO_TCP, TCP_KEEPINTVL, offsetof(struct socket, keep_interval), true },
    { IPPROTO_TCP, TCP_KEEPCNT, offsetof(struct socket, keep_count), true },
};

static const struct option *find_option(int level, int name)
{
    size_t index;

    for (index = 0; index < sizeof(options) / sizeof(options[0]); index++) {
        if (options[index].level == level && options[index].name == name)
            return &options[index];
    }
    return NULL;
}

void socket_udp_apply_options(struct socket *socket)
{
    if (socket->broadcast)
        ip_set_option(socket->udp, SOF_BROADCAST);
    else
        ip_reset_option(socket->udp, SOF_BROADCAST);
}

static void apply_options(struct socket *socket)
{
    if (socket->protocol == &socket_tcp)
        socket_tcp_apply_options(socket);
    else if (socket->udp)
        socket_udp_apply_options(socket);
}

/* Whether it speaks IPv4 too is decided before the socket has an address. */
static int set_v6_only(struct socket *socket, int value)
{
    u8_t type;

    if (socket->domain != AF_INET6 || socket->bound)
        return -EINVAL;
    socket->v6_only = value != 0;
    type = IP_GET_TYPE(socket_any_address(socket));
    if (socket->protocol == &socket_tcp && socket->tcp) {
        IP_SET_TYPE_VAL(socket->tcp->local_ip, type);
        IP_SET_TYPE_VAL(socket->tcp->remote_ip, type);
    } else if (socket->protocol == &socket_udp) {
        IP_SET_TYPE_VAL(socket->udp->local_ip, type);
        IP_SET_TYPE_VAL(socket->udp->remote_ip, type);
    }
    return 0;
}

static int set_plain(struct socket *socket, const struct option *option, int value)
{
    char *field = (char *)socket + option->offset;

    if (option->level == IPPROTO_IPV6)
        return set_v6_only(socket, value);
    if (option->level == IPPROTO_TCP && socket->protocol != &socket_tcp)
        return -ENOPROTOOPT;
    if (option->seconds) {
        if (value < 1 || value > SECONDS_MAXIMUM)
            return -EINVAL;
        *(uint32_t *)(void *)field = (uint32_t)value;
    } else {
        *(bool *)field = value != 0;
    }
    apply_options(socket);
    if (option->name == TCP_CORK && option->level == IPPROTO_TCP && !value && socket->tcp &&
        socket->state == SOCKET_CONNECTED) {
        tcp_output(socket->tcp);
        net_flush();
    }
    return 0;
}

static int set_timeout(uint64_t *timeout, const void *value, socklen_t length)
{
    struct timeval time;

    if (length < sizeof(time))
        return -EINVAL;
    memcpy(&time, value, sizeof(time));
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -EDOM;
    if (time.tv_sec < 0)
        time = (struct timeval){ .tv_usec = 1 };
    *timeout = SECONDS(time.tv_sec > SECONDS_MAXIMUM ? SECONDS_MAXIMUM : time.tv_sec) +
               (uint64_t)time.tv_usec * 1000;
    if (*timeout == 0)
        *timeout = DEADLINE_NEVER;
    return 0;
}

/* Only the abrupt form is kept; a graceful close goes on in the background in any case. */
static int set_linger(struct socket *socket, const void *value, socklen_t length)
{
    struct linger linger;

    if (length < sizeof(linger))
        return -EINVAL;
    memcpy(&linger, value, sizeof(linger));
    socket->reset_on_close = linger.l_onoff && linger.l_linger == 0;
    return 0;
}

static int set_hops(struct socket *socket, int value)
{
    if (value < 1 || value > 255)
        return -EINVAL;
    if (socket->protocol == &socket_udp)
        socket->udp->ttl = (u8_t)value;
    else if (socket->tcp)
        socket->tcp->ttl = (u8_t)value;
    return 0;
}

static int set_special(struct socket *socket, int level, int name, const void *value,
                       socklen_t length)
{
    int number = 0, error;

    if (level == SOL_SOCKET && name == SO_RCVTIMEO)
        return set_timeout(&socket->receive_timeout, value, length);
    if (level == SOL_SOCKET && name == SO_SNDTIMEO)
        return set_timeout(&socket->send_timeout, value, length);
    if (level == SOL_SOCKET && name == SO_LINGER)
        return set_linger(socket, value, length);
    error = socket_multicast_set(socket, level, name, value, length);
    if (error != -ENOPROTOOPT)
        return error;
    if (length < sizeof(number))
        return -EINVAL;
    memcpy(&number, value, sizeof(number));
    if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF))
        return number > 0 ? 0 : -EINVAL;
    if ((level == IPPROTO_IP && name == IP_TTL) ||
        (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS))
        return set_hops(socket, number);
    if (level == IPPROTO_IP && name == IP_TOS)
        return 0;
    return -ENOPROTOOPT;
}

static int set_option(struct socket *socket, int level, int name, const void *value,
                      socklen_t length)
{
    const struct option *option = find_option(level, name);
    int number;

    if (!value)
        return -EFAULT;
    if (!option)
        return set_special(socket, level, name, value, length);
    if (length < sizeof(number))
        return -EINVAL;
    memcpy(&number, value, sizeof(number));
    return set_plain(socket, option, number);
}

int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        error = set_option(socket, level, name, value, length);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}

static int get_plain(const struct socket *socket, const struct option *option)
{
    const char *field = (const char *)socket + option->offset;

    if (!option->seconds)
        return *(const bool *)field;
    if (*(const uint32_t *)(const void *)field)
        return (int)*(const uint32_t *)(const void *)field;
    switch (option->name) {
    case TCP_KEEPIDLE:
        return TCP_KEEPIDLE_DEFAULT / 1000;
    case TCP_KEEPINTVL:
        return TCP_KEEPINTVL_DEFAULT / 1000;
    default:
        return TCP_KEEPCNT_DEFAULT;
    }
}

static int get_number(struct socket *socket, int level, int name, int *number)
{
    const struct option *option = find_option(level, name);
    bool tcp = socket->protocol == &socket_tcp;

    if (option)
        *number = get_plain(socket, option);
    else if (level == IPPROTO_TCP && name == TCP_MAXSEG && tcp)
        *number = socket->tcp && socket->state != SOCKET_LISTENING ? socket->tcp->mss : TCP_MSS;
    else if (level != SOL_SOCKET)
        return socket_multicast_get(socket, level, name, number);
    else if (name == SO_ERROR)
        *number = socket_take_error(socket);
    else if (name == SO_TYPE)
        *number = tcp ? SOCK_STREAM : SOCK_DGRAM;
    else if (name == SO_ACCEPTCONN)
        *number = socket->state == SOCKET_LISTENING;
    else if (name == SO_SNDBUF || name == SO_RCVBUF)
        *number = BUFFER_SIZE;
    else if (name == SO_DOMAIN)
        *number = socket->domain;
    else if (name == SO_PROTOCOL)
        *number = tcp ? IPPROTO_TCP : IPPROTO_UDP;
    else
        return -ENOPROTOOPT;
    return 0;
}

static void store(void *value, socklen_t *length, const void *from, socklen_t size)
{
    if (*length > size)
        *length = size;
    memcpy(value, from, *length);
}

static struct timeval timeval_of(uint64_t timeout)
{
    if (timeout == DEADLINE_NEVER)
        return (struct timeval){ 0 };
    return (struct timeval){ .tv_sec = (time_t)(timeout / SECONDS(1)),
                             .tv_usec = (suseconds_t)(timeout % SECONDS(1) / 1000) };
}

static int get_option(struct socket *socket, int level, int name, void *value, socklen_t *length)
{
    int number = 0, error;

    if (!value || !length)
        return -EFAULT;
    if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
        struct timeval time =
            timeval_of(name == SO_RCVTIMEO ? socket->receive_timeout : socket->send_timeout);

        store(value, length, &time, sizeof(time));
        return 0;
    }
    if (level == SOL_SOCKET && name == SO_LINGER) {
        struct linger linger = { .l_onoff = socket->reset_on_close };

        store(value, length, &linger, sizeof(linger));
        return 0;
    }
    error = get_number(socket, level, name, &number);
    if (error == 0)
        store(value, length, &number, sizeof(number));
    return error;
}

int getsockopt(int descriptor, int level, int name, void *value, socklen_t *length)
{
    struct socket *socket;
    int error = socket_get(descriptor, &socket);

    if (error == 0) {
        error = get_option(socket, level, name, value, length);
        file_put(&socket->file);
    }
    return (int)posix_result(error);
}
