/* SPDX-License-Identifier: MIT */
/*
 * The server's idea of now: read once per round of the event loop, with the strings that depend on
 * it formatted once per second.
 */
#ifndef HTTPD_CLOCK_H
#define HTTPD_CLOCK_H

#include <stdint.h>

#include "date.h"

struct clock {
    int64_t now;                    /* milliseconds, monotonic */
    int64_t seconds;                /* since 1970, UTC */
    char date[DATE_LENGTH];         /* for the Date field */
    char log_date[DATE_LOG_LENGTH]; /* for the access log */
};

extern struct clock server_clock;

/* Reads the system's clocks into server_clock. To be called once before anything else here. */
void clock_update(void);

#endif
