/* SPDX-License-Identifier: MIT */
/* The worker of lib/sched/work.c. */
// SRCS: test/unit/fakes.c lib/sched/work.c
// CFLAGS: -fsanitize-coverage=trace-pc -Wl,-T,test/unit/sets.ld
#include "fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/suspend.h"
#include "lib/sched/work.h"
#include "steps.h"

extern const struct suspend_hooks *const suspend_hooks_start[];

static unsigned int runs;
static struct thread *ran_in;

static void count_run(struct work *work)
{
    (void)work;
    runs++;
    ran_in = thread_self();
}

static struct work work = WORK_INIT(work, count_run);

/* A deadline has the worker made at once. In a process of its own, since there is only one. */
static void made_for_a_deadline(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        work_schedule_at(&work, deadline_after(SECONDS(1000)));
        _exit(thread_count() == 2 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* No stack for the worker: it comes when there is one, and what was asked for is done. */
static void without_a_worker(void **state)
{
    (void)state;
    fake_threads_fail = true;
    work_schedule(&work);
    thread_sleep_until(deadline_after(SECONDS(1)));
    assert_int_equal(runs, 0);
    assert_int_equal(thread_count(), 1);
    fake_threads_fail = false;
    thread_sleep_until(deadline_after(SECONDS(1)));
    assert_int_equal(runs, 1);
    assert_int_equal(thread_count(), 2);
}

static void asked_twice(void **state)
{
    (void)state;
    runs = 0;
    work_schedule(&work);
    work_schedule(&work);
    assert_int_equal(runs, 0);
    assert_true(work_is_scheduled(&work));
    fake_run_others();
    assert_int_equal(runs, 1);
    assert_true(ran_in != thread_self());
    assert_false(work_is_scheduled(&work));
    assert_int_equal(thread_count(), 2);
}

static char order[8];
static unsigned int ordered;

static void note_a(struct work *unused)
{
    (void)unused;
    order[ordered++] = 'a';
}

static void note_b(struct work *unused)
{
    (void)unused;
    order[ordered++] = 'b';
}

/* Asking again does not send anybody to the end. */
static void in_order(void **state)
{
    struct work a, b;

    (void)state;
    work_init(&a, note_a);
    work_init(&b, note_b);
    work_schedule(&a);
    work_schedule(&b);
    work_schedule(&a);
    fake_run_others();
    assert_string_equal(order, "ab");
}

static void at_a_deadline(void **state)
{
    uint64_t start = clock_monotonic();

    (void)state;
    runs = 0;
    work_schedule_at(&work, start + 1000);
    work_schedule_at(&work, start + 3000);
    assert_true(work_is_scheduled(&work));
    thread_sleep_until(start + 2000);
    fake_run_others();
    assert_int_equal(runs, 0);
    thread_sleep_until(start + 4000);
    fake_run_others();
    assert_int_equal(runs, 1);
    /* Soon takes the deadline's place. */
    work_schedule_at(&work, start + 5000);
    work_schedule(&work);
    fake_run_others();
    assert_int_equal(runs, 2);
    thread_sleep_until(start + 6000);
    fake_run_others();
    assert_int_equal(runs, 2);
    /* A deadline while it is to run soon takes nothing away. */
    work_schedule(&work);
    work_schedule_at(&work, start + 7000);
    fake_run_others();
    assert_int_equal(runs, 3);
    work_cancel(&work);
}

static void cancelled(void **state)
{
    (void)state;
    runs = 0;
    work_schedule(&work);
    assert_false(work_cancel(&work));
    fake_run_others();
    work_schedule_at(&work, deadline_after(1000));
    assert_false(work_cancel(&work));
    thread_sleep_until(deadline_after(2000));
    fake_run_others();
    assert_int_equal(runs, 0);
    assert_false(work_is_scheduled(&work));
}

static struct wait_queue gate = WAIT_QUEUE_INIT(gate);
static bool open_gate, cancelled_in_itself;

static void wait_at_gate(struct work *self)
{
    runs++;
    cancelled_in_itself = work_cancel(self);
    wait_until(&gate, open_gate, DEADLINE_NEVER);
    open_gate = false;
}

static struct work slow = WORK_INIT(slow, wait_at_gate);

static void let_through(void)
{
    open_gate = true;
    wake_all(&gate);
    fake_run_others();
}

/* Who cancels is told that it runs; who asks for it while it runs has it run again. */
static void while_it_runs(void **state)
{
    (void)state;
    runs = 0;
    work_schedule(&slow);
    fake_run_others();
    assert_int_equal(runs, 1);
    assert_false(cancelled_in_itself);
    assert_true(work_cancel(&slow));
    work_schedule(&slow);
    work_schedule(&work);
    fake_run_others();
    assert_int_equal(runs, 1);
    let_through();
    assert_int_equal(runs, 2);
    assert_true(work_cancel(&slow));
    let_through();
    assert_int_equal(runs, 3);
    assert_false(work_cancel(&slow));
}

static void free_it(struct work *self)
{
    runs++;
    free(self);
}

static void freed_by_itself(void **state)
{
    struct work *own = malloc(sizeof(*own));

    (void)state;
    runs = 0;
    work_init(own, free_it);
    work_schedule(own);
    fake_run_others();
    assert_int_equal(runs, 1);
}

/* A suspend waits for what runs, within its time, and nothing begins until the domain goes on. */
static void suspended(void **state)
{
    const struct suspend_hooks *hooks = suspend_hooks_start[0];

    (void)state;
    runs = 0;
    work_schedule(&slow);
    fake_run_others();
    assert_int_equal(hooks->prepare(deadline_after(1000)), -ETIMEDOUT);
    hooks->cancel();
    let_through();
    assert_int_equal(hooks->prepare(deadline_after(1000)), 0);
    work_schedule(&work);
    thread_sleep_until(deadline_after(SECONDS(10)));
    assert_int_equal(runs, 1);
    hooks->resume();
    fake_run_others();
    assert_int_equal(runs, 2);
}

static unsigned long steps_with(unsigned int count)
{
    struct work *works = calloc(count, sizeof(*works));
    unsigned long taken;

    for (unsigned int i = 0; i < count; i++) {
        work_init(&works[i], count_run);
        work_schedule(&works[i]);
    }
    steps();
    work_cancel(&works[count / 2]);
    work_schedule(&works[count / 2]);
    taken = steps();
    runs = 0;
    fake_run_others();
    assert_int_equal(runs, count);
    free(works);
    return taken;
}

static void many(void **state)
{
    (void)state;
    assert_int_equal(steps_with(10), steps_with(10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_for_a_deadline), cmocka_unit_test(without_a_worker),
        cmocka_unit_test(asked_twice),         cmocka_unit_test(in_order),
        cmocka_unit_test(at_a_deadline),       cmocka_unit_test(cancelled),
        cmocka_unit_test(while_it_runs),       cmocka_unit_test(freed_by_itself),
        cmocka_unit_test(suspended),           cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
