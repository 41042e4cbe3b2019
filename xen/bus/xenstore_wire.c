/* SPDX-License-Identifier: MIT */
/*
 * Xenstore's ring and message framing.
 *
 * Invariants, whatever the shared page holds:
 *   request_producer - request_consumer <= 1024, and request_consumer only moves forward;
 *   response_producer - response_consumer <= 1024, and response_producer only moves forward;
 *   received <= 16 + 4096, and message.header is checked before any of its payload is taken.
 * An index that would break one of these is refused, and the wire is broken for good. Bytes are
 * copied out of the page before they are looked at.
 */
#include <errno.h> /* first: with it, xs_wire.h has the table of error names */
#include <string.h>

#include "xenstore_wire.h"

#include "ring_access.h"

#define HEADER_SIZE ((uint32_t)sizeof(struct xsd_sockmsg))

_Static_assert(sizeof(struct xsd_sockmsg) == 16, "xsd_sockmsg");
_Static_assert(offsetof(struct xenstore_message, payload) == 16, "payload follows the header");
_Static_assert(offsetof(struct xenstore_domain_interface, req_cons) == 2048, "xenstore ring");
_Static_assert(offsetof(struct xenstore_domain_interface, rsp_prod) == 2060, "xenstore ring");

static int violate(struct xenstore_wire *wire, const char *rule)
{
    wire->violation = rule;
    return -EIO;
}

int xenstore_wire_init(struct xenstore_wire *wire, struct xenstore_domain_interface *ring)
{
    wire->ring = ring;
    wire->received = 0;
    wire->complete = false;
    wire->violation = NULL;

    wire->request_producer = ring_index_read(&ring->req_prod);
    wire->request_consumer = ring_index_read(&ring->req_cons);
    if (wire->request_producer - wire->request_consumer > XENSTORE_RING_SIZE)
        return violate(wire, "request indices at start");

    /* A boot loader may have left answers behind. */
    wire->response_producer = ring_index_read(&ring->rsp_prod);
    wire->response_consumer = wire->response_published = wire->response_producer;
    ring_index_publish(&ring->rsp_cons, wire->response_consumer);
    return 0;
}

size_t xenstore_wire_send(struct xenstore_wire *wire, const void *data, size_t length)
{
    if (wire->violation != NULL)
        return 0;

    uint32_t consumer = ring_index_read(&wire->ring->req_cons);
    if (consumer - wire->request_consumer > wire->request_producer - wire->request_consumer) {
        violate(wire, "request consumer out of range");
        return 0;
    }
    wire->request_consumer = consumer;

    uint32_t room = XENSTORE_RING_SIZE - (wire->request_producer - consumer);
    uint32_t count = length < room ? (uint32_t)length : room;
    uint32_t start = MASK_XENSTORE_IDX(wire->request_producer);
    uint32_t first = count < XENSTORE_RING_SIZE - start ? count : XENSTORE_RING_SIZE - start;

    memcpy(wire->ring->req + start, data, first);
    memcpy(wire->ring->req, (const char *)data + first, count - first);
    wire->request_producer += count;
    ring_index_publish(&wire->ring->req_prod, wire->request_producer);
    return count;
}

int xenstore_wire_poll(struct xenstore_wire *wire)
{
    if (wire->violation != NULL)
        return -EIO;

    uint32_t producer = ring_index_read(&wire->ring->rsp_prod);
    uint32_t available = producer - wire->response_consumer;
    if (available > XENSTORE_RING_SIZE ||
        available < wire->response_producer - wire->response_consumer)
        return violate(wire, "response producer out of range");
    wire->response_producer = producer;
    return 0;
}

/* Copy up to `wanted` bytes of what poll() saw to the end of the message. */
static void take(struct xenstore_wire *wire, uint32_t wanted)
{
    uint32_t available = wire->response_producer - wire->response_consumer;
    uint32_t count = wanted < available ? wanted : available;
    uint32_t start = MASK_XENSTORE_IDX(wire->response_consumer);
    uint32_t first = count < XENSTORE_RING_SIZE - start ? count : XENSTORE_RING_SIZE - start;
    char *target = (char *)&wire->message + wire->received;

    ring_copy_out(target, wire->ring->rsp + start, first);
    ring_copy_out(target + first, wire->ring->rsp, count - first);
    wire->response_consumer += count;
    wire->received += count;
}

bool xenstore_wire_next(struct xenstore_wire *wire)
{
    struct xenstore_message *message = &wire->message;

    if (wire->violation != NULL)
        return false;
    if (wire->complete)
        wire->received = 0;
    wire->complete = false;

    if (wire->received < HEADER_SIZE)
        take(wire, HEADER_SIZE - wire->received);
    if (wire->received < HEADER_SIZE)
        return false;
    if (message->header.len > XENSTORE_PAYLOAD_MAX) {
        violate(wire, "message too long");
        return false;
    }

    uint32_t whole = HEADER_SIZE + message->header.len;
    take(wire, whole - wire->received);
    if (wire->received < whole)
        return false;
    message->payload[message->header.len] = '\0';
    wire->complete = true;
    return true;
}

bool xenstore_wire_release(struct xenstore_wire *wire)
{
    uint32_t before = wire->response_published;

    if (wire->violation != NULL || before == wire->response_consumer)
        return false;
    wire->response_published = wire->response_consumer;
    ring_index_publish(&wire->ring->rsp_cons, wire->response_consumer);
    /*
     * The other side goes to sleep when it finds the ring full, and it may have filled it after
     * poll(). Either it sees the index just published, or we see here that it filled up to the old
     * one.
     */
    ring_publish_before_read();
    return ring_index_read(&wire->ring->rsp_prod) - before >= XENSTORE_RING_SIZE;
}

int xenstore_parse_number(const char *text, size_t length, uint64_t *number)
{
    uint64_t value = 0;

    if (length > 0 && text[length - 1] == '\0')
        length--;
    if (length == 0)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return -ERANGE;
    }
    *number = value;
    return 0;
}

int xenstore_parse_error(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        if (length == strlen(xsd_errors[i].errstring) + 1 &&
            memcmp(text, xsd_errors[i].errstring, length) == 0)
            return -xsd_errors[i].errnum;
    return -EIO;
}

int xenstore_parse_watch_event(const char *text, size_t length, uint32_t *token)
{
    uint64_t number;

    if (xenstore_count_strings(text, length) != 2)
        return -EINVAL;
    size_t path_size = strlen(text) + 1;
    int error = xenstore_parse_number(text + path_size, length - path_size, &number);
    if (path_size == 1 || error < 0 || number > UINT32_MAX)
        return -EINVAL;
    *token = (uint32_t)number;
    return 0;
}

int xenstore_count_strings(const char *text, size_t length)
{
    int count = 0;

    if (length > 0 && text[length - 1] != '\0')
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        count += text[i] == '\0';
    return count;
}
