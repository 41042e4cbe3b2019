/* SPDX-License-Identifier: MIT */
/*
 * What the network test serves and sends: a stream of bytes whose checksum dom0's cksum computes
 * too.
 */
#ifndef NETWORK_SERVICES_H
#define NETWORK_SERVICES_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of POSIX' cksum, of a stream in pieces. */
struct stream_sum {
    uint32_t sum;
    uint64_t length;
};

void stream_add(struct stream_sum *sum, const void *data, size_t length);
uint32_t stream_end(const struct stream_sum *sum);

/*
 * Send the first `length` bytes of our stream, adding them to `sum`: 0 or -errno. descriptor < 0:
 * only the sum.
 */
int stream_send(int descriptor, uint64_t length, struct stream_sum *sum);
/* Read and sum up to the end of the stream: 0 or -errno. */
int stream_receive(int descriptor, struct stream_sum *sum);

/*
 * Start, each with threads of its own, on IPv4 and IPv6: TCP 9 takes bytes and then tells "SUM
 * LENGTH", as cksum does; TCP 19 reads a number and sends that many bytes; UDP 7 echoes. 0 or
 * -errno.
 */
int services_start(void);

#endif
