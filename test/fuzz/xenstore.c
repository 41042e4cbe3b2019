/* SPDX-License-Identifier: MIT */
// SRCS: test/fuzz/world.c xen/bus/gnttab.c xen/bus/xenstore_calls.c xen/bus/xenstore_wire.c xen/bus/frontend_port.c
/*
 * The xenstore client, from the ring to the calls. The other side answers what was asked, or
 * something else, or nothing; sends watch events and bytes of its own; lies about its indices and
 * changes the page around each access. Each call ends in time, with an answer or an error; after a
 * violation all fail, and the port stays masked.
 */
#include "../../xen/bus/xenstore.c"
#include "../../xen/bus/xenstore_watch.c"

#include "lib/mm/heap.h"

#include "fuzz.h"
#include "world.h"

#define PORT 1
#define WATCHES 4u
/* Of virtual time; the other side may let two seconds pass at once, twice a turn. */
#define CALL_MAX (XENSTORE_TIMEOUT + SECONDS(5))

static struct xenstore_domain_interface *page;

/* The other side. */

static struct xsd_sockmsg asked[128]; /* what was asked and not answered */
static unsigned int asked_count;
static struct xenstore_message request;
static uint32_t request_length;
static uint32_t answer_producer; /* where a side that keeps to the rules goes on writing */

static const char *const payloads[] = {
    "OK",
    "4",
    "0",
    "18446744073709551616",
    "EAGAIN",
    "ENOENT",
    "EINVAL",
    "",
    "a",
    "-1",
    "512",
    "device/vbd/51712",
    "/local/domain/0/backend/vbd/1/51712",
};

static void put(const void *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        page->rsp[MASK_XENSTORE_IDX(answer_producer++)] = ((const char *)bytes)[i];
    page->rsp_prod = answer_producer;
}

static void send(struct xsd_sockmsg header, const char *payload, uint32_t length)
{
    header.len = length;
    put(&header, sizeof(header));
    put(payload, length);
    world_event(PORT);
}

/* Take what has been asked, as far as it is whole. */
static void take_requests(void)
{
    while (request_length < sizeof(request) && page->req_cons != client.wire.request_producer &&
           asked_count < 128) {
        ((char *)&request)[request_length++] = page->req[MASK_XENSTORE_IDX(page->req_cons++)];
        if (request_length < sizeof(request.header) ||
            request_length < sizeof(request.header) + request.header.len)
            continue;
        asked[asked_count++] = request.header;
        request_length = 0;
    }
    world_event(PORT);
}

static uint32_t some_payload(char payload[512])
{
    const char *text = payloads[fuzz_below(sizeof(payloads) / sizeof(payloads[0]))];
    uint32_t length = (uint32_t)strlen(text) + fuzz_below(2);

    memcpy(payload, text, strlen(text) + 1);
    if (fuzz_below(4) == 3) {
        length = fuzz_below(512);
        fuzz_bytes(payload, length);
    }
    return length;
}

static void answer(void)
{
    char payload[512];
    unsigned int i = fuzz_below(asked_count);
    struct xsd_sockmsg header;

    if (asked_count == 0)
        return;
    header = asked[i];
    if (fuzz_below(4) == 3)
        header.type = XS_ERROR;
    asked[i] = asked[--asked_count];
    send(header, payload, some_payload(payload));
}

static void send_watch_event(void)
{
    char payload[512];
    uint32_t length = (uint32_t)snprintf(payload, sizeof(payload), "device/%u%c%u", fuzz_below(3),
                                         0, fuzz_below(8)) +
                      1;

    send((struct xsd_sockmsg){ .type = XS_WATCH_EVENT }, payload, length);
}

static void send_nonsense(void)
{
    struct xsd_sockmsg header = { .type = fuzz_below(24), .req_id = fuzz_near(0x40) };
    char payload[512];
    uint32_t length = some_payload(payload);

    header.len = fuzz_below(4) == 3 ? fuzz_word() : length;
    put(&header, sizeof(header));
    put(payload, length);
    world_event(PORT);
}

static void scribble(void)
{
    switch (fuzz_below(6)) {
    case 1:
        page->rsp_prod = fuzz_near(client.wire.response_producer);
        break;
    case 2:
        page->req_cons = fuzz_near(client.wire.request_consumer);
        break;
    case 3:
        page->req_prod = page->rsp_cons = fuzz_word();
        break;
    case 4:
        ((uint32_t *)page)[fuzz_below(sizeof(*page) / 4)] = fuzz_word();
        break;
    case 5:
        page->rsp[MASK_XENSTORE_IDX(client.wire.response_consumer + fuzz_below(16))] =
            (char)fuzz_below(256);
        break;
    default:
        break;
    }
}

static void backend(void)
{
    switch (fuzz_below(10)) {
    case 1:
    case 2:
        take_requests();
        answer();
        break;
    case 3:
        answer();
        break;
    case 4:
        send_watch_event();
        break;
    case 5:
        send_nonsense();
        break;
    case 6:
        scribble();
        break;
    case 7:
        world_pass(MILLISECONDS(fuzz_below(2000)));
        break;
    case 8:
        world_page_failures = fuzz_below(3);
        break;
    default:
        take_requests();
        world_event(PORT);
        break;
    }
}

static void hook(void)
{
    if (fuzz_below(32) == 17)
        scribble();
}

/* Our side. */

static void changed(struct xenstore_watch *watch, const char *path)
{
    FUZZ_CHECK(strlen(path) < 4096);
    if (fuzz_below(8) == 7)
        xenstore_watch_again(watch);
}

static struct xenstore_watch pool[WATCHES] = {
    { .path = "device", .callback = changed },
    { .path = "device/1", .callback = changed },
    { .path = "control/shutdown", .callback = changed },
    { .path = "memory/target", .callback = changed },
};
static bool registered[WATCHES];

static void call_read(void)
{
    size_t length;
    char *value;

    if (xenstore_read(XENSTORE_NONE, "name", &value, &length) != 0)
        return;
    FUZZ_CHECK(value[length] == '\0');
    kernel_free(value);
}

static void call_number(void)
{
    uint64_t number;
    int error = xenstore_read_number(XENSTORE_NONE, "device", "id", 3, 600, &number);

    FUZZ_CHECK(error < 0 || (error == 0 && number >= 3 && number <= 600));
}

static void call_directory(void)
{
    unsigned int count, length = 0;
    char **names;

    if (xenstore_directory(XENSTORE_NONE, "device", &names, &count) != 0)
        return;
    for (unsigned int i = 0; i < count; i++)
        length += (unsigned int)strlen(names[i]) + 1;
    FUZZ_CHECK(length <= XENSTORE_PAYLOAD_MAX);
    kernel_free(names);
}

static void call_write(void)
{
    static char value[4200];

    memset(value, 'v', sizeof(value) - 1);
    value[fuzz_below(sizeof(value) - 1)] = '\0';
    xenstore_write(XENSTORE_NONE, "data/value", value);
}

static void call_transaction(void)
{
    xenstore_transaction transaction;

    if (xenstore_transaction_start(&transaction) != 0)
        return;
    FUZZ_CHECK(transaction != XENSTORE_NONE);
    xenstore_write_format(transaction, "data", "node", "%u", 5u);
    xenstore_transaction_end(transaction, fuzz_below(2));
}

static void call_watch(void)
{
    unsigned int i = fuzz_below(WATCHES);

    if (registered[i]) {
        xenstore_watch_unregister(&pool[i]);
        registered[i] = false;
    } else if (fuzz_below(2)) {
        registered[i] = xenstore_watch_register(&pool[i]) == 0;
    } else {
        xenstore_watch_register_later(&pool[i]);
        registered[i] = true;
    }
}

static void watch_thread_turn(void)
{
    work();
}

static void backend_turn(void)
{
    backend();
    world_deliver();
}

static void (*const steps[])(void) = {
    call_read,  call_number,  call_directory,    call_write,
    call_watch, backend_turn, watch_thread_turn, call_transaction,
};

/* Three requests at most in one call, one after the other. */
static void step(void)
{
    unsigned int which = fuzz_below(sizeof(steps) / sizeof(steps[0]));
    bool usable = client.usable;
    uint64_t start = clock_monotonic();

    steps[which]();
    FUZZ_CHECK(clock_monotonic() - start <= 3 * CALL_MAX);
    FUZZ_CHECK(usable || !client.usable);
}

static void check(void)
{
    const struct xenstore_wire *wire = &client.wire;
    unsigned int taken = 0;

    for (unsigned int i = 0; i < SLOTS; i++)
        taken += client.slots[i].taken;
    FUZZ_CHECK(taken == client.slots_taken);
    FUZZ_CHECK(client.requesters == 0 && client.results == 0); /* nobody is in a call */
    FUZZ_CHECK(wire->request_producer - wire->request_consumer <= XENSTORE_RING_SIZE);
    FUZZ_CHECK(wire->response_producer - wire->response_consumer <= XENSTORE_RING_SIZE);
    FUZZ_CHECK(wire->received <= sizeof(wire->message));
    FUZZ_CHECK(client.usable == (world_lines_with("connection given up") == 0));
    FUZZ_CHECK(world_lines_with("connection given up") <= 1);
    if (client.usable)
        return;
    FUZZ_CHECK(world_port_masked(PORT));
    FUZZ_CHECK(xenstore_write(XENSTORE_NONE, "a", "b") == -EIO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start(data, size);
    world_start();
    memset(&client, 0, sizeof(client));
    memset(&state, 0, sizeof(state));
    memset(registered, 0, sizeof(registered));
    list_init(&watches);
    memset(by_token, 0, sizeof(by_token));
    list_init(&pending);
    list_init(&marked);
    asked_count = request_length = 0;
    page = calloc(1, sizeof(*page));
    if (fuzz_below(4) == 3)
        page->req_prod = page->req_cons = page->rsp_prod = page->rsp_cons = fuzz_word();
    answer_producer = page->rsp_prod;
    if (fuzz_below(8) == 7)
        scribble();
    world_backend = backend;
    if (xenstore_init(page, PORT) == 0) {
        fuzz_hook = hook;
        while (fuzz_left()) {
            step();
            check();
        }
        fuzz_hook = NULL;
        evtchn_close(PORT);
    }
    free(page);
    world_end();
    return 0;
}
