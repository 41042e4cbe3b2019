/* SPDX-License-Identifier: MIT */
/*
 * Xenstore client: requests and answers.
 *
 * Requests in flight stand in a table of 64 slots. A request's id is its slot's index with the
 * slot's generation above it, so that an answer is found without a search and an old id is not
 * taken for a new one. A request that timed out leaves its slot taken, without a requester, until
 * the answer comes: ids of which an answer may still come are never reused, and a server that has
 * stopped answering costs 64 slots and no more; then requests wait for a slot, and time out.
 *
 * One message at a time is on its way out: it stands whole in `outgoing` and moves into the ring
 * as room appears, so that no requester ever leaves half a message behind. The event handler runs
 * in the scheduler: it pumps the outgoing message, copies at most one ring's worth of answers out,
 * and wakes requesters. When the other side breaks the protocol, the handler wakes everybody with
 * -EIO, says so once, and leaves the port masked.
 *
 * Before the domain is saved, new requests are held back until those under way have been answered
 * and their threads have seen the answers; so a thread that goes on in a new domain has either a
 * whole answer of the old one or none. What was not answered in time is sent again there, which
 * does no harm: outside of a transaction each request may be done twice, and transactions answer
 * -EAGAIN.
 */
#include "xen/bus/xenstore.h"

#include <errno.h>
#include <string.h>

#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "xen/evtchn.h"
#include "xen/bus/frontend.h"
#include "xenstore_internal.h"

#define SLOT_BITS 6
#define SLOTS (1u << SLOT_BITS)
#define REPEAT 1 /* a request's result: its domain was gone before the answer came */

/* One per thread that waits; lies on its stack. */
struct request {
    struct xenstore_reply *reply; /* or NULL */
    int result;
    bool done;
    struct wait_queue queue;
};

struct slot {
    uint32_t id; /* of the last or present request */
    uint32_t type;
    bool taken;
    struct request *request; /* NULL: it has given up waiting */
};

static struct {
    bool usable;             /* connected, and no violation so far */
    bool suspended;          /* requests wait */
    uint32_t restores;       /* of this domain since boot */
    unsigned int requesters; /* threads that have sent a request and not seen its result */
    unsigned int results;    /* of those, how many have one */
    struct frontend_port channel;
    uint32_t seen; /* progress() at the last event */
    struct xenstore_wire wire;
    struct slot slots[SLOTS];
    unsigned int slots_taken;
    uint32_t outgoing_length, outgoing_sent;
    struct xenstore_message outgoing;
} client;

/* Threads that wait for a free slot and for `outgoing` to be empty. */
static struct wait_queue turn_queue = WAIT_QUEUE_INIT(turn_queue);

static struct slot *slot_take(uint32_t type, struct request *request)
{
    for (unsigned int i = 0; i < SLOTS; i++) {
        struct slot *slot = &client.slots[i];

        if (slot->taken)
            continue;
        slot->id = ((slot->id >> SLOT_BITS) + 1) << SLOT_BITS | i;
        slot->type = type;
        slot->taken = true;
        slot->request = request;
        client.slots_taken++;
        return slot;
    }
    return NULL;
}

static void slot_release(struct slot *slot)
{
    slot->taken = false;
    slot->request = NULL;
    client.slots_taken--;
    wake_all(&turn_queue);
}

static void finish(struct request *request, int result)
{
    request->result = result;
    request->done = true;
    client.results++;
    wake_all(&request->queue);
}

/* A request is its caller's again once it is finished: no slot may know it any more. */
static void finish_all(int result)
{
    for (unsigned int i = 0; i < SLOTS; i++) {
        if (client.slots[i].request != NULL)
            finish(client.slots[i].request, result);
        client.slots[i].request = NULL;
    }
}

/* The other side broke the protocol: nothing it says counts any more. */
static void client_fail(const char *rule)
{
    if (!client.usable)
        return;
    client.usable = false;
    frontend_port_silence(&client.channel);
    printk("xenstore: %s: connection given up, all requests fail", rule);
    finish_all(-EIO);
    wake_all(&turn_queue);
}

/* Copy an answer's payload to where its requester finds it: 0 or -ENOMEM. */
static int reply_fill(struct xenstore_reply *reply, const struct xenstore_message *message)
{
    size_t size = message->header.len + 1;

    reply->page = NULL;
    reply->data = reply->small;
    if (size > sizeof(reply->small)) {
        reply->page = pages_alloc_critical(size > PAGE_SIZE);
        reply->data = reply->page;
    }
    if (reply->data == NULL)
        return -ENOMEM;
    reply->length = message->header.len;
    reply->restores = client.restores;
    memcpy(reply->data, message->payload, size);
    return 0;
}

void xenstore_reply_free(struct xenstore_reply *reply)
{
    if (reply->page != NULL)
        pages_free(reply->page, reply->length + 1 > PAGE_SIZE);
    reply->page = NULL;
}

static int answer_result(const struct xenstore_message *message, struct xenstore_reply *reply)
{
    if (message->header.type == XS_ERROR)
        return xenstore_parse_error(message->payload, message->header.len);
    return reply != NULL ? reply_fill(reply, message) : 0;
}

/* NULL, or the rule that the message breaks. */
static const char *take_answer(const struct xenstore_message *message)
{
    struct slot *slot = &client.slots[message->header.req_id % SLOTS];

    if (!slot->taken || slot->id != message->header.req_id)
        return "answer to no request";
    if (message->header.type != slot->type && message->header.type != XS_ERROR)
        return "answer of the wrong type";
    if (slot->request != NULL)
        finish(slot->request, answer_result(message, slot->request->reply));
    slot_release(slot);
    return NULL;
}

static const char *take_message(const struct xenstore_message *message)
{
    uint32_t token;

    if (message->header.type != XS_WATCH_EVENT)
        return take_answer(message);
    if (xenstore_parse_watch_event(message->payload, message->header.len, &token) < 0)
        return "malformed watch event";
    xenstore_watch_event(message->payload, token);
    return NULL;
}

/*
 * Move the outgoing message on. The other side's reading makes room and comes with an event. With
 * nothing to send, its index is still checked.
 */
static void pump(void)
{
    uint32_t left = client.outgoing_length - client.outgoing_sent;
    size_t sent =
        xenstore_wire_send(&client.wire, (char *)&client.outgoing + client.outgoing_sent, left);

    client.outgoing_sent += (uint32_t)sent;
    if (sent > 0)
        evtchn_notify(client.channel.port);
    if (sent > 0 && sent == left)
        wake_all(&turn_queue);
    if (client.wire.violation != NULL)
        client_fail(client.wire.violation);
}

static void receive(void)
{
    const char *rule = NULL;

    xenstore_wire_poll(&client.wire);
    while (rule == NULL && xenstore_wire_next(&client.wire))
        rule = take_message(&client.wire.message);
    if (xenstore_wire_release(&client.wire))
        evtchn_notify(client.channel.port);
    if (rule == NULL)
        rule = client.wire.violation;
    if (rule != NULL)
        client_fail(rule);
}

/* How far the other side has come in both directions; each only goes forward. */
static uint32_t progress(void)
{
    return client.wire.request_consumer + client.wire.response_producer;
}

static void xenstore_event(void *argument)
{
    uint32_t before = client.seen;

    (void)argument;
    receive();
    if (client.usable)
        pump();
    client.seen = progress();
    if (client.usable)
        frontend_port_rearm(&client.channel, client.seen != before);
}

/* Take over a ring page and a port: 0 or -errno, said in one line. */
static int connect(void *ring_page, uint32_t port)
{
    int error = xenstore_wire_init(&client.wire, ring_page);

    if (error < 0) {
        printk("xenstore: %s", client.wire.violation);
        return error;
    }
    frontend_port_init(&client.channel);
    error = frontend_port_attach(&client.channel, port, xenstore_event, NULL);
    if (error < 0) {
        printk("xenstore: port %u cannot be attached: %d", port, error);
        return error;
    }
    client.usable = true;
    frontend_port_rearm(&client.channel, true);
    return 0;
}

int xenstore_init(void *ring_page, uint32_t port)
{
    int error = connect(ring_page, port);

    if (error < 0)
        return error;
    error = xenstore_watch_start();
    if (error < 0) {
        client.usable = false;
        frontend_port_close(&client.channel);
        printk("xenstore: no memory for the watch thread");
    }
    return error;
}

void xenstore_suspend(uint64_t deadline)
{
    client.suspended = true;
    wait_until(&turn_queue, client.requesters == 0, deadline);
    while (client.results > 0)
        thread_yield();
}

void xenstore_suspend_cancel(void)
{
    client.suspended = false;
    wake_all(&turn_queue);
}

int xenstore_resume(void *ring_page, uint32_t port)
{
    client.usable = false;
    frontend_port_forget(&client.channel);
    client.restores++;
    finish_all(REPEAT);
    for (unsigned int i = 0; i < SLOTS; i++)
        client.slots[i].taken = false;
    client.slots_taken = 0;
    client.outgoing_length = client.outgoing_sent = 0;
    int error = ring_page != NULL ? connect(ring_page, port) : -ENODEV;
    xenstore_watch_resume();
    xenstore_suspend_cancel();
    return error;
}

/* Lay the message out in `outgoing`, which is empty, and start it on its way. */
static void submit(const struct slot *slot, xenstore_transaction transaction,
                   const struct xenstore_piece *pieces, unsigned int count, uint32_t length)
{
    char *target = client.outgoing.payload;

    client.outgoing.header = (struct xsd_sockmsg){
        .type = slot->type,
        .req_id = slot->id,
        .tx_id = (uint32_t)transaction,
        .len = length,
    };
    for (unsigned int i = 0; i < count; i++) {
        memcpy(target, pieces[i].data, pieces[i].length);
        target += pieces[i].length;
    }
    client.outgoing_sent = 0;
    client.outgoing_length = (uint32_t)sizeof(client.outgoing.header) + length;
    pump();
}

static bool my_turn(void)
{
    return !client.suspended && client.slots_taken < SLOTS &&
           client.outgoing_sent == client.outgoing_length;
}

/*
 * Wait until `outgoing` is empty and a slot is free: 0, -ETIMEDOUT or -EIO. Does not keep either.
 */
static int wait_for_turn(uint64_t deadline)
{
    int error = wait_until(&turn_queue, !client.usable || my_turn(), deadline);

    return client.usable ? error : -EIO;
}

static bool transaction_ended(xenstore_transaction transaction)
{
    return transaction != XENSTORE_NONE && transaction >> 32 != client.restores;
}

/* The result that the answer brings, or -ETIMEDOUT. */
static int wait_for_answer(struct slot *slot, struct request *request, uint64_t deadline)
{
    int error;

    client.requesters++;
    error = wait_until(&request->queue, request->done, deadline);
    client.requesters--;
    if (client.suspended)
        wake_all(&turn_queue);
    if (request->done) {
        client.results--;
        return request->result;
    }
    slot->request = NULL;
    return error;
}

int xenstore_request(enum xsd_sockmsg_type type, xenstore_transaction transaction,
                     const struct xenstore_piece *pieces, unsigned int count,
                     struct xenstore_reply *reply)
{
    uint64_t deadline = deadline_after(XENSTORE_TIMEOUT);
    size_t length = 0;
    int result;

    for (unsigned int i = 0; i < count; i++)
        length += pieces[i].length;
    if (length > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    do {
        struct request request = { .reply = reply, .queue = WAIT_QUEUE_INIT(request.queue) };

        result = wait_for_turn(deadline);
        if (result < 0)
            return result;
        if (transaction_ended(transaction))
            return -EAGAIN;
        struct slot *slot = slot_take(type, &request);
        submit(slot, transaction, pieces, count, (uint32_t)length);
        result = wait_for_answer(slot, &request, deadline);
    } while (result == REPEAT);
    return result;
}

unsigned int xenstore_requests_in_flight(void)
{
    return client.slots_taken;
}
