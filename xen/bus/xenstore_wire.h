/* SPDX-License-Identifier: MIT */
/*
 * Xenstore's ring and message framing (<xen-abi/io/xs_wire.h>), without any call into Xen: builds
 * for the host.
 *
 * Both directions are byte streams through rings of 1024 bytes; a message is a header of 16 bytes
 * and at most 4096 bytes of payload, so that it may take several turns of the ring. Nothing here
 * blocks or allocates.
 */
#ifndef XEN_XENSTORE_WIRE_H
#define XEN_XENSTORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen-abi/io/xs_wire.h>

/* A received message in private memory; the payload is followed by a NUL that is not part of it. */
struct xenstore_message {
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX + 1];
};

struct xenstore_wire {
    struct xenstore_domain_interface *ring;
    uint32_t request_producer;  /* our truth; the page only gets a copy */
    uint32_t request_consumer;  /* the other side's, as last accepted */
    uint32_t response_producer; /* the other side's, as last accepted */
    uint32_t response_consumer;
    uint32_t response_published; /* what of response_consumer the other side knows */
    uint32_t received;           /* bytes of `message` that have come */
    bool complete;               /* `message` was handed out by xenstore_wire_next() */
    const char *violation;       /* the rule that the other side broke: all is over; or NULL */
    struct xenstore_message message;
};

/*
 * Start on a ring page. Responses that nobody waits for any more are skipped. 0 or -EIO (indices
 * make no sense).
 */
int xenstore_wire_init(struct xenstore_wire *wire, struct xenstore_domain_interface *ring);

/*
 * Put as much as fits into the ring: bytes taken, 0 when it is full or the wire broken. The caller
 * then notifies.
 */
size_t xenstore_wire_send(struct xenstore_wire *wire, const void *data, size_t length);

/*
 * Receiving: poll() looks once how much there is, next() completes one message after the other out
 * of that (true: it is in wire->message until the next call), release() gives the room back and
 * says whether the other side must be notified. The work between poll() and release() is bounded
 * by the ring's 1024 bytes. -EIO, or false: see wire->violation.
 */
int xenstore_wire_poll(struct xenstore_wire *wire);
bool xenstore_wire_next(struct xenstore_wire *wire);
bool xenstore_wire_release(struct xenstore_wire *wire);

/* Payload forms. Each takes `length` bytes that someone else wrote and a NUL behind them. */

/*
 * Decimal digits and nothing else: 0, -EINVAL, or -ERANGE (over 64 bits). A single NUL at the end
 * is accepted.
 */
int xenstore_parse_number(const char *text, size_t length, uint64_t *number);

/* The -errno that an error's name stands for; -EIO for names that we do not know. */
int xenstore_parse_error(const char *text, size_t length);

/*
 * A watch event is two strings, path and token: 0 with *token set (the path is the start of text),
 * or -EINVAL.
 */
int xenstore_parse_watch_event(const char *text, size_t length, uint32_t *token);

/* Number of NUL-terminated strings that fill the payload exactly, or -EINVAL. */
int xenstore_count_strings(const char *text, size_t length);

#endif
