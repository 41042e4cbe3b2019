/* SPDX-License-Identifier: MIT */
/*
 * The PV console: who may write when.
 *
 * All output passes, in order, through the backlog: a byte queue in private memory that holds what
 * log lines could not put into the ring. As long as anything waits there, nothing overtakes it.
 * Threads take turns by a mutex and sleep for room; log lines drop what does not fit; last words
 * spin. When the other side has made no progress for CONSOLE_STALL_TIMEOUT, the console counts as
 * stalled, and threads drop at once instead of waiting again, until there is room. The event
 * handler moves the backlog into the ring and wakes whoever waits; events without progress of the
 * other side are braked.
 */
#include "xen/bus/console.h"

#include <errno.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "console_ring.h"
#include "lib/base/log.h"
#include "lib/base/printk.h"
#include "xen/evtchn.h"
#include "xen/bus/frontend.h"
#include "xen/hypercall.h"

#define BACKLOG_SIZE 4096u

/* Turns of a busy wait after which it ends even if the clock stands still. */
#define SPIN_LIMIT 1000000u

static struct {
    struct frontend_port channel; /* without a port: no console (yet) */
    uint32_t seen;                /* progress() at the last event */
    struct console_ring ring;
    bool stalled;
    bool input_reported, output_reported; /* that it is broken was logged */
    uint64_t dropped;                     /* bytes in all */
    uint64_t dropped_reported;            /* what of it a line has told */
    uint32_t backlog_start, backlog_length;
    char backlog[BACKLOG_SIZE];
} console;

static struct mutex writer = MUTEX_INIT(writer);
static struct wait_queue writable = WAIT_QUEUE_INIT(writable);
static struct wait_queue pollers = WAIT_QUEUE_INIT(pollers); /* readers, and poll() either way */

/* Nothing has to come before new text: neither the backlog nor the word on dropped bytes. */
static bool in_turn(void)
{
    return console.backlog_length == 0 && console.dropped == console.dropped_reported;
}

/* As much of the text as fits now, if it is its turn: the bytes taken. */
static size_t put(const char *text, size_t length)
{
    size_t taken = 0;

    if (console.channel.port != 0 && in_turn() && length > 0)
        taken = console_ring_write(&console.ring, text, length);
    if (taken > 0)
        console.stalled = false;
    return taken;
}

static void backlog_add(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (console.backlog_length == BACKLOG_SIZE) {
            console.dropped += length - i;
            return;
        }
        uint32_t end = (console.backlog_start + console.backlog_length++) % BACKLOG_SIZE;
        console.backlog[end] = text[i];
    }
}

static bool room(size_t bytes)
{
    return console_ring_unread(&console.ring) + bytes <= sizeof(console.ring.shared->out);
}

/* Say in the stream itself that some of it is missing, once it can be said. */
static void report_dropped(void)
{
    char line[64];
    int length;

    if (in_turn() || console.backlog_length > 0 || !room(sizeof(line)))
        return;
    length = ksnprintf(line, sizeof(line), "\n[console: %llu bytes dropped]\n",
                       (unsigned long long)(console.dropped - console.dropped_reported));
    console.dropped_reported = console.dropped;
    backlog_add(line, (size_t)length);
}

/* Move the backlog into the ring; true when the ring got something. */
static bool pump_backlog(void)
{
    bool moved = false;

    while (console.backlog_length > 0) {
        uint32_t to_end = BACKLOG_SIZE - console.backlog_start;
        uint32_t length = console.backlog_length < to_end ? console.backlog_length : to_end;
        size_t taken =
            console_ring_write(&console.ring, console.backlog + console.backlog_start, length);

        if (taken == 0)
            break;
        console.backlog_start = (console.backlog_start + (uint32_t)taken) % BACKLOG_SIZE;
        console.backlog_length -= (uint32_t)taken;
        console.stalled = false;
        moved = true;
    }
    return moved;
}

/* Bring out what waits, the word on dropped bytes behind it, and tell the other side. */
static void pump(void)
{
    bool moved = pump_backlog();

    if (!console.ring.output_broken)
        report_dropped();
    if (pump_backlog() || moved)
        evtchn_notify(console.channel.port);
}

static void report_once(bool broken, bool *reported, const char *what)
{
    if (!broken || *reported)
        return;
    *reported = true;
    printk("console: %s", what);
}

/* A line on lost output is for the log that crash reports show: here nobody will read it. */
static void report_broken(void)
{
    report_once(console.ring.input_broken, &console.input_reported,
                "input producer out of range: no more input");
    report_once(console.ring.output_broken, &console.output_reported,
                "output consumer out of range: no more output");
}

/* How far the other side has come in both directions; each only goes forward. */
static uint32_t progress(void)
{
    (void)console_ring_unread(&console.ring);
    (void)console_ring_readable(&console.ring);
    return console.ring.output_consumer + console.ring.input_producer;
}

static void console_event(void *argument)
{
    uint32_t before = console.seen;

    (void)argument;
    pump();
    console.seen = progress();
    wake_all(&writable);
    wake_all(&pollers);
    report_broken();
    if (!console.ring.input_broken || !console.ring.output_broken)
        frontend_port_rearm(&console.channel, console.seen != before);
}

int console_init(void *ring_page, uint32_t port)
{
    int error = console_ring_init(&console.ring, ring_page);

    frontend_port_init(&console.channel);
    if (error == 0)
        error = frontend_port_attach(&console.channel, port, console_event, NULL);
    if (error < 0)
        return error;
    pump();
    frontend_port_rearm(&console.channel, true);
    return 0;
}

void console_resume(void *ring_page, uint32_t port)
{
    uint32_t producer = console.ring.output_producer;
    uint32_t unread = producer - console.ring.output_consumer;

    frontend_port_forget(&console.channel);
    console.stalled = console.input_reported = console.output_reported = false;
    if (ring_page != NULL && console_init(ring_page, port) == 0 &&
        console.ring.output_producer != producer)
        console.dropped += unread;
    wake_all(&writable);
    wake_all(&pollers);
}

static bool output_possible(void)
{
    return console.channel.port != 0 && !console.ring.output_broken;
}

/*
 * Wait until it is the turn of new text and the ring has room: 0, -EIO, or -ETIMEDOUT when the
 * other side read nothing for the time that the header names; then the console is stalled. Events
 * alone do not count as progress.
 */
static int wait_for_room(void)
{
    uint32_t consumer = console.ring.output_consumer;
    uint64_t deadline = deadline_after(CONSOLE_STALL_TIMEOUT);
    int error = 0;

    while (output_possible() && !(in_turn() && room(2))) { /* "\n" takes two bytes */
        if (console.ring.output_consumer != consumer) {
            consumer = console.ring.output_consumer;
            deadline = deadline_after(CONSOLE_STALL_TIMEOUT);
        } else if (error < 0 || console.stalled) {
            console.stalled = true;
            return -ETIMEDOUT;
        }
        error = wait_queue_sleep(&writable, deadline);
        pump();
    }
    return output_possible() ? 0 : -EIO;
}

/* The same as console_write() without taking turns. */
static int write_all(const char *text, size_t length)
{
    while (length > 0) {
        size_t taken = put(text, length);

        text += taken;
        length -= taken;
        if (taken > 0)
            evtchn_notify(console.channel.port);
        if (length == 0)
            return 0;
        int error = wait_for_room();
        if (error == -EIO)
            return error;
        if (error < 0) {
            console.dropped += length;
            return 0;
        }
    }
    return 0;
}

int console_write(const void *data, size_t length)
{
    if (!output_possible())
        return -EIO;
    mutex_lock(&writer);
    pump();
    int error = write_all(data, length);
    mutex_unlock(&writer);
    report_broken();
    return error;
}

/* Nothing here waits, so the turn need not be taken. */
ssize_t console_write_now(const void *data, size_t length)
{
    size_t taken;

    if (!console_writable())
        return -EAGAIN;
    taken = put(data, length);
    if (taken > 0)
        evtchn_notify(console.channel.port);
    report_broken();
    if (taken > 0)
        return (ssize_t)taken;
    return output_possible() ? -EAGAIN : -EIO;
}

bool console_writable(void)
{
    if (output_possible() && !writer.owner)
        pump();
    return !output_possible() || (!writer.owner && in_turn() && room(2));
}

void console_log_write(const void *data, size_t length)
{
    backlog_add(data, length);
    if (console.channel.port != 0)
        pump();
}

/* One turn of a busy wait: lets other domains run. False when the time is over. */
static bool spin(uint64_t deadline, unsigned int *turns)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
    return ++*turns < SPIN_LIMIT && clock_monotonic() < deadline;
}

void console_emergency_write(const void *data, size_t length)
{
    uint64_t deadline = deadline_after(console.stalled ? 0 : CONSOLE_STALL_TIMEOUT);
    unsigned int turns = 0;
    const char *text = data;

    if (console.channel.port == 0) {
        backlog_add(text, length);
        return;
    }
    do {
        pump();
        size_t taken = put(text, length);
        text += taken;
        length -= taken;
        if (taken > 0)
            evtchn_notify(console.channel.port);
    } while (length > 0 && output_possible() && spin(deadline, &turns));
    if (length > 0)
        console.stalled = true;
    console.dropped += length;
}

static void log_write_waiting(const void *line, size_t length)
{
    (void)console_write(line, length);
}

static const struct log_sink console_sink = {
    .write = console_log_write,
    .write_waiting = log_write_waiting,
    .write_emergency = console_emergency_write,
};
LOG_SINK(console_sink);

static bool output_taken(void)
{
    return !output_possible() ||
           (console.backlog_length == 0 && console_ring_unread(&console.ring) == 0);
}

void console_flush(uint64_t deadline)
{
    (void)wait_until(&writable, output_taken(), deadline);
}

void console_emergency_flush(void)
{
    uint64_t deadline = deadline_after(console.stalled ? 0 : CONSOLE_STALL_TIMEOUT);
    unsigned int turns = 0;

    while (!output_taken() && spin(deadline, &turns))
        pump();
}

bool console_readable(void)
{
    return console.channel.port == 0 || console_ring_readable(&console.ring) ||
           console.ring.input_broken;
}

struct wait_queue *console_wait_queue(void)
{
    return &pollers;
}

ssize_t console_read(void *buffer, size_t size, bool nonblocking)
{
    if (!console_readable()) {
        if (nonblocking)
            return -EAGAIN;
        (void)wait_until(&pollers, console_readable(), DEADLINE_NEVER);
    }
    if (console.channel.port == 0)
        return 0;
    if (console.ring.input_broken)
        return -EIO;
    size_t taken = console_ring_read(&console.ring, buffer, size);
    if (taken > 0)
        evtchn_notify(console.channel.port); /* there is room again */
    return (ssize_t)taken;
}

uint64_t console_dropped(void)
{
    return console.dropped;
}
