/* SPDX-License-Identifier: MIT */
/*
 * Wait queues, and mutexes and semaphores on them.
 *
 * A queue has entries with a callback. Waking takes an entry out of its queue and calls it: that of
 * a sleeper makes its thread ready. An entry that is in no queue any more tells the sleeper that it
 * was woken, however many wake-ups and timeouts come before it runs.
 */
#include <errno.h>

#include "sched.h"

#define CALLS_IN_A_ROW 64u

static unsigned int calls; /* of thread_give_way() since anybody slept */

struct sleeper {
    struct wait_entry entry;
    struct thread *thread;
};

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

void wait_entry_init(struct wait_entry *entry, void (*wake)(struct wait_entry *entry))
{
    entry->wake = wake;
    list_init(&entry->link);
}

void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry)
{
    list_append(&queue->waiters, &entry->link);
}

void wait_queue_remove(struct wait_entry *entry)
{
    list_remove(&entry->link);
}

static void wake_sleeper(struct wait_entry *entry)
{
    thread_wake(container_of(entry, struct sleeper, entry)->thread);
}

static void time_is_up(void *argument)
{
    thread_wake(argument);
}

static void park_until(const struct wait_queue *queue, uint64_t deadline)
{
    struct timer timer;

    calls = 0;
    timer_init(&timer, time_is_up, thread_self());
    if (deadline != DEADLINE_NEVER)
        timer_set(&timer, deadline);
    thread_park(queue);
    timer_cancel(&timer);
}

int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    struct sleeper sleeper = { .thread = thread_self() };
    bool woken;

    wait_entry_init(&sleeper.entry, wake_sleeper);
    wait_queue_add(queue, &sleeper.entry);
    park_until(queue, deadline);
    woken = list_empty(&sleeper.entry.link);
    wait_queue_remove(&sleeper.entry);
    return woken ? 0 : -ETIMEDOUT;
}

static void wake_first(struct list *entries)
{
    struct wait_entry *entry = container_of(entries->next, struct wait_entry, link);

    list_remove(&entry->link);
    entry->wake(entry);
}

void wake_one(struct wait_queue *queue)
{
    if (!list_empty(&queue->waiters))
        wake_first(&queue->waiters);
}

/* One that adds itself again waits for the next wake-up: those of now move to a list of their own. */
void wake_all(struct wait_queue *queue)
{
    struct list entries;

    if (list_empty(&queue->waiters))
        return;
    list_prepend(&queue->waiters, &entries);
    list_remove(&queue->waiters);
    while (!list_empty(&entries))
        wake_first(&entries);
}

void thread_sleep_until(uint64_t deadline)
{
    park_until(NULL, deadline);
}

/* It counts, since a look at the clock may be dear. */
void thread_give_way(void)
{
    if (++calls < CALLS_IN_A_ROW)
        return;
    calls = 0;
    thread_yield();
}

void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
    wait_queue_init(&mutex->queue);
}

bool mutex_try_lock(struct mutex *mutex)
{
    if (mutex->owner)
        return false;
    mutex->owner = thread_self();
    return true;
}

void mutex_lock(struct mutex *mutex)
{
    while (!mutex_try_lock(mutex))
        wait_queue_sleep(&mutex->queue, DEADLINE_NEVER);
}

void mutex_unlock(struct mutex *mutex)
{
    mutex->owner = NULL;
    wake_one(&mutex->queue);
}

void semaphore_init(struct semaphore *semaphore, unsigned int count)
{
    semaphore->count = count;
    wait_queue_init(&semaphore->queue);
}

int semaphore_down(struct semaphore *semaphore, uint64_t deadline)
{
    int error = wait_until(&semaphore->queue, semaphore->count > 0, deadline);

    if (!error)
        semaphore->count--;
    return error;
}

void semaphore_up(struct semaphore *semaphore)
{
    semaphore->count++;
    wake_one(&semaphore->queue);
}
