/* SPDX-License-Identifier: MIT */
/*
 * The console's ring page (<xen-abi/io/console.h>), without any call into Xen: builds for the host.
 *
 * Two byte streams, each with a producer and a consumer index that run freely. Our own indices
 * live in private memory; the other side's are bounded both ways. A direction whose rules were
 * broken stays broken. Nothing blocks; any context.
 */
#ifndef XEN_CONSOLE_RING_H
#define XEN_CONSOLE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen-abi/io/console.h>

struct console_ring {
    struct xencons_interface *shared;
    uint32_t output_producer;
    uint32_t output_consumer; /* the other side's, as last accepted */
    uint32_t input_consumer;
    uint32_t input_producer; /* the other side's, as last accepted */
    bool output_broken, input_broken;
};

/* Go on where the page's indices stand. 0 or -EIO (they make no sense). */
int console_ring_init(struct console_ring *ring, struct xencons_interface *shared);

/*
 * Write text, "\n" as "\r\n": the bytes taken from it, fewer than `length` when the ring is full,
 * 0 when broken.
 */
size_t console_ring_write(struct console_ring *ring, const char *text, size_t length);

/* Bytes that the other side has not taken yet; 0 when broken, since nothing is taken any more. */
uint32_t console_ring_unread(struct console_ring *ring);

/* Take input, "\r" as "\n": the bytes taken, at most `size`; 0 when there are none or broken. */
size_t console_ring_read(struct console_ring *ring, char *buffer, size_t size);

/* Is there input? Looks at the page. */
bool console_ring_readable(struct console_ring *ring);

#endif
