/* SPDX-License-Identifier: MIT */
/*
 * Work for later: a function that is called in the worker, a thread for all of it, soon or at a
 * deadline. For what an event handler or a timer finds must be done but may block, as they must not,
 * and for what is to be tried again.
 *
 * The caller owns the struct. Asking for work needs no memory and cannot fail: asking twice before
 * it runs is asking once, and asking while it runs has it run once more. The worker is created when
 * work is first asked for; when there is no memory for it, it is tried again. Work should be short,
 * since other work waits for it. While the domain is saved none runs.
 */
#ifndef LIB_SCHED_WORK_H
#define LIB_SCHED_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sched/sched.h"

struct work {
    void (*function)(struct work *work); /* may free the struct, and ask for itself again */
    struct list link;                    /* lib/sched's own */
    struct timer timer;
};
#define WORK_INIT(name, function_)                               \
    {                                                            \
        .function = function_, .link = LIST_INIT((name).link),   \
        .timer = TIMER_INIT((name).timer, work_is_due, &(name)), \
    }

/* All of these: any context. */
void work_init(struct work *work, void (*function)(struct work *work));
/* Soon, whatever deadline was set. */
void work_schedule(struct work *work);
/* At the deadline; moves another one. What was to run soon still does. */
void work_schedule_at(struct work *work, uint64_t deadline);
/* Is it to run, soon or at a deadline? */
bool work_is_scheduled(const struct work *work);
/*
 * It shall not run any more. True when it runs just now (never to its own function's question): then
 * it ends in its own time, and the struct stays until then.
 */
bool work_cancel(struct work *work);

void work_is_due(void *work);

#endif
