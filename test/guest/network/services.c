/* SPDX-License-Identifier: MIT */
/*
 * Services of the network test: one thread accepts for each port and address family, one more
 * serves each connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sched/sched.h"
#include "services.h"

#define PIECE 8192
#define DATAGRAM 9000

static uint32_t table[256];

static void table_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i << 24;

        for (int bit = 0; bit < 8; bit++)
            value = value & 0x80000000u ? value << 1 ^ 0x04c11db7u : value << 1;
        table[i] = value;
    }
}

static uint32_t add_byte(uint32_t sum, uint8_t byte)
{
    return sum << 8 ^ table[sum >> 24 ^ byte];
}

void stream_add(struct stream_sum *sum, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        sum->sum = add_byte(sum->sum, bytes[i]);
    sum->length += length;
}

uint32_t stream_end(const struct stream_sum *sum)
{
    uint32_t value = sum->sum;

    for (uint64_t rest = sum->length; rest; rest >>= 8)
        value = add_byte(value, (uint8_t)rest);
    return ~value;
}

static void stream_fill(uint8_t *piece, uint32_t *state)
{
    for (int i = 0; i < PIECE; i++) {
        *state = *state * 1664525u + 1013904223u;
        piece[i] = (uint8_t)(*state >> 24);
    }
}

static int send_all(int descriptor, const uint8_t *data, size_t length)
{
    while (length) {
        ssize_t sent = send(descriptor, data, length, 0);

        if (sent < 0)
            return -errno;
        data += sent;
        length -= (size_t)sent;
    }
    return 0;
}

int stream_send(int descriptor, uint64_t length, struct stream_sum *sum)
{
    uint8_t *piece = malloc(PIECE);
    uint32_t state = 1;
    int error = piece ? 0 : -ENOMEM;

    while (length && !error) {
        size_t part = length < PIECE ? (size_t)length : PIECE;

        stream_fill(piece, &state);
        stream_add(sum, piece, part);
        if (descriptor >= 0)
            error = send_all(descriptor, piece, part);
        length -= part;
    }
    free(piece);
    return error;
}

int stream_receive(int descriptor, struct stream_sum *sum)
{
    uint8_t *piece = malloc(PIECE);
    ssize_t length = piece ? 1 : 0;
    int error = piece ? 0 : -ENOMEM;

    while (length > 0) {
        length = recv(descriptor, piece, PIECE, 0);
        if (length > 0)
            stream_add(sum, piece, (size_t)length);
        else if (length < 0)
            error = -errno;
    }
    free(piece);
    return error;
}

static void sink(int descriptor)
{
    struct stream_sum sum = { 0 };
    char text[48];
    int length;

    if (stream_receive(descriptor, &sum) < 0)
        return;
    length = snprintf(text, sizeof(text), "%lu %lu\n", (unsigned long)stream_end(&sum),
                      (unsigned long)sum.length);
    send_all(descriptor, (const uint8_t *)text, (size_t)length);
}

static void source(int descriptor)
{
    struct stream_sum sum = { 0 };
    char text[24];
    ssize_t length = recv(descriptor, text, sizeof(text) - 1, 0);

    if (length <= 0)
        return;
    text[length] = '\0';
    stream_send(descriptor, strtoul(text, NULL, 10), &sum);
}

struct service {
    const char *name;
    uint16_t port;
    void (*serve)(int descriptor);
};

static const struct service services[] = {
    { "sink", 9, sink },
    { "source", 19, source },
};

struct connection {
    const struct service *service;
    int descriptor;
};

static void serve(void *argument)
{
    struct connection *connection = argument;

    connection->service->serve(connection->descriptor);
    close(connection->descriptor);
    free(connection);
}

static void accept_one(const struct service *service, int listener)
{
    int descriptor = accept(listener, NULL, NULL);
    struct connection *connection;

    if (descriptor < 0)
        return;
    connection = malloc(sizeof(*connection));
    if (connection) {
        *connection = (struct connection){ service, descriptor };
        if (thread_create(service->name, serve, connection))
            return;
    }
    free(connection);
    close(descriptor);
}

static void accepting(void *argument)
{
    struct connection *listener = argument;

    for (;;)
        accept_one(listener->service, listener->descriptor);
}

static void echoing(void *argument)
{
    int descriptor = *(int *)argument;
    uint8_t *data = malloc(DATAGRAM);

    while (data) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        ssize_t length = recvfrom(descriptor, data, DATAGRAM, 0, (struct sockaddr *)&peer, &size);

        if (length >= 0)
            sendto(descriptor, data, (size_t)length, 0, (struct sockaddr *)&peer, size);
    }
}

/* A socket bound to the port on all addresses of the family, or -errno. */
static int open_port(int family, int type, uint16_t port)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    int descriptor = socket(family, type, 0), yes = 1;
    bool bound;

    if (descriptor < 0)
        return -errno;
    if (family == AF_INET6) {
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
        bound = bind(descriptor, (struct sockaddr *)&six, sizeof(six)) == 0;
    } else {
        bound = bind(descriptor, (struct sockaddr *)&four, sizeof(four)) == 0;
    }
    if (bound && (type == SOCK_DGRAM || listen(descriptor, 16) == 0))
        return descriptor;
    close(descriptor);
    return -errno;
}

static int start(const struct service *service, int family)
{
    struct connection *listener = malloc(sizeof(*listener));

    if (!listener)
        return -ENOMEM;
    listener->service = service;
    listener->descriptor = open_port(family, SOCK_STREAM, service->port);
    if (listener->descriptor < 0)
        return listener->descriptor;
    return thread_create(service->name, accepting, listener) ? 0 : -ENOMEM;
}

static int start_echo(int family, int *descriptor)
{
    *descriptor = open_port(family, SOCK_DGRAM, 7);
    if (*descriptor < 0)
        return *descriptor;
    return thread_create("echo", echoing, descriptor) ? 0 : -ENOMEM;
}

int services_start(void)
{
    static const int families[] = { AF_INET, AF_INET6 };
    static int echoes[2];
    int error = 0;

    table_fill();
    for (int i = 0; i < 2 && !error; i++) {
        error = start(&services[0], families[i]);
        if (!error)
            error = start(&services[1], families[i]);
        if (!error)
            error = start_echo(families[i], &echoes[i]);
    }
    return error;
}
