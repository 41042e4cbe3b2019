/* SPDX-License-Identifier: MIT */
/* Timers: a heap by deadline. */
#include "sched.h"
#include "xen/platform.h"

static bool is_earlier(const struct heap_node *a, const struct heap_node *b)
{
    return container_of(a, struct timer, node)->deadline <
           container_of(b, struct timer, node)->deadline;
}

static struct heap timers = { .before = is_earlier };

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

uint64_t deadline_after(uint64_t ns)
{
    uint64_t now = read_clock();

    return ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ns;
}

void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    *timer = (struct timer){ .function = function, .argument = argument };
}

void timer_cancel(struct timer *timer)
{
    heap_remove(&timers, &timer->node);
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    heap_remove(&timers, &timer->node);
    timer->deadline = deadline;
    heap_add(&timers, &timer->node);
}

uint64_t timers_next(void)
{
    const struct heap_node *first = heap_first(&timers);

    return first ? container_of(first, struct timer, node)->deadline : DEADLINE_NEVER;
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
    if (after_event && !platform_alarm && next > last_clock + FAR && ++passes < PASSES)
        return;
    platform_alarm = false;
    passes = 0;
    now = read_clock();
    while (next <= now) {
        struct timer *timer = container_of(heap_first(&timers), struct timer, node);

        timer_cancel(timer);
        timer->function(timer->argument);
        next = timers_next();
    }
}
