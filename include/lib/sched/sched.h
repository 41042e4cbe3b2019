/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads, wait queues, mutexes, semaphores and timers.
 *
 * One vCPU, one run queue, first come first served. A thread runs until it blocks, yields or ends;
 * nothing is delivered asynchronously, so code that cannot block needs no lock. When no thread is
 * ready, the scheduler blocks in Xen until an event channel fires or the next timer is due. Event
 * channel handlers and timer functions run inside the scheduler, between threads, on the stack of
 * whoever called it: they may wake threads and must not block.
 *
 * Times are nanoseconds of clock_monotonic(); a deadline is such a time, DEADLINE_NEVER waits
 * without one.
 */
#ifndef LIB_SCHED_SCHED_H
#define LIB_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/base/time.h"

/* clock_monotonic() + ns, saturating at DEADLINE_NEVER. */
uint64_t deadline_after(uint64_t ns);

struct thread;
struct wait_queue;

/*
 * Turn the boot stack's flow into the first thread, which runs function(argument) with a stack of
 * that many pages. Does not return.
 */
void sched_start(const char *name, void (*function)(void *), void *argument,
                 unsigned int stack_pages) __attribute__((noreturn));

/*
 * Create a thread that runs function(argument) and make it ready. `name` is kept by reference. The
 * thread's stack and control block are freed after function returns or thread_exit(). Returns NULL
 * when memory is out. Threads are named in crash reports.
 */
struct thread *thread_create(const char *name, void (*function)(void *), void *argument);
void thread_exit(void) __attribute__((noreturn));
struct thread *thread_self(void);
const char *thread_name(const struct thread *thread);
/*
 * Addresses [low, high) of the running thread's stack (the boot stack's before the first thread: 0,
 * 0); for reports.
 */
struct stack_bounds {
    uintptr_t low, high;
};
struct stack_bounds thread_stack_bounds(void);
/* Whether a fault at this address means that the running thread's stack was too small. */
bool thread_has_overflowed(uintptr_t address);

/*
 * For reports: thread_next(NULL) is the oldest thread, NULL comes after the youngest. Each thread
 * is described before thread_next() goes on from it: false when its memory does not hold a thread,
 * which ends the walk. `stack_pointer` is that of a thread that does not run.
 */
struct thread_description {
    const char *name;
    bool running, ready;
    const struct wait_queue *waits_for; /* the first, when several; NULL: only for a time */
    uint64_t waits_since;               /* of a thread that is neither running nor ready */
    struct stack_bounds stack;
    uintptr_t stack_pointer;
};
const struct thread *thread_next(const struct thread *thread);
bool thread_describe(const struct thread *thread, struct thread_description *description);

/* Let every other ready thread run once. Pending events are handled too. */
void thread_yield(void);
void thread_sleep_until(uint64_t deadline);
/* Threads that exist now, the caller included. */
unsigned int thread_count(void);

/*
 * Wait queues. The condition is the caller's; wake-ups may be spurious, so it is tested in a loop
 * (wait_until does that). wait_queue_sleep: 0 when woken, -ETIMEDOUT when the deadline passed
 * first. Threads only. wake_*: any context.
 */
struct wait_queue {
    struct list waiters;
};
#define WAIT_QUEUE_INIT(name) { LIST_INIT((name).waiters) }

void wait_queue_init(struct wait_queue *queue);
int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline);
void wake_one(struct wait_queue *queue);
void wake_all(struct wait_queue *queue);

/*
 * Sleep on several queues at once (poll(), select()): fill `entries[i].queue`, call wait_many(); 0
 * when any was woken, -ETIMEDOUT. `thread` and `link` belong to the scheduler.
 */
struct wait_entry {
    struct wait_queue *queue;
    struct thread *thread;
    struct list link;
};
int wait_many(struct wait_entry *entries, unsigned int count, uint64_t deadline);

/* Wait until `condition` is true or the deadline passed: 0 or -ETIMEDOUT. */
#define wait_until(queue, condition, deadline)                        \
    ({                                                                \
        int wait_result_ = 0;                                         \
        while (!(condition) && wait_result_ == 0)                     \
            wait_result_ = wait_queue_sleep((queue), (deadline));     \
        (condition) ? 0 : wait_result_;                               \
    })

/* Not recursive; the owner unlocks. May block: threads only. */
struct mutex {
    struct thread *owner;
    struct wait_queue queue;
};
#define MUTEX_INIT(name) { (void *)0, WAIT_QUEUE_INIT((name).queue) }
void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct semaphore {
    unsigned int count;
    struct wait_queue queue;
};
void semaphore_init(struct semaphore *semaphore, unsigned int count);
/* Take one: 0, or -ETIMEDOUT. Threads only. */
int semaphore_down(struct semaphore *semaphore, uint64_t deadline);
/* Give one: any context. */
void semaphore_up(struct semaphore *semaphore);

/*
 * Timers: function(argument) is called once, inside the scheduler, at or after the deadline. It may
 * set its own or other timers. The caller owns the memory and cancels the timer before freeing it.
 */
struct timer {
    uint64_t deadline;
    void (*function)(void *argument);
    void *argument;
    struct list link; /* the pending timers, by deadline; itself when idle */
};
#define TIMER_INIT(name, function_, argument_) { 0, function_, argument_, LIST_INIT((name).link) }
void timer_init(struct timer *timer, void (*function)(void *), void *argument);
/* Set or move the timer. */
void timer_set(struct timer *timer, uint64_t deadline);
void timer_cancel(struct timer *timer);
/* The event that is being handled may be that of a deadline: the clock is looked at after it. */
void timers_look(void);

#endif
