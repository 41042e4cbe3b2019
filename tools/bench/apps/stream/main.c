/* SPDX-License-Identifier: MIT */
/*
 * Bulk TCP and small UDP packets, for both guests and for dom0, from the same source:
 *
 *     stream                        serve: port 9 takes what comes and answers with its length, port
 *                                   19 sends the number of bytes that it is asked for, port 7 (UDP)
 *                                   sends packets back
 *     stream in|out ADDRESS BYTES   a client of the first, or the second
 *     stream echo ADDRESS COUNT WINDOW   packets of 64 bytes, so many on their way at a time
 *     stream flood ADDRESS COUNT    packets of 18 bytes (frames of 60), as fast as they go, to port 7
 *
 * A client prints the nanoseconds that it took, and what came back. One connection is served at a
 * time, by one thread, with plain blocking calls.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SINK 9
#define SOURCE 19
#define ECHO 7
#define BLOCK (256 * 1024)
#define PACKET 64
#define SMALL_PACKET 18
#define PATIENCE 200 /* ms without an answer */

static char block[BLOCK];

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    address.sin_addr.s_addr = text ? inet_addr(text) : htonl(INADDR_ANY);
    return address;
}

/* Takes all that comes: its length. */
static uint64_t take(int descriptor)
{
    uint64_t total = 0;
    ssize_t part;

    while ((part = recv(descriptor, block, sizeof(block), 0)) > 0)
        total += (uint64_t)part;
    return total;
}

static int give(int descriptor, uint64_t length)
{
    while (length > 0) {
        ssize_t part = send(descriptor, block, length < BLOCK ? (size_t)length : BLOCK, 0);

        if (part <= 0)
            return -1;
        length -= (uint64_t)part;
    }
    return 0;
}

static void serve_sink(int listener)
{
    int descriptor = accept(listener, NULL, NULL);
    uint64_t total;

    if (descriptor < 0)
        return;
    total = take(descriptor);
    send(descriptor, &total, sizeof(total), 0);
    close(descriptor);
}

static void serve_source(int listener)
{
    int descriptor = accept(listener, NULL, NULL);
    uint64_t length;

    if (descriptor < 0)
        return;
    if (recv(descriptor, &length, sizeof(length), MSG_WAITALL) == sizeof(length))
        give(descriptor, length);
    close(descriptor);
}

static void serve_echo(int descriptor)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);
    ssize_t length;

    while ((length = recvfrom(descriptor, block, sizeof(block), MSG_DONTWAIT,
                              (struct sockaddr *)&peer, &size)) >= 0) {
        sendto(descriptor, block, (size_t)length, 0, (struct sockaddr *)&peer, size);
        size = sizeof(peer);
    }
}

static int open_port(int type, uint16_t port)
{
    struct sockaddr_in address = address_of(NULL, port);
    int descriptor = socket(AF_INET, type, 0);

    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        (type == SOCK_STREAM && listen(descriptor, 4) < 0)) {
        perror("stream");
        exit(EXIT_FAILURE);
    }
    return descriptor;
}

static int serve(void)
{
    static void (*const servers[])(int descriptor) = { serve_sink, serve_source, serve_echo };
    struct pollfd ports[3] = { { .fd = open_port(SOCK_STREAM, SINK), .events = POLLIN },
                               { .fd = open_port(SOCK_STREAM, SOURCE), .events = POLLIN },
                               { .fd = open_port(SOCK_DGRAM, ECHO), .events = POLLIN } };

    puts("stream: serving");
    fflush(stdout);
    while (poll(ports, 3, -1) > 0)
        for (int i = 0; i < 3; i++)
            if (ports[i].revents & POLLIN)
                servers[i](ports[i].fd);
    return EXIT_FAILURE;
}

static int connection(int type, const char *text, uint16_t port)
{
    struct sockaddr_in address = address_of(text, port);
    int descriptor = socket(AF_INET, type, 0);

    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0)
        return descriptor;
    perror(text);
    exit(EXIT_FAILURE);
}

static int tell(uint64_t start, uint64_t wanted, uint64_t came)
{
    printf("%llu ns, %llu of %llu\n", (unsigned long long)(now() - start), (unsigned long long)came,
           (unsigned long long)wanted);
    return came == wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int send_in(const char *address, uint64_t length)
{
    int descriptor = connection(SOCK_STREAM, address, SINK);
    uint64_t start = now(), came = 0;

    give(descriptor, length);
    shutdown(descriptor, SHUT_WR);
    recv(descriptor, &came, sizeof(came), MSG_WAITALL);
    return tell(start, length, came);
}

static int take_out(const char *address, uint64_t length)
{
    int descriptor = connection(SOCK_STREAM, address, SOURCE);
    uint64_t start = now();

    send(descriptor, &length, sizeof(length), 0);
    return tell(start, length, take(descriptor));
}

/* Wait for one packet and take all that are there: their number, 0 when none comes. */
static uint64_t take_packets(int descriptor, int patience)
{
    struct pollfd port = { .fd = descriptor, .events = POLLIN };
    uint64_t count = 0;

    if (poll(&port, 1, patience) == 1)
        while (recv(descriptor, block, sizeof(block), MSG_DONTWAIT) >= 0)
            count++;
    return count;
}

static int echo(const char *address, uint64_t count, uint64_t window)
{
    int descriptor = connection(SOCK_DGRAM, address, ECHO);
    uint64_t start = now(), sent = 0, came = 0, part = 1;

    while (came < count && part > 0) {
        for (; sent < count && sent - came < window; sent++)
            send(descriptor, block, PACKET, 0);
        part = take_packets(descriptor, PATIENCE);
        came += part;
    }
    return tell(start, count, came);
}

/* The time is that of sending; what comes back shows what got there and back. */
static int flood(const char *address, uint64_t count)
{
    int descriptor = connection(SOCK_DGRAM, address, ECHO), size = 8 << 20;
    uint64_t start = now(), came = 0, part, end;

    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    for (uint64_t sent = 0; sent < count; sent++)
        send(descriptor, block, SMALL_PACKET, 0);
    end = now();
    while ((part = take_packets(descriptor, PATIENCE)) > 0)
        came += part;
    printf("%llu ns, %llu of %llu\n", (unsigned long long)(end - start), (unsigned long long)came,
           (unsigned long long)count);
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    uint64_t number = count > 3 ? strtoull(words[3], NULL, 10) : 0;

    if (count == 1)
        return serve();
    if (count == 4 && strcmp(words[1], "in") == 0)
        return send_in(words[2], number);
    if (count == 4 && strcmp(words[1], "out") == 0)
        return take_out(words[2], number);
    if (count == 5 && strcmp(words[1], "echo") == 0)
        return echo(words[2], number, strtoull(words[4], NULL, 10));
    if (count == 4 && strcmp(words[1], "flood") == 0)
        return flood(words[2], number);
    fputs("usage: stream [in|out|flood ADDRESS COUNT | echo ADDRESS COUNT WINDOW]\n", stderr);
    return EXIT_FAILURE;
}
