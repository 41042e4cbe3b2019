/* SPDX-License-Identifier: MIT */
/*
 * Threads by the hundred, and ten thousand at once, mutexes, semaphores, wait queues, thread-local
 * data, loops of calls that never sleep, running out of memory; nothing left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "../check.h"

#define THREADS 200
#define ROUNDS 20
#define TABLES_KEPT 2 /* stacks of ten thousand threads reach beyond a GiB; its page table stays */

static struct mutex mutex = MUTEX_INIT(mutex);
static struct semaphore done;
static unsigned int inside, total;
static _Thread_local unsigned int mine = 42;
static _Thread_local char zeroes[100];

static void worker(void *argument)
{
    unsigned int number = (unsigned int)(uintptr_t)argument;

    CHECK(mine == 42);
    CHECK(zeroes[99] == 0);
    mine = number;
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&mutex);
        CHECK(++inside == 1);
        thread_yield();
        total++;
        inside--;
        mutex_unlock(&mutex);
        CHECK(mine == number);
        errno = number;
        thread_yield();
        CHECK(errno == (int)number);
    }
    semaphore_up(&done);
}

static void test_many(void)
{
    semaphore_init(&done, 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(thread_create("worker", worker, (void *)i) != NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK(semaphore_down(&done, deadline_after(SECONDS(60))) == 0);
    CHECK(total == THREADS * ROUNDS);
    thread_yield();
}

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static unsigned int woken, timed_out;

static void sleeper(void *argument)
{
    (void)argument;
    if (wait_queue_sleep(&queue, deadline_after(MILLISECONDS(300))) == 0)
        woken++;
    else
        timed_out++;
}

static void test_wake(void)
{
    for (int i = 0; i < 10; i++)
        CHECK(thread_create("sleeper", sleeper, NULL) != NULL);
    thread_yield();
    wake_one(&queue);
    wake_one(&queue);
    wake_one(&queue);
    thread_yield();
    CHECK(woken == 3 && timed_out == 0);
    thread_sleep_until(deadline_after(MILLISECONDS(400)));
    CHECK(woken == 3 && timed_out == 7);
    wake_all(&queue); /* nobody is left */
}

static bool time_is_up;

static void timed_sleeper(void *argument)
{
    (void)argument;
    thread_sleep_until(deadline_after(MILLISECONDS(50)));
    time_is_up = true;
}

/* What is always ready or never has anything: a loop of either stops neither clock nor threads. */
static void loop_until_time_is_up(const int ends[2], bool data)
{
    struct pollfd poller = { ends[0], POLLIN, 0 };
    char byte;

    time_is_up = false;
    CHECK(thread_create("sleeper", timed_sleeper, NULL) != NULL);
    while (!time_is_up) {
        if (data)
            CHECK(poll(&poller, 1, -1) == 1 && poller.revents == POLLIN);
        else
            CHECK(read(ends[0], &byte, 1) == -1 && errno == EAGAIN);
    }
    thread_yield();
}

static void test_busy_loops(void)
{
    int ends[2];

    CHECK(pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    loop_until_time_is_up(ends, false);
    CHECK(write(ends[1], "x", 1) == 1);
    loop_until_time_is_up(ends, true);
    close(ends[0]);
    close(ends[1]);
}

static struct semaphore gate;

static void waiter(void *argument)
{
    (void)argument;
    CHECK(semaphore_down(&gate, DEADLINE_NEVER) == 0);
    semaphore_up(&done);
}

/* More threads than memory holds: creation fails cleanly, and all that exist go on. */
static void test_exhaustion(void)
{
    unsigned int created = 0;

    semaphore_init(&gate, 0);
    while (thread_create("waiter", waiter, NULL))
        created++;
    printf("%u threads fit into memory\n", created);
    CHECK(created >= 10000);
    for (unsigned int i = 0; i < created; i++)
        semaphore_up(&gate);
    for (unsigned int i = 0; i < created; i++)
        CHECK(semaphore_down(&done, deadline_after(SECONDS(60))) == 0);
    thread_yield();
}

int main(void)
{
    struct check_usage before;

    printf("thread %s\n", thread_name(thread_self()));
    before = check_usage_now();
    test_many();
    test_wake();
    test_busy_loops();
    test_exhaustion();
    thread_yield();
    check_usage_same(&before, TABLES_KEPT);
    return check_verdict();
}
