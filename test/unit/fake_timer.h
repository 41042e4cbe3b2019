/* SPDX-License-Identifier: MIT */
/* lib/sched's timers, for tests in which at most one is set at a time. */
#ifndef TEST_FAKE_TIMER_H
#define TEST_FAKE_TIMER_H

#include "lib/sched/sched.h"

/* The timer that is set, or NULL; a test calls its function when it is to be due. */
extern struct timer *fake_timer;

#endif
