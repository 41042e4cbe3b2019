/* SPDX-License-Identifier: MIT */
/* The listening sockets: one for IPv4, one for IPv6, on one port. */
#ifndef HTTPD_LISTENER_H
#define HTTPD_LISTENER_H

#include <stdint.h>
#include <sys/socket.h>

/* AF_INET or AF_INET6: a nonblocking socket that listens on all addresses, or -errno. */
int listener_open(int family, uint16_t port);

/*
 * Takes a connection and makes it nonblocking, with small answers sent at once. Returns the
 * socket, -EAGAIN if there is none, or another -errno; *address is the peer's.
 */
int listener_accept(int listener, struct sockaddr_storage *address);

#endif
