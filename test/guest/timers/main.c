/* SPDX-License-Identifier: MIT */
/*
 * Clocks and timers. No check depends on how fast this machine is: a timer may be late, never
 * early, and in order; the idle phase is for run.sh, which looks at the CPU time.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "xen/platform.h"
#include "arch/x86_64.h"

#define TIMERS 64

static struct timer timers[TIMERS];
static unsigned int fired[TIMERS], fired_count;

static void note(void *argument)
{
    unsigned int number = (struct timer *)argument - timers;

    CHECK(clock_monotonic() >= timers[number].deadline);
    fired[fired_count++] = number;
}

/*
 * Set in a scattered order, the third of them cancelled: the others fire in the order of their
 * deadlines.
 */
static void test_order(void)
{
    uint64_t start = clock_monotonic();
    unsigned int i;

    for (i = 0; i < TIMERS; i++)
        timer_init(&timers[i], note, &timers[i]);
    for (i = 0; i < TIMERS; i++)
        timer_set(&timers[i * 37 % TIMERS], start + MILLISECONDS(20 + i * 37 % TIMERS));
    for (i = 0; i < TIMERS; i += 3)
        timer_cancel(&timers[i]);
    thread_sleep_until(start + MILLISECONDS(20 + TIMERS + 20));
    CHECK(fired_count == TIMERS - (TIMERS + 2) / 3);
    for (i = 1; i < fired_count; i++)
        CHECK(fired[i] > fired[i - 1]);
}

static void test_sleep(void)
{
    struct timespec before, after, request = { .tv_nsec = 30000000 };
    uint64_t start = clock_monotonic();

    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(nanosleep(&request, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(clock_monotonic() - start >= MILLISECONDS(30));
    CHECK((after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec >=
          30000000);
    request.tv_nsec = 1000000000;
    CHECK(nanosleep(&request, NULL) == -1 && errno == EINVAL);
    CHECK(clock_gettime(99, &before) == -1 && errno == EINVAL);
    thread_sleep_until(0); /* long past */
}

static void test_timeouts(void)
{
    struct wait_queue queue = WAIT_QUEUE_INIT(queue);
    struct semaphore semaphore;
    uint64_t deadline = deadline_after(MILLISECONDS(20));

    semaphore_init(&semaphore, 1);
    CHECK(semaphore_down(&semaphore, DEADLINE_NEVER) == 0);
    CHECK(semaphore_down(&semaphore, deadline) == -ETIMEDOUT);
    CHECK(clock_monotonic() >= deadline);
    CHECK(wait_queue_sleep(&queue, deadline_after(MILLISECONDS(5))) == -ETIMEDOUT);
    CHECK(list_empty(&queue.waiters));
    CHECK(deadline_after(DEADLINE_NEVER) == DEADLINE_NEVER);
}

static void test_clocks(void)
{
    uint64_t last = clock_monotonic();

    for (int i = 0; i < 20000; i++) {
        uint64_t now = clock_monotonic();

        CHECK(now >= last);
        last = now;
    }
    printf("realtime %lu\n", (unsigned long)time(NULL));
}

/*
 * PVH's upcall ends a call that blocks. One that comes with interrupts off, as QEMU's TCG may
 * deliver one that is over, does nothing.
 */
static void test_late_upcall(void)
{
    if (strcmp(platform->name, "PVH") != 0)
        return;
    thread_sleep_until(deadline_after(MILLISECONDS(1)));
    __asm__ volatile("int %0" ::"i"(UPCALL_VECTOR) : "memory");
    thread_sleep_until(deadline_after(MILLISECONDS(1)));
}

int main(void)
{
    test_order();
    test_late_upcall();
    test_sleep();
    test_timeouts();
    test_clocks();
    printf("idle begins\n");
    fflush(stdout);
    sleep(4);
    printf("idle ended\n");
    return check_verdict();
}
