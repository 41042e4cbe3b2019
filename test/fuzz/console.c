/* SPDX-License-Identifier: MIT */
// SRCS: test/fuzz/world.c xen/bus/gnttab.c xen/bus/console_ring.c xen/bus/frontend_port.c
/*
 * The console and its ring. The other side reads, stalls, lies about both of its indices and
 * changes the page around each access. Whatever it does, each call ends; and while its indices
 * have made sense all along, what it was given is our text, whole and in order, but for what the
 * console says that it has dropped.
 */
#include "../../xen/bus/console.c"

#include "fuzz.h"
#include "world.h"

#define PORT 2
#define STREAM 65536u

static struct xencons_interface *page;
static bool honest;       /* its indices have made sense so far */
static uint32_t consumed; /* by the honest reader */
static uint8_t taken[STREAM], given[STREAM];
static uint32_t taken_length, given_length;

/* Read `count` bytes as xenconsoled does. */
static void read_output(uint32_t count)
{
    uint32_t ready = page->out_prod - consumed;

    for (count = count < ready ? count : ready; count > 0 && taken_length < STREAM; count--)
        taken[taken_length++] = (uint8_t)page->out[consumed++ % sizeof(page->out)];
    page->out_cons = consumed;
}

static void type(uint32_t count)
{
    for (; count > 0 && page->in_prod - page->in_cons < sizeof(page->in); count--)
        page->in[page->in_prod++ % sizeof(page->in)] = (char)fuzz_below(256);
}

static void lie(void)
{
    honest = false;
    switch (fuzz_below(6)) {
    case 1:
        page->out_cons = fuzz_near(console.ring.output_producer);
        break;
    case 2:
        page->in_prod = fuzz_near(console.ring.input_consumer);
        break;
    case 3:
        page->out_prod = page->in_cons = fuzz_word();
        break;
    case 4:
        ((uint32_t *)page)[fuzz_below(sizeof(*page) / 4)] = fuzz_word();
        break;
    default:
        page->in[fuzz_below(sizeof(page->in))] = (char)fuzz_below(256);
        break;
    }
}

static void backend(void)
{
    switch (fuzz_below(8)) {
    case 1:
        read_output(fuzz_below(4096));
        break;
    case 2:
        read_output(1);
        break;
    case 3:
        type(fuzz_below(8));
        break;
    case 4:
        lie();
        break;
    case 5:
        world_event(PORT);
        break;
    case 6:
        world_pass(MILLISECONDS(fuzz_below(2000)));
        break;
    default:
        read_output(64);
        world_event(PORT);
        break;
    }
}

static void hook(void)
{
    if (fuzz_below(16) == 9)
        lie();
}

static const char *text(size_t *length)
{
    static char buffer[8192];

    *length = fuzz_below(fuzz_below(2) ? sizeof(buffer) : 128);
    for (size_t i = 0; i < *length; i++)
        buffer[i] = i % 61 == 60 ? '\n' : (char)('!' + (i * 7 + *length) % 90);
    return buffer;
}

/* What the reader must see of it. */
static void give(const char *from, size_t length)
{
    for (size_t i = 0; i < length && given_length + 2 < STREAM; i++) {
        if (from[i] == '\n')
            given[given_length++] = '\r';
        given[given_length++] = (uint8_t)from[i];
    }
}

static void write_now(const char *from, size_t length)
{
    ssize_t count = console_write_now(from, length);

    FUZZ_CHECK(count == -EAGAIN || count == -EIO || (count > 0 && (size_t)count <= length));
    if (count > 0)
        give(from, (size_t)count);
}

/* Progress of the other side makes a call longer, by a second each time: the input bounds it. */
static void write_patiently(const char *from, size_t length)
{
    int result = console_write(from, length);

    FUZZ_CHECK(result == 0 || result == -EIO);
    FUZZ_CHECK(result == 0 || !output_possible());
    if (result == 0)
        give(from, length);
}

static void write_last_words(const char *from, size_t length)
{
    console_emergency_write(from, length);
    console_emergency_flush();
    give(from, length);
}

static void read_input(void)
{
    static char buffer[2048];
    size_t size = fuzz_below(sizeof(buffer));
    ssize_t count = console_read(buffer, size, true);

    FUZZ_CHECK(count == -EAGAIN || count == -EIO || (count >= 0 && (size_t)count <= size));
    for (ssize_t i = 0; i < count; i++)
        FUZZ_CHECK(buffer[i] != '\r');
}

static void step(void)
{
    size_t length;
    const char *from = text(&length);

    switch (fuzz_below(8)) {
    case 1:
        write_now(from, length);
        break;
    case 2:
        write_patiently(from, length);
        break;
    case 3:
        console_log_write(from, length);
        give(from, length);
        break;
    case 4:
        write_last_words(from, length);
        break;
    case 5:
        read_input();
        break;
    case 6:
        console_flush(deadline_after(MILLISECONDS(fuzz_below(3000))));
        break;
    default:
        backend();
        world_deliver();
        break;
    }
}

static void check(void)
{
    struct console_ring *ring = &console.ring;

    FUZZ_CHECK(ring->output_broken ||
               ring->output_producer - ring->output_consumer <= sizeof(page->out));
    FUZZ_CHECK(ring->input_broken ||
               ring->input_producer - ring->input_consumer <= sizeof(page->in));
    FUZZ_CHECK(console.backlog_length <= BACKLOG_SIZE);
    FUZZ_CHECK(!honest || (!ring->output_broken && !ring->input_broken));
    /* Nobody lied and nothing was dropped: each byte so far, and no other. */
    if (honest && console_dropped() == 0)
        FUZZ_CHECK(taken_length <= given_length && memcmp(taken, given, taken_length) == 0);
}

/* All that is left comes out when it is asked for, if it still can. */
static void drain(void)
{
    while (honest && console.channel.port != 0 && console.backlog_length > 0 &&
           taken_length < STREAM) {
        uint32_t before = console.backlog_length;

        read_output(4096);
        world_event(PORT);
        world_deliver();
        FUZZ_CHECK(console.backlog_length < before);
    }
    read_output(4096);
    check();
    if (honest && console_dropped() == 0 && given_length + 2 < STREAM)
        FUZZ_CHECK(taken_length == given_length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start(data, size);
    world_start();
    memset(&console, 0, sizeof(console));
    writer.owner = NULL;
    page = calloc(1, sizeof(*page));
    honest = true;
    consumed = taken_length = given_length = 0;
    world_backend = backend;
    if (fuzz_below(4) == 3) { /* a boot loader was here before us */
        page->out_prod = page->out_cons = page->in_prod = page->in_cons = fuzz_word();
        consumed = page->out_cons;
    }
    if (fuzz_below(4) == 3)
        lie();
    if (fuzz_below(4) == 3)
        step();
    FUZZ_CHECK(console_init(page, PORT) == 0 || !honest);
    fuzz_hook = hook;
    while (fuzz_left()) {
        step();
        check();
    }
    fuzz_hook = NULL;
    drain();
    if (console.channel.port != 0)
        evtchn_close(PORT);
    free(page);
    world_end();
    return 0;
}
