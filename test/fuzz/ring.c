/* SPDX-License-Identifier: MIT */
// SRCS:
/*
 * The shared ring layer. The other side may write anything anywhere in the page around each of our
 * reads; the model knows what the last such write was, and so what each call has to answer.
 */
#include <errno.h>

#include "fuzz.h"
#include "xen/bus/ring.h"

#define IDS 40u

static struct ring ring;
static uint8_t *memory;
static size_t bytes, slot_size;

static struct ring_ids ids;
static uint16_t id_next[IDS];
static enum { ABSENT, FREE, PENDING } model[IDS];

/* Our own indices, written down apart; they are all that may ever decide. */
static uint32_t produced, published, consumed, available;

static volatile uint32_t *word(uint32_t index)
{
    return (volatile uint32_t *)memory + index % (bytes / 4);
}

static void scribble(void)
{
    struct ring_header *header = (struct ring_header *)memory;

    switch (fuzz_below(6)) {
    case 1:
        header->response_producer = published - fuzz_below(4);
        break;
    case 2:
        header->response_producer = fuzz_near(available);
        break;
    case 3:
        header->request_event = fuzz_near(published);
        break;
    case 4:
        header->request_producer = header->response_event = fuzz_word();
        break;
    case 5:
        *word(fuzz_word()) = fuzz_word();
        break;
    default:
        break;
    }
}

static void check(void)
{
    FUZZ_CHECK(ring.produced == produced && ring.published == published);
    FUZZ_CHECK(ring.consumed == consumed && ring.available == available);
    FUZZ_CHECK(ring_outstanding(&ring) <= ring.mask + 1);
    FUZZ_CHECK(ring_ready(&ring) <= published - consumed);
    FUZZ_CHECK(ring_space(&ring) == ring.mask + 1 - (produced - consumed));
}

/* What the page's producer, as the hook has left it, must be answered with. */
static int expected(void)
{
    uint32_t producer = ((struct ring_header *)memory)->response_producer;
    uint32_t ahead = producer - consumed;

    if (ahead > published - consumed || ahead < available - consumed)
        return -EPROTO;
    available = producer;
    return (int)ahead;
}

static void produce(void)
{
    unsigned int count = fuzz_below(ring_space(&ring) + 1);

    for (; count > 0; count--, produced++)
        memset(ring_next_request(&ring), 0x11, slot_size);
}

static void poll(void)
{
    int answer = ring_poll(&ring);

    FUZZ_CHECK(answer == expected());
}

static void arm(void)
{
    int answer = ring_arm(&ring, 1 + fuzz_below(4));

    FUZZ_CHECK(answer == expected());
}

static void publish(void)
{
    uint32_t before = published;
    bool notify = ring_publish(&ring);
    uint32_t wanted = ((struct ring_header *)memory)->request_event;

    published = produced;
    FUZZ_CHECK(notify == (before != produced && published - wanted < published - before));
}

static void take(void)
{
    uint8_t response[128];

    for (; ring_ready(&ring) > 0 && fuzz_left(); consumed++) {
        ring_take(&ring, response, slot_size);
    }
}

static void use_ids(void)
{
    uint64_t claimed = fuzz_below(4) == 3 ? (uint64_t)fuzz_word() << 16 : fuzz_below(IDS + 8);
    bool pending = claimed < IDS && model[claimed] == PENDING;
    int id;

    FUZZ_CHECK(ring_ids_pending(&ids, claimed) == pending);
    switch (fuzz_below(4)) {
    case 1:
        id = ring_ids_take(&ids);
        FUZZ_CHECK(id == -ENOSPC || (id >= 0 && id < (int)IDS && model[id] == FREE));
        if (id >= 0)
            model[id] = PENDING;
        break;
    case 2: /* a response names this id */
        if (!pending)
            break;
        ring_ids_withdraw(&ids, (unsigned int)claimed);
        model[claimed] = ABSENT;
        break;
    case 3: /* its owner is done with it */
        if (claimed >= IDS || model[claimed] != ABSENT)
            break;
        ring_ids_add(&ids, (unsigned int)claimed);
        model[claimed] = FREE;
        break;
    default:
        break;
    }
}

static void check_ids(void)
{
    unsigned int unused = 0;

    for (unsigned int i = 0; i < IDS; i++)
        unused += model[i] == FREE;
    FUZZ_CHECK(ids.unused == unused);
    while (ring_ids_take(&ids) >= 0)
        FUZZ_CHECK(unused-- > 0);
    FUZZ_CHECK(unused == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(void) = { scribble, produce, publish, poll, arm, take, use_ids };
    static const size_t sizes[] = { 8, 12, 112 };

    fuzz_start(data, size);
    slot_size = sizes[fuzz_below(3)];
    bytes = 4096u << fuzz_below(3);
    memory = calloc(1, bytes);
    ring_init(&ring, memory, bytes, slot_size);
    ring_ids_init(&ids, id_next, IDS);
    memset(model, 0, sizeof(model));
    produced = published = consumed = available = 0;
    if (fuzz_below(2) == 1) { /* as after many rounds */
        produced = published = consumed = available = fuzz_word();
        ring.produced = ring.published = ring.consumed = ring.available = produced;
        ((struct ring_header *)memory)->response_producer = produced;
    }
    fuzz_hook = scribble;
    while (fuzz_left()) {
        steps[fuzz_below(7)]();
        check();
    }
    fuzz_hook = NULL;
    check_ids();
    free(memory);
    return 0;
}
