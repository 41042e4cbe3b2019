/* SPDX-License-Identifier: MIT */
#include "fake_timer.h"

#include <stddef.h>

struct timer *fake_timer;

void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    *timer = (struct timer){ .function = function, .argument = argument };
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    timer->deadline = deadline;
    fake_timer = timer;
}

void timer_cancel(struct timer *timer)
{
    if (fake_timer == timer)
        fake_timer = NULL;
}
