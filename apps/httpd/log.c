/* SPDX-License-Identifier: MIT */
/*
 * Lines are collected in one buffer, because a write to a console costs far more than a line: it
 * goes out when 4 KiB are full, when its oldest line is 100 ms old, and at exit.
 *
 * Serving comes first: writing never waits (but at exit). A reader that falls behind, as a console
 * does beyond some thousand lines a second, finds a gap, with a line that counts what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "text.h"

enum {
    BUFFER_SIZE = 32768,
    ENOUGH = 4096,
    LINE_MAX_BYTES = 1024,
    REQUEST_SHOWN = 200,
    WAIT_MS = 100,
};

static char buffer[BUFFER_SIZE];
static struct text lines = { .data = buffer, .cap = BUFFER_SIZE };
static int64_t oldest;      /* when the first waiting line was written */
static uint64_t dropped;    /* lines that found no room and are not told of yet */
static bool on;
static bool reader_behind;  /* the last write took less than there was */

/* What is written leaves the buffer; what fails for good is forgotten, so that it does not stay. */
static void write_out(void)
{
    ssize_t written = write(STDOUT_FILENO, lines.data, lines.len);

    if (written < 0 && errno != EAGAIN && errno != EINTR)
        written = (ssize_t)lines.len;
    if (written > 0) {
        lines.len -= (size_t)written;
        memmove(lines.data, lines.data + written, lines.len);
    }
    reader_behind = lines.len > 0;
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
    while (lines.len > 0)
        write_out();
}

/* Room for one more line, told of those that had none; false: there is none now either. */
static bool make_room(void)
{
    if (lines.cap - lines.len < 2 * LINE_MAX_BYTES)
        write_out();
    if (lines.cap - lines.len < 2 * LINE_MAX_BYTES) {
        dropped++;
        return false;
    }
    if (lines.len == 0)
        oldest = server_clock.now;
    if (dropped > 0) {
        text_literal(&lines, "httpd: ");
        text_number(&lines, dropped);
        text_literal(&lines, " lines are missing here: they came faster than the log is read\n");
        dropped = 0;
    }
    return true;
}

void log_start(int enabled)
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
    if (lines.len == 0)
        return -1;

    int64_t age = server_clock.now - oldest;

    if (!reader_behind && lines.len < ENOUGH && age < WAIT_MS)
        return (int)(WAIT_MS - age);
    write_out();
    return -1;
}

int log_descriptor(void)
{
    return reader_behind ? STDOUT_FILENO : -1;
}
