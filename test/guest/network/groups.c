/* SPDX-License-Identifier: MIT */
/*
 * One socket for each address family, opened with the first group, and a thread that counts what
 * comes to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "groups.h"
#include "lib/sched/sched.h"

#define PORT 5000
#define CROWD_SOCKETS 8
#define CROWD_EACH 16
#define CROWD_FIRST 0xef020000u /* 239.2.0.0 */

static unsigned int heard;

static void count(void *argument)
{
    int descriptor = *(int *)argument;
    char datagram[64];

    while (recv(descriptor, datagram, sizeof(datagram), 0) >= 0)
        heard++;
}

static int open_socket(int family)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    const void *address = family == AF_INET ? (void *)&four : (void *)&six;
    int descriptor = socket(family, SOCK_DGRAM, 0), yes = 1;

    if (family == AF_INET6)
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(descriptor, address, family == AF_INET ? sizeof(four) : sizeof(six)) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

/* The family's socket, or -1. */
static int socket_for(int family)
{
    static int descriptors[2] = { -1, -1 };
    int *descriptor = &descriptors[family == AF_INET6];

    if (*descriptor >= 0)
        return *descriptor;
    *descriptor = open_socket(family);
    if (*descriptor >= 0)
        thread_create("groups", count, descriptor);
    return *descriptor;
}

int group_change(const char *group, bool join)
{
    struct ip_mreq four = { .imr_interface.s_addr = INADDR_ANY };
    struct ipv6_mreq six = { .ipv6mr_interface = 0 };
    int result = -1;

    errno = EINVAL;
    if (inet_pton(AF_INET, group, &four.imr_multiaddr) == 1)
        result = setsockopt(socket_for(AF_INET), IPPROTO_IP,
                            join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &four, sizeof(four));
    else if (inet_pton(AF_INET6, group, &six.ipv6mr_multiaddr) == 1)
        result = setsockopt(socket_for(AF_INET6), IPPROTO_IPV6,
                            join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &six, sizeof(six));
    return result == 0 ? 0 : -errno;
}

static int crowd[CROWD_SOCKETS];
static unsigned int crowd_sockets;

int groups_crowd(unsigned int count)
{
    struct ip_mreq request = { .imr_interface.s_addr = INADDR_ANY };

    for (unsigned int i = 0; i < count; i++) {
        if (i % CROWD_EACH == 0 && crowd_sockets == CROWD_SOCKETS)
            return -ENFILE;
        if (i % CROWD_EACH == 0)
            crowd[crowd_sockets++] = socket(AF_INET, SOCK_DGRAM, 0);
        request.imr_multiaddr.s_addr = htonl(CROWD_FIRST + i);
        if (setsockopt(crowd[crowd_sockets - 1], IPPROTO_IP, IP_ADD_MEMBERSHIP, &request,
                       sizeof(request)) != 0)
            return -errno;
    }
    return 0;
}

void groups_disperse(void)
{
    while (crowd_sockets > 0)
        close(crowd[--crowd_sockets]);
}

unsigned int groups_heard(void)
{
    unsigned int result = heard;

    heard = 0;
    return result;
}
