/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of a system besides files (which lib/posix supplies): memory, process identity,
 * signals to oneself, time. malloc() and random numbers have files of their own; _exit() is in
 * lib/boot/start.c.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "lib/mm/mm.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"

#define PROCESS_ID 1

char **environ;

void *sbrk(ptrdiff_t change)
{
    void *old_end = heap_grow(change);

    if (old_end)
        return old_end;
    errno = ENOMEM;
    return (void *)-1;
}

pid_t getpid(void)
{
    return PROCESS_ID;
}

/*
 * The one process has no handlers but newlib's raise(); what is sent to it from abort() or kill()
 * ends it with a report.
 */
int kill(pid_t process, int number)
{
    if (process != PROCESS_ID) {
        errno = ESRCH;
        return -1;
    }
    if (number)
        panic("the application was ended by signal %d%s", number,
              number == SIGABRT ? " (abort)" : "");
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    uint64_t now = clock_realtime();

    (void)zone;
    time->tv_sec = now / SECONDS(1);
    time->tv_usec = now % SECONDS(1) / 1000;
    return 0;
}

/* One thread of control owns the processor: the time used is the time passed. */
clock_t times(struct tms *buffer)
{
    clock_t ticks = clock_monotonic() / (SECONDS(1) / CLOCKS_PER_SEC);

    *buffer = (struct tms){ .tms_utime = ticks };
    return ticks;
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    panic("assertion failed: %s, in %s (%s:%d)", expression, function ? function : "?", file, line);
}
