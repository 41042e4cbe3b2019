/* SPDX-License-Identifier: MIT */
/* lib/sched's timers and wait queues, and what thousands of them cost. */
// SRCS: test/unit/fakes.c
// CFLAGS: -fsanitize-coverage=trace-pc
#include "fakes.h"

#include <errno.h>
#include <stdlib.h>

#include "../../lib/sched/sched.h"
#include "steps.h"

#define MANY 10000u
#define FEW 10u

static uint32_t seed = 1;
static uint64_t last_deadline;
static unsigned int called;

static void in_order(void *argument)
{
    struct timer *timer = argument;

    assert_true(timer->deadline >= last_deadline);
    assert_false(timer_pending(timer));
    last_deadline = timer->deadline;
    called++;
}

static struct timer *make_timers(unsigned int count)
{
    struct timer *timers = calloc(count, sizeof(*timers));

    for (unsigned int i = 0; i < count; i++)
        timer_init(&timers[i], in_order, &timers[i]);
    return timers;
}

/* Set, moved, cancelled at random: those that are left are called once each, by their deadlines. */
static void timers_in_order(void **state)
{
    struct timer *timers = make_timers(MANY);
    unsigned int expected = 0;

    (void)state;
    for (unsigned int i = 0; i < 3 * MANY; i++) {
        struct timer *timer = &timers[fake_random_seeded(&seed) % MANY];

        if (fake_random_seeded(&seed) % 4 == 0)
            timer_cancel(timer);
        else
            timer_set(timer, deadline_after(fake_random_seeded(&seed) % SECONDS(1)));
    }
    for (unsigned int i = 0; i < MANY; i++)
        expected += timer_pending(&timers[i]);
    called = 0;
    last_deadline = 0;
    thread_sleep_until(deadline_after(SECONDS(2)));
    assert_int_equal(called, expected);
    assert_true(expected > MANY / 4);
    free(timers);
}

/* The most steps that one call needs while `count` timers are set, moved, cancelled, and fall due. */
static unsigned long steps_of_a_timer(unsigned int count)
{
    struct timer *timers = make_timers(count);
    unsigned long most = 0;

    for (unsigned int i = 0; i < 3 * count; i++) {
        struct timer *timer = &timers[fake_random_seeded(&seed) % count];
        uint64_t deadline = deadline_after(fake_random_seeded(&seed) % SECONDS(1));
        unsigned long taken;

        /* An order that comes often, and one that is the worst for a sorted list. */
        if (i < count) {
            timer = &timers[i];
            deadline = deadline_after(SECONDS(3) - i);
        }
        steps();
        timer_set(timer, deadline);
        taken = steps();
        most = taken > most ? taken : most;
    }
    for (unsigned int i = 0; i < count; i++) {
        unsigned long taken;

        steps();
        timer_cancel(&timers[i]);
        taken = steps();
        most = taken > most ? taken : most;
    }
    free(timers);
    return most;
}

static void many_timers(void **state)
{
    unsigned long few = steps_of_a_timer(FEW), many = steps_of_a_timer(MANY);

    (void)state;
    print_message("timers: at most %lu steps with %u, %lu with %u\n", few, FEW, many, MANY);
    /* A thousand times as many, of which the logarithm is four times as large, for two heaps to merge. */
    assert_true(many <= 10 * few);
}

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static unsigned int wakes;

static void count_wake(struct wait_entry *entry)
{
    assert_true(list_empty(&entry->link));
    wakes++;
}

static void add_again(struct wait_entry *entry)
{
    wakes++;
    wait_queue_add(&queue, entry);
}

static struct wait_entry entries[MANY];

static void remove_the_next(struct wait_entry *entry)
{
    wakes++;
    wait_queue_remove(entry + 1);
}

/* A callback may add its entry again, and remove others that the same wake-up would reach. */
static void callbacks(void **state)
{
    (void)state;
    wait_entry_init(&entries[0], add_again);
    wait_entry_init(&entries[1], count_wake);
    wait_queue_add(&queue, &entries[0]);
    wait_queue_add(&queue, &entries[1]);
    wakes = 0;
    wake_all(&queue);
    assert_int_equal(wakes, 2);
    wake_one(&queue);
    wake_all(&queue);
    assert_int_equal(wakes, 4);
    wait_queue_remove(&entries[0]);
    wait_queue_remove(&entries[0]);
    wake_all(&queue);
    assert_int_equal(wakes, 4);

    wait_entry_init(&entries[0], remove_the_next);
    wait_entry_init(&entries[2], count_wake);
    for (unsigned int i = 0; i < 3; i++)
        wait_queue_add(&queue, &entries[i]);
    wakes = 0;
    wake_all(&queue);
    assert_int_equal(wakes, 2);
    assert_true(list_empty(&queue.waiters));
}

static int slept;

static void sleeper(void *argument)
{
    uint64_t *deadline = argument;

    slept = wait_queue_sleep(&queue, *deadline);
}

/* An entry with a callback and a thread in one queue; a thread that nobody wakes. */
static void threads_and_callbacks(void **state)
{
    uint64_t deadline = DEADLINE_NEVER;

    (void)state;
    wait_entry_init(&entries[0], count_wake);
    wait_queue_add(&queue, &entries[0]);
    thread_create("sleeper", sleeper, &deadline);
    thread_yield();
    wakes = 0;
    slept = 1;
    wake_one(&queue);
    fake_run_others();
    assert_true(wakes == 1 && slept == 1);
    wake_one(&queue);
    fake_run_others();
    assert_int_equal(slept, 0);

    /* Woken before its time: the timer, which lay on its stack, goes with it. */
    deadline = deadline_after(SECONDS(1));
    thread_create("sleeper", sleeper, &deadline);
    thread_yield();
    slept = 1;
    wake_all(&queue);
    fake_run_others();
    assert_int_equal(slept, 0);
    thread_sleep_until(deadline - 1);
    assert_true(clock_monotonic() == deadline - 1);
    fake_clock_advance(SECONDS(1));
    fake_run_others();

    deadline = deadline_after(SECONDS(1));
    thread_create("sleeper", sleeper, &deadline);
    thread_sleep_until(deadline + 1);
    fake_run_others();
    assert_int_equal(slept, -ETIMEDOUT);
    assert_true(list_empty(&queue.waiters));
}

static unsigned long steps_of_a_wait(unsigned int count)
{
    unsigned long taken;

    for (unsigned int i = 0; i < count; i++) {
        wait_entry_init(&entries[i], count_wake);
        wait_queue_add(&queue, &entries[i]);
    }
    steps();
    wait_queue_remove(&entries[count / 2]);
    wait_queue_add(&queue, &entries[count / 2]);
    wake_one(&queue);
    taken = steps();
    wake_all(&queue);
    return taken;
}

static void many_waits(void **state)
{
    (void)state;
    assert_int_equal(steps_of_a_wait(FEW), steps_of_a_wait(MANY));
}

static bool others_ran;

static void other(void *argument)
{
    (void)argument;
    others_ran = true;
}

static void timer_ran(void *argument)
{
    *(bool *)argument = true;
}

/* Who never sleeps lets others run all the same, and timers; who sleeps owes nothing. */
static void giving_way(void **state)
{
    struct timer timer;
    bool ran = false;
    unsigned int turns = 0;

    (void)state;
    others_ran = false;
    thread_create("other", other, NULL);
    timer_init(&timer, timer_ran, &ran);
    timer_set(&timer, clock_monotonic());
    while (!others_ran && turns < 1000) {
        thread_give_way();
        turns++;
    }
    assert_true(others_ran && ran);
    assert_in_range(turns, 10, 100);
    for (unsigned int i = 1; i < turns / 2; i++)
        thread_give_way();
    thread_sleep_until(deadline_after(1));
    others_ran = false;
    thread_create("other", other, NULL);
    for (unsigned int i = 1; i < turns; i++)
        thread_give_way();
    assert_false(others_ran);
    thread_give_way();
    assert_true(others_ran);
}

/* A wait that ends after the end of time never ends; it does not end at once. */
static void far_deadlines(void **state)
{
    (void)state;
    thread_sleep_until(deadline_after(1)); /* so that it is later than 0 */
    assert_int_equal(deadline_after(DEADLINE_NEVER), DEADLINE_NEVER);
    assert_int_equal(deadline_after(DEADLINE_NEVER - 1), DEADLINE_NEVER);
    assert_true(deadline_after(SECONDS(1)) < DEADLINE_NEVER);
}

static void wake_queue(void *queue)
{
    wake_all(queue);
}

/* Who is woken before its time takes its timer along: that lies on a stack. */
static void woken_early(void **state)
{
    struct wait_queue queue;
    struct timer waker;
    uint64_t before = timers_next();

    (void)state;
    wait_queue_init(&queue);
    timer_init(&waker, wake_queue, &queue);
    timer_set(&waker, deadline_after(1));
    assert_int_equal(wait_queue_sleep(&queue, deadline_after(SECONDS(1000))), 0);
    assert_int_equal(timers_next(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_deadlines),   cmocka_unit_test(woken_early),
        cmocka_unit_test(timers_in_order), cmocka_unit_test(many_timers),
        cmocka_unit_test(callbacks),       cmocka_unit_test(threads_and_callbacks),
        cmocka_unit_test(many_waits),      cmocka_unit_test(giving_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
