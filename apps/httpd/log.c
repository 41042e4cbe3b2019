/* SPDX-License-Identifier: MIT */
/*
 * Lines are collected in one buffer, because a write to a console costs far more than a line: it
 * goes out when half of the buffer is full, when its oldest line is 100 ms old, and at exit.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "text.h"

enum { BUFFER_SIZE = 4096, LINE_MAX_BYTES = 1024, REQUEST_SHOWN = 200, WAIT_MS = 100 };

static char buffer[BUFFER_SIZE];
static struct text lines = { .data = buffer, .cap = BUFFER_SIZE };
static int64_t oldest;      /* when the first waiting line was written */
static bool on;

static void write_out(void)
{
    size_t done = 0;

    while (done < lines.len) {
        ssize_t written = write(STDOUT_FILENO, lines.data + done, lines.len - done);

        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            break;
    }
    lines.len = 0;
    lines.overflow = false;
}

void log_start(int enabled)
{
    on = enabled;
    if (on)
        atexit(write_out);
}

void log_request(const char *peer, const char *line, size_t len, int status, int64_t bytes)
{
    size_t shown = len < REQUEST_SHOWN ? len : REQUEST_SHOWN;

    if (!on)
        return;
    if (lines.cap - lines.len < LINE_MAX_BYTES)
        write_out();
    if (lines.len == 0)
        oldest = server_clock.now;
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

    if (lines.len < BUFFER_SIZE / 2 && age < WAIT_MS)
        return (int)(WAIT_MS - age);
    write_out();
    return -1;
}
