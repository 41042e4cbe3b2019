/* SPDX-License-Identifier: MIT */
/*
 * One clock read per round; the wall clock is read only when the second it showed has passed, so
 * the Date field lags at most by the time of one round of the loop.
 */
#include <time.h>

#include "clock.h"

struct clock server_clock;

static int64_t next_second; /* the monotonic millisecond at which the wall clock's second ends */

static void update_wall_clock(void)
{
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    server_clock.seconds = wall.tv_sec;
    next_second = server_clock.now + 1000 - wall.tv_nsec / 1000000;
    date_format(server_clock.seconds, server_clock.date);
    date_format_log(server_clock.seconds, server_clock.log_date);
}

void clock_update(void)
{
    struct timespec monotonic;

    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    server_clock.now = (int64_t)monotonic.tv_sec * 1000 + monotonic.tv_nsec / 1000000;
    if (server_clock.now >= next_second)
        update_wall_clock();
}
