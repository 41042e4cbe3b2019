/* SPDX-License-Identifier: MIT */
/*
 * Timers: a list sorted by deadline. There are few (one a sleeping thread, one a device), and the
 * usual change is near an end, so a list is enough.
 */
#include "sched.h"

static struct list timers = LIST_INIT(timers);

#define FAR SECONDS(1)
#define PASSES 8u

static uint64_t last_clock;
static unsigned int passes; /* since then, with a timer that is not looked at */

static uint64_t read_clock(void)
{
    last_clock = clock_monotonic();
    return last_clock;
}

uint64_t timers_clock(void)
{
    return last_clock;
}

void timers_look(void)
{
    passes = PASSES;
}

uint64_t deadline_after(uint64_t ns)
{
    uint64_t now = read_clock();

    return ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ns;
}

void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    *timer = (struct timer){ .function = function, .argument = argument };
    list_init(&timer->link);
}

void timer_cancel(struct timer *timer)
{
    list_remove(&timer->link);
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    struct list *position;

    list_remove(&timer->link);
    timer->deadline = deadline;
    for (position = timers.prev; position != &timers; position = position->prev)
        if (container_of(position, struct timer, link)->deadline <= deadline)
            break;
    list_prepend(position, &timer->link);
}

uint64_t timers_next(void)
{
    struct list *first = list_first(&timers);

    return first ? container_of(first, struct timer, link)->deadline : DEADLINE_NEVER;
}

/*
 * The clock is read once: a timer that sets itself to now again waits for the next round. It is not
 * read at all after an event when the next timer was far away a few passes ago (a disk's ticker,
 * say): reading it may be a VM exit, which would be a tenth of what reading 4 KiB costs.
 */
void timers_run(bool after_event)
{
    uint64_t next = timers_next(), now;

    if (next == DEADLINE_NEVER)
        return;
    if (after_event && next > last_clock + FAR && ++passes < PASSES)
        return;
    passes = 0;
    now = read_clock();
    while (next <= now) {
        struct timer *timer = container_of(list_first(&timers), struct timer, link);

        timer_cancel(timer);
        timer->function(timer->argument);
        next = timers_next();
    }
}
