/* SPDX-License-Identifier: MIT */
/* Between the files of lib/sched. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/sched.h"

/* Give the processor away; returns when somebody has made the caller ready again. */
void schedule(void);
/* The same for who waits for a queue (or NULL), which reports name. */
void thread_park(const struct wait_queue *queue);
/* Make a thread ready, if it is not. */
void thread_wake(struct thread *thread);

/* Call the functions of all timers that are due. */
void timers_run(void);
/* When the next timer is due, or DEADLINE_NEVER. */
uint64_t timers_next(void);

#endif
