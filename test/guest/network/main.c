/* SPDX-License-Identifier: MIT */
/*
 * The network under requests of run.sh: name lookups, connections that work, are refused or never
 * answered, streams in both directions, and what all of it leaves in use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/netdev.h"
#include "net/usage.h"

#include "../requests.h"
#include "../usage.h"
#include "groups.h"
#include "services.h"

static const void *address_bytes(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
}

/* "lookup NAME": its addresses, in the order of getaddrinfo(), or what went wrong. */
static void lookup(char *argument, char *answer)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list, *entry;
    int error = getaddrinfo(argument, NULL, &hints, &list);
    size_t used = 0;

    if (error) {
        snprintf(answer, REQUESTS_ANSWER, "failed: %s", gai_strerror(error));
        return;
    }
    for (entry = list; entry; entry = entry->ai_next) {
        char text[INET6_ADDRSTRLEN];

        inet_ntop(entry->ai_family, address_bytes(entry->ai_addr), text, sizeof(text));
        if (used + sizeof(text) < REQUESTS_ANSWER)
            used += (size_t)sprintf(answer + used, "%s%s", used ? " " : "", text);
    }
    freeaddrinfo(list);
}

/*
 * A connection to "ADDRESS PORT…"; *rest becomes what follows. A descriptor, or -errno: -ETIMEDOUT
 * when there is no answer for three seconds.
 */
static int open_connection(char *words, char **rest)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *target;
    struct pollfd waiting = { .events = POLLOUT };
    char *port = strchr(words, ' ');
    socklen_t size = sizeof(int);
    int error;

    if (!port)
        return -EINVAL;
    *port++ = '\0';
    *rest = strchr(port, ' ');
    if (*rest)
        *(*rest)++ = '\0';
    if (getaddrinfo(words, port, &hints, &target) != 0)
        return -EINVAL;
    waiting.fd = socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    error = connect(waiting.fd, target->ai_addr, target->ai_addrlen) == 0 ? 0 : errno;
    freeaddrinfo(target);
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (poll(&waiting, 1, 3000) == 1)
            getsockopt(waiting.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) {
        fcntl(waiting.fd, F_SETFL, 0);
        return waiting.fd;
    }
    close(waiting.fd);
    return -error;
}

static void tell(char *answer, int error, const char *success)
{
    snprintf(answer, REQUESTS_ANSWER, "%s", error < 0 ? strerror(-error) : success);
}

static void try_connection(char *argument, char *answer)
{
    char *rest;
    int descriptor = open_connection(argument, &rest);

    tell(answer, descriptor, "connected");
    if (descriptor >= 0)
        close(descriptor);
}

static void tell_sum(char *answer, int error, const struct stream_sum *sum)
{
    char text[48];

    snprintf(text, sizeof(text), "%lu %lu", (unsigned long)stream_end(sum),
             (unsigned long)sum->length);
    tell(answer, error, text);
}

/*
 * "send ADDRESS PORT LENGTH" and "receive ADDRESS PORT": the stream's sum and length, as cksum
 * tells them.
 */
static void send_stream(char *argument, char *answer)
{
    struct stream_sum sum = { 0 };
    char *length;
    int error, descriptor = open_connection(argument, &length);

    if (descriptor < 0 || !length) {
        tell(answer, descriptor, "no length");
        return;
    }
    error = stream_send(descriptor, strtoul(length, NULL, 10), &sum);
    close(descriptor);
    tell_sum(answer, error, &sum);
}

static void receive_stream(char *argument, char *answer)
{
    struct stream_sum sum = { 0 };
    char *rest;
    int error, descriptor = open_connection(argument, &rest);

    if (descriptor < 0) {
        tell(answer, descriptor, "");
        return;
    }
    error = stream_receive(descriptor, &sum);
    close(descriptor);
    tell_sum(answer, error, &sum);
}

/* "sum LENGTH": of the bytes that the source on port 19 sends. */
static void sum_stream(char *argument, char *answer)
{
    struct stream_sum sum = { 0 };

    tell_sum(answer, stream_send(-1, strtoul(argument, NULL, 10), &sum), &sum);
}

static void tell_usage(char *argument, char *answer)
{
    (void)argument;
    usage_line(answer, REQUESTS_ANSWER, check_usage_now());
}

/* "frames": the first device's counters, and datagrams that found no room in their socket. */
static void tell_frames(char *argument, char *answer)
{
    const struct net_device *device = net_device_at(0);
    struct net_usage net;

    (void)argument;
    net_usage_get(&net);
    if (device)
        snprintf(answer, REQUESTS_ANSWER,
                 "received=%lu received_large=%lu receive_dropped=%lu receive_errors=%lu sent=%lu "
                 "sent_large=%lu send_dropped=%lu datagrams_dropped=%lu",
                 device->statistics.received, device->statistics.received_large,
                 device->statistics.receive_dropped, device->statistics.receive_errors,
                 device->statistics.sent, device->statistics.sent_large,
                 device->statistics.send_dropped, net.datagrams_dropped);
}

static void join_group(char *argument, char *answer)
{
    tell(answer, group_change(argument, true), "joined");
}

static void leave_group(char *argument, char *answer)
{
    tell(answer, group_change(argument, false), "left");
}

/* "crowd NUMBER": join so many further groups; "disperse": leave them. */
static void crowd(char *argument, char *answer)
{
    tell(answer, groups_crowd((unsigned int)strtoul(argument, NULL, 10)), "joined");
}

static void disperse(char *argument, char *answer)
{
    (void)argument;
    groups_disperse();
    tell(answer, 0, "left");
}

/* "heard": frames that the first card has taken in, datagrams for groups since the last time. */
static void tell_heard(char *argument, char *answer)
{
    const struct net_device *device = net_device_at(0);

    (void)argument;
    snprintf(answer, REQUESTS_ANSWER, "%lu %u", device ? device->statistics.received : 0,
             groups_heard());
}

static const struct requests_command commands[] = {
    { "usage", tell_usage },
    { "lookup", lookup },
    { "connect", try_connection },
    { "send", send_stream },
    { "receive", receive_stream },
    { "sum", sum_stream },
    { "frames", tell_frames },
    { "join", join_group },
    { "leave", leave_group },
    { "heard", tell_heard },
    { "crowd", crowd },
    { "disperse", disperse },
};

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    return requests_dispatch(commands, sizeof(commands) / sizeof(commands[0]), words, answer);
}

int main(void)
{
    CHECK(services_start() == 0);
    printf("services are up\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
