/* SPDX-License-Identifier: MIT */
/*
 * Lines are collected in one buffer, because a write to a console costs far more than a line: it
 * goes out when 4 KiB are full, when its oldest line is 100 ms old, and at exit.
 *
 * Each request has its line, so requests wait for a reader that falls behind, as a console does
 * beyond some thousand lines a second: from FULL bytes on, log_full() holds them back until half of
 * that is gone. Behind FULL there is room for whatever one turn of a connection can log. A reader
 * that does not get there in PATIENCE_MS must not stop the server: until it does, lines that find
 * no room are left out, and counted in a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "text.h"

enum {
    BUFFER_SIZE = 98304,
    FULL = 32768,
    ENOUGH = 4096,
    LINE_MAX_BYTES = 1024,
    REQUEST_SHOWN = 200,
    WAIT_MS = 100,
    PATIENCE_MS = 2000,
};

static char buffer[BUFFER_SIZE];
static struct text lines = { .data = buffer, .cap = BUFFER_SIZE };
static size_t written;   /* bytes at the start of `lines` that are out already */
static int64_t oldest;   /* when the first waiting line was written */
static uint64_t dropped; /* lines that found no room and are not told of yet */
static bool on;
static bool reader_behind; /* the last write took less than there was */
static bool full;          /* FULL was reached, and half of it not since */
static int64_t full_since;

static size_t waiting(void)
{
    return lines.len - written;
}

/* What is written leaves the buffer; what fails for good is forgotten, so that it does not stay. */
static void write_out(void)
{
    ssize_t taken = write(STDOUT_FILENO, lines.data + written, waiting());

    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        taken = (ssize_t)waiting();
    if (taken > 0)
        written += (size_t)taken;
    if (waiting() == 0)
        lines.len = written = 0;
    reader_behind = waiting() > 0;
}

static void set_waiting(bool waits)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (flags >= 0)
        fcntl(STDOUT_FILENO, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void write_last(void)
{
    set_waiting(true);
    while (waiting() > 0)
        write_out();
}

static bool has_room(void)
{
    return lines.cap - lines.len >= 2 * LINE_MAX_BYTES;
}

/* Move what waits to the buffer's start. */
static void compact(void)
{
    memmove(lines.data, lines.data + written, waiting());
    lines.len = waiting();
    written = 0;
}

/* Room for one more line, told of those that had none; false: there is none now either. */
static bool make_room(void)
{
    if (!has_room())
        write_out();
    if (!has_room())
        compact();
    if (!has_room()) {
        dropped++;
        return false;
    }
    if (lines.len == 0)
        oldest = server_clock.now;
    if (dropped > 0) {
        text_literal(&lines, "httpd: ");
        text_number(&lines, dropped);
        text_literal(&lines, " lines are missing here: the log was not read for too long\n");
        dropped = 0;
    }
    return true;
}

void log_start(bool enabled)
{
    on = enabled;
    if (!on)
        return;
    set_waiting(false);
    atexit(write_last);
}

void log_request(const char *peer, const char *line, size_t len, int status, int64_t bytes)
{
    size_t shown = len < REQUEST_SHOWN ? len : REQUEST_SHOWN;

    if (!on || !make_room())
        return;
    text_string(&lines, peer);
    text_literal(&lines, " - - ");
    text_put(&lines, server_clock.log_date, sizeof(server_clock.log_date));
    text_literal(&lines, " \"");
    if (len == 0)
        text_literal(&lines, "-");
    text_printable(&lines, line, shown);
    if (len > shown)
        text_literal(&lines, "...");
    text_literal(&lines, "\" ");
    text_number(&lines, (uint64_t)status);
    text_literal(&lines, " ");
    text_number(&lines, (uint64_t)bytes);
    text_literal(&lines, "\n");
}

int log_settle(void)
{
    if (waiting() == 0)
        return -1;

    int64_t age = server_clock.now - oldest;

    if (!reader_behind && waiting() < ENOUGH && age < WAIT_MS)
        return (int)(WAIT_MS - age);
    write_out();
    return -1;
}

int log_descriptor(void)
{
    return reader_behind ? STDOUT_FILENO : -1;
}

bool log_full(void)
{
    if (waiting() < FULL / 2) {
        full = false;
    } else if (waiting() >= FULL && !full) {
        full = true;
        full_since = server_clock.now;
    }
    return full && log_patience() > 0;
}

int log_patience(void)
{
    int64_t held = server_clock.now - full_since;

    return held < PATIENCE_MS ? (int)(PATIENCE_MS - held) : 0;
}
