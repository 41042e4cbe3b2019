/* SPDX-License-Identifier: MIT */
/*
 * Wait queues, and mutexes and semaphores on them.
 *
 * A sleeper puts one entry into each queue it waits on and removes what is left of them when it
 * wakes. Waking takes the entry out of its queue: an entry that is in no queue any more tells the
 * sleeper that it was woken, however many wake-ups and timeouts come before it runs.
 */
#include <errno.h>

#include "sched.h"


void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

static void timed_out(void *argument)
{
    thread_wake(argument);
}

static bool any_woken(const struct wait_entry *entries, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++)
        if (list_empty(&entries[i].link))
            return true;
    return false;
}

int wait_many(struct wait_entry *entries, unsigned int count, uint64_t deadline)
{
    struct timer timer;
    bool woken;

    timer_init(&timer, timed_out, thread_self());
    if (deadline != DEADLINE_NEVER)
        timer_set(&timer, deadline);
    for (unsigned int i = 0; i < count; i++) {
        entries[i].thread = thread_self();
        list_append(&entries[i].queue->waiters, &entries[i].link);
    }
    thread_park(count ? entries[0].queue : NULL);
    woken = any_woken(entries, count);
    for (unsigned int i = 0; i < count; i++)
        list_remove(&entries[i].link);
    timer_cancel(&timer);
    return woken ? 0 : -ETIMEDOUT;
}

int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    struct wait_entry entry = { .queue = queue };

    return wait_many(&entry, 1, deadline);
}

void wake_one(struct wait_queue *queue)
{
    struct list *first = list_first(&queue->waiters);

    if (first) {
        list_remove(first);
        thread_wake(container_of(first, struct wait_entry, link)->thread);
    }
}

void wake_all(struct wait_queue *queue)
{
    while (!list_empty(&queue->waiters))
        wake_one(queue);
}

void thread_sleep_until(uint64_t deadline)
{
    wait_many(NULL, 0, deadline);
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
