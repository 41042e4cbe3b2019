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

#include "lib/base/heap.h"
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
/*
 * For calls that a program may make for ever without sleeping in them: one in some dozens yields.
 * Those that look whether something is ready call it before they look, the others when they are
 * done: so nobody else runs between the answer "ready" and the call that follows.
 */
void thread_give_way(void);
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
#define WAIT_QUEUE_INIT(name)     \
    {                             \
        LIST_INIT((name).waiters) \
    }

void wait_queue_init(struct wait_queue *queue);
int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline);
void wake_one(struct wait_queue *queue);
void wake_all(struct wait_queue *queue);

/*
 * A place in a queue for who does not sleep there, but wants a call when the queue is woken: poll()
 * has one for each file. `wake` is called in the context of whoever wakes, must not block, and finds
 * the entry removed; it may add it again, for the next wake-up. The caller owns the memory and
 * removes the entry before freeing it, which does no harm to one that is in no queue. Any context.
 */
struct wait_entry {
    void (*wake)(struct wait_entry *entry);
    struct list link; /* lib/sched's own */
};
void wait_entry_init(struct wait_entry *entry, void (*wake)(struct wait_entry *entry));
void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_queue_remove(struct wait_entry *entry);

/* Wait until `condition` is true or the deadline passed: 0 or -ETIMEDOUT. */
#define wait_until(queue, condition, deadline)                    \
    ({                                                            \
        int wait_result_ = 0;                                     \
        while (!(condition) && wait_result_ == 0)                 \
            wait_result_ = wait_queue_sleep((queue), (deadline)); \
        (condition) ? 0 : wait_result_;                           \
    })

/* Not recursive; the owner unlocks. May block: threads only. */
struct mutex {
    struct thread *owner;
    struct wait_queue queue;
};
#define MUTEX_INIT(name)                         \
    {                                            \
        (void *)0, WAIT_QUEUE_INIT((name).queue) \
    }
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
 * There may be any number: setting and cancelling one takes some log2(number) steps.
 */
struct timer {
    uint64_t deadline;
    void (*function)(void *argument);
    void *argument;
    struct heap_node node; /* lib/sched's own */
};
#define TIMER_INIT(name, function_, argument_)       \
    {                                                \
        .function = function_, .argument = argument_ \
    }
void timer_init(struct timer *timer, void (*function)(void *), void *argument);
/* Set or move the timer. */
void timer_set(struct timer *timer, uint64_t deadline);
void timer_cancel(struct timer *timer);
/* Is it set, and has not been called since? */
static inline bool timer_pending(const struct timer *timer)
{
    return heap_contains(&timer->node);
}

#endif
