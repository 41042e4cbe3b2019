/* SPDX-License-Identifier: MIT */
/*
 * POSIX clocks and sleeping (<time.h>, <unistd.h>). There are no signals, so no sleep ends early.
 */
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "lib/sched/sched.h"

static int fail(int error)
{
    errno = error;
    return -1;
}

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){ .tv_sec = ns / SECONDS(1), .tv_nsec = ns % SECONDS(1) };
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock == CLOCK_REALTIME)
        *time = to_timespec(clock_realtime());
    else if (clock == CLOCK_MONOTONIC)
        *time = to_timespec(clock_monotonic());
    else
        return fail(EINVAL);
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return fail(EINVAL);
    if (resolution)
        *resolution = (struct timespec){ .tv_nsec = 1 };
    return 0;
}

/* The wall clock is Xen's, and a guest does not set it. */
int clock_settime(clockid_t clock, const struct timespec *time)
{
    (void)clock;
    (void)time;
    return fail(EPERM);
}

int nanosleep(const struct timespec *request, struct timespec *remaining)
{
    if (request->tv_sec < 0 || request->tv_nsec < 0 || request->tv_nsec >= (long)SECONDS(1))
        return fail(EINVAL);
    if ((uint64_t)request->tv_sec >= DEADLINE_NEVER / SECONDS(1))
        thread_sleep_until(DEADLINE_NEVER);
    else
        thread_sleep_until(deadline_after(SECONDS(request->tv_sec) + request->tv_nsec));
    if (remaining)
        *remaining = (struct timespec){ 0 };
    return 0;
}

unsigned int sleep(unsigned int seconds)
{
    thread_sleep_until(deadline_after(SECONDS(seconds)));
    return 0;
}

int usleep(useconds_t microseconds)
{
    thread_sleep_until(deadline_after((uint64_t)microseconds * 1000));
    return 0;
}
