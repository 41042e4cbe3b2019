/* SPDX-License-Identifier: MIT */
/* Between the files of lib/sched. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/sched/sched.h"

/* Give the processor away; returns when somebody has made the caller ready again. */
void schedule(void);
/* The same for who waits for a queue (or NULL), which reports name. */
void thread_park(const struct wait_queue *queue);
/* Make a thread ready, if it is not. */
void thread_wake(struct thread *thread);

/*
 * Call the functions of all timers that are due. `after_event`: this pass has handled one, so that
 * without platform_alarm it was not a timer that ended the last block; then a timer that was more
 * than a second away may be called a few passes late.
 */
void timers_run(bool after_event);
/* The clock as it was last read in this room: reading it anew costs a VM exit on some hosts. */
uint64_t timers_clock(void);
/* When the next timer is due, or DEADLINE_NEVER. */
uint64_t timers_next(void);

#endif
