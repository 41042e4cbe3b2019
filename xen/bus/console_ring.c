/* SPDX-License-Identifier: MIT */
/*
 * The console's ring page.
 *
 * Invariants, whatever the page holds: output_producer - output_consumer <= 2048, input_producer -
 * input_consumer <= 1024, and the other side's indices only move forward. An index that would
 * break one is refused, and that direction is broken.
 */
#include "console_ring.h"

#include <errno.h>
#include <string.h>

#include "ring_access.h"

#define INPUT_SIZE ((uint32_t)sizeof(((struct xencons_interface *)0)->in))
#define OUTPUT_SIZE ((uint32_t)sizeof(((struct xencons_interface *)0)->out))

_Static_assert(offsetof(struct xencons_interface, out) == 1024, "console ring");
_Static_assert(offsetof(struct xencons_interface, out_prod) == 3084, "console ring");

int console_ring_init(struct console_ring *ring, struct xencons_interface *shared)
{
    ring->shared = shared;
    ring->output_producer = ring_index_read(&shared->out_prod);
    ring->output_consumer = ring_index_read(&shared->out_cons);
    ring->input_consumer = ring_index_read(&shared->in_cons);
    ring->input_producer = ring->input_consumer;
    ring->output_broken = ring->output_producer - ring->output_consumer > OUTPUT_SIZE;
    ring->input_broken = ring->output_broken;
    return ring->output_broken ? -EIO : 0;
}

/* Look at how far the other side has read. */
static void look_at_consumer(struct console_ring *ring)
{
    uint32_t consumer = ring_index_read(&ring->shared->out_cons);

    if (consumer - ring->output_consumer > ring->output_producer - ring->output_consumer)
        ring->output_broken = true;
    else
        ring->output_consumer = consumer;
}

uint32_t console_ring_unread(struct console_ring *ring)
{
    if (!ring->output_broken)
        look_at_consumer(ring);
    return ring->output_broken ? 0 : ring->output_producer - ring->output_consumer;
}

/* Copy bytes that fit, in one or two pieces. */
static void put(struct console_ring *ring, const char *text, uint32_t length)
{
    uint32_t at = ring->output_producer % OUTPUT_SIZE;
    uint32_t first = length < OUTPUT_SIZE - at ? length : OUTPUT_SIZE - at;

    memcpy(&ring->shared->out[at], text, first);
    memcpy(ring->shared->out, text + first, length - first);
    ring->output_producer += length;
}

size_t console_ring_write(struct console_ring *ring, const char *text, size_t length)
{
    uint32_t room = OUTPUT_SIZE - console_ring_unread(ring);
    size_t taken = 0;

    if (ring->output_broken)
        return 0;
    while (taken < length && room > 0) {
        size_t left = length - taken < room ? length - taken : room;
        const char *newline = memchr(text + taken, '\n', left);
        uint32_t line = (uint32_t)(newline ? newline - (text + taken) : (ptrdiff_t)left);

        put(ring, text + taken, line);
        room -= line;
        taken += line;
        if (newline && room < 2)
            break;
        if (newline) {
            put(ring, "\r\n", 2);
            room -= 2;
            taken++;
        }
    }
    ring_index_publish(&ring->shared->out_prod, ring->output_producer);
    return taken;
}

bool console_ring_readable(struct console_ring *ring)
{
    if (ring->input_broken)
        return false;

    uint32_t producer = ring_index_read(&ring->shared->in_prod);
    uint32_t available = producer - ring->input_consumer;
    if (available > INPUT_SIZE || available < ring->input_producer - ring->input_consumer) {
        ring->input_broken = true;
        return false;
    }
    ring->input_producer = producer;
    return available > 0;
}

size_t console_ring_read(struct console_ring *ring, char *buffer, size_t size)
{
    size_t taken = 0;

    if (!console_ring_readable(ring))
        return 0;
    while (taken < size && ring->input_consumer != ring->input_producer) {
        char byte;

        ring_copy_out(&byte, &ring->shared->in[ring->input_consumer++ % INPUT_SIZE], 1);
        buffer[taken++] = byte == '\r' ? '\n' : byte;
    }
    ring_index_publish(&ring->shared->in_cons, ring->input_consumer);
    return taken;
}
