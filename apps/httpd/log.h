/* SPDX-License-Identifier: MIT */
/*
 * The access log: one line per request on standard output, in the Common Log Format
 *
 *     peer - - [date] "request line" status bytes
 *
 * written when the answer is ready to be sent; `bytes` is the length of the body it promises.
 * Lines that come faster than they are read hold back further requests (log_full()); only when the
 * log is hardly read at all are they left out, and counted in a line of their own.
 * What could forge lines or confuse terminals in the request line is written as \xHH.
 */
#ifndef HTTPD_LOG_H
#define HTTPD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To be called once; without it, or with `enabled` false, nothing is logged. */
void log_start(bool enabled);

/* `line` is the request line of `len` bytes; len == 0 if there was none. */
void log_request(const char *peer, const char *line, size_t len, int status, int64_t bytes);

/*
 * Writes the lines out if they are many or have waited for 100 ms, as far as the reader takes them;
 * called once per round of the loop. Returns the milliseconds until it should be called again, -1
 * if nothing waits or log_descriptor() will tell.
 */
int log_settle(void);

/* The descriptor whose POLLOUT calls for log_settle(), or -1. */
int log_descriptor(void);

/*
 * True while no request is to be answered, because its line might find no room; asked before each
 * turn of a connection. It stays true for at most log_patience() milliseconds more.
 */
bool log_full(void);
int log_patience(void);

#endif
