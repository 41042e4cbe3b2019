/* SPDX-License-Identifier: MIT */
/* The event loop: one poll() set of listeners and connections. */
#ifndef HTTPD_LOOP_H
#define HTTPD_LOOP_H

enum {
    LOOP_CONNECTIONS_MAX = 1024,
    LOOP_SPARE = 8, /* further connections, taken only to be told 503 */
    LOOP_LISTENERS = 2,
};

/*
 * Serves connections from the listening sockets, of which each may be negative, `connections` at a
 * time. Returns only if it cannot go on: -ENOMEM, or what poll() failed with, negative.
 */
int loop_run(const int listeners[LOOP_LISTENERS], unsigned connections);

#endif
