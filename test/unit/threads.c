/* SPDX-License-Identifier: MIT */
/*
 * The scheduler itself: order, events, timers and blocking, ends of threads, and what ten thousand of
 * them cost. A switch is one of ucontexts; Xen is a clock and a flag for events.
 */
// SRCS: lib/sched/thread.c lib/sched/wait.c lib/sched/timer.c lib/base/heap.c
// CFLAGS: -fno-pie -no-pie -fsanitize-coverage=trace-pc
// CFLAGS: -Wl,--defsym=tls_data_size=8,--defsym=tls_size=24,--defsym=tls_alignment=16
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "../../lib/sched/sched.h"
#include "arch/thread.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/mm/paging.h"
#include "lib/random/random.h"
#include "lib/sched/sched.h"
#include "steps.h"
#include "xen/evtchn.h"
#include "xen/platform.h"

#define MANY 10000u
#define FEW 10u
#define HOST_STACK (128 * 1024)

char tls_data_start[8] = "tlsdata";

/* The machine: a thread's own stack holds its control block alone, it runs on one of the host's. */

struct context {
    ucontext_t host;
    void (*entry)(void *argument);
    void *argument;
    void *stack;
};

static struct context boot, *running = &boot;
static struct context *contexts; /* free ones, linked by `argument` */
static unsigned int stacks, no_stacks;

static void enter(void)
{
    running->entry(running->argument);
    abort();
}

static struct context *new_context(void)
{
    struct context *context = contexts;

    if (context != NULL) {
        contexts = context->argument;
        return context;
    }
    context = calloc(1, sizeof(*context));
    context->stack = mmap(NULL, HOST_STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return context;
}

uintptr_t arch_thread_stack(void *stack_top, void (*entry)(void *), void *argument)
{
    /* stack_free() finds it at the low end. */
    struct context **place =
        (struct context **)((uintptr_t)argument & ~(uintptr_t)(4 * PAGE_SIZE - 1));

    assert_memory_equal(stack_top, "tlsdata", 8);
    *place = new_context();
    (*place)->entry = entry;
    (*place)->argument = argument;
    getcontext(&(*place)->host);
    (*place)->host.uc_stack.ss_sp = (*place)->stack;
    (*place)->host.uc_stack.ss_size = HOST_STACK;
    makecontext(&(*place)->host, enter, 0);
    return (uintptr_t)*place;
}

void arch_switch(uintptr_t *old_stack, uintptr_t new_stack)
{
    struct context *old = running;

    *old_stack = (uintptr_t)old;
    running = (struct context *)new_stack;
    swapcontext(&old->host, &running->host);
}

uintptr_t stack_alloc(unsigned int pages)
{
    assert_int_equal(pages, 4);
    if (no_stacks > 0)
        return 0;
    stacks++;
    return (uintptr_t)aligned_alloc(4 * PAGE_SIZE, 4 * PAGE_SIZE);
}

void stack_free(uintptr_t low, unsigned int pages)
{
    struct context *context = *(struct context **)low;

    assert_int_equal(pages, 4);
    assert_ptr_not_equal(context, running); /* nobody frees the stack it stands on */
    context->argument = contexts;
    contexts = context;
    free((void *)low);
    stacks--;
}

bool stack_is_guard(uintptr_t low, uintptr_t address)
{
    return address < low && address >= low - PAGE_SIZE;
}

bool paging_readable(uintptr_t address, size_t length)
{
    (void)length;
    return address > PAGE_SIZE;
}

static void set_thread_pointer(void *block)
{
    assert_ptr_equal(*(void **)block, block);
}

static const struct platform machine = { .set_thread_pointer = set_thread_pointer };
const struct platform *platform = &machine;
bool platform_alarm;

void random_bytes(void *buffer, size_t length)
{
    memset(buffer, 0xa5, length);
}

void panic(const char *format, ...)
{
    fail_msg("%s", format);
    abort();
}

/* Xen. */

static uint64_t now = 1000;
static unsigned int clock_reads, blocks, dispatches;
static bool event_pending;
static void (*on_event)(void);
static void (*while_blocked)(void);
static uint64_t blocked_until;

uint64_t clock_monotonic(void)
{
    clock_reads++;
    return now;
}

bool evtchn_dispatch(void)
{
    bool handled = event_pending;

    dispatches++;
    event_pending = false;
    if (handled)
        on_event();
    return handled;
}

void evtchn_block(uint64_t deadline)
{
    blocks++;
    blocked_until = deadline;
    if (while_blocked != NULL)
        while_blocked();
    else if (deadline == DEADLINE_NEVER)
        fail_msg("blocked for ever");
    if (!event_pending && deadline != DEADLINE_NEVER)
        now = deadline > now ? deadline : now;
}

/* The tests, which run in the first thread. */

static char order[64];

static void note(void *argument)
{
    strcat(order, argument);
}

static void note_twice(void *argument)
{
    strcat(order, argument);
    thread_yield();
    strcat(order, argument);
}

static void first_come_first_served(void **state)
{
    (void)state;
    order[0] = '\0';
    thread_create("a", note_twice, "a");
    thread_create("b", note_twice, "b");
    thread_create("c", note, "c");
    assert_int_equal(thread_count(), 4);
    thread_yield();
    assert_string_equal(order, "abc");
    thread_yield();
    assert_string_equal(order, "abcab");
    assert_int_equal(thread_count(), 1);
    /* One that ends makes way for one that begins, and ends as well: both stacks are given back. */
    thread_create("a", note, "a");
    thread_create("b", note, "b");
    thread_yield();
    thread_yield();
    assert_int_equal(stacks, 1);
}

static void no_stack_left(void **state)
{
    (void)state;
    no_stacks = 1;
    assert_null(thread_create("none", note, ""));
    no_stacks = 0;
    assert_int_equal(thread_count(), 1);
}

static void woken_twice(void **state)
{
    (void)state;
    order[0] = '\0';
    thread_wake(thread_self());
    thread_create("a", note, "a");
    thread_wake(thread_self());
    thread_yield(); /* the place is that of the first wake-up */
    assert_string_equal(order, "");
    thread_yield();
    assert_string_equal(order, "a");
}

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);

static void wake_queue(void)
{
    wake_all(&queue);
}

static void raise_event(void)
{
    event_pending = true;
}

static void raise_another(void)
{
    event_pending = true;
    on_event = wake_queue;
}

/* Nobody is ready: the guest blocks until the event, and until the next timer at most. */
static void blocking(void **state)
{
    (void)state;
    on_event = wake_queue;
    while_blocked = raise_event;
    blocks = 0;
    assert_int_equal(wait_queue_sleep(&queue, DEADLINE_NEVER), 0);
    assert_int_equal(blocks, 1);
    assert_true(blocked_until == DEADLINE_NEVER);
    while_blocked = NULL;
    thread_sleep_until(now + 500);
    assert_int_equal(blocks, 2);
    /* What is pending is handled before anybody blocks, and so is what comes of it. */
    event_pending = true;
    assert_int_equal(wait_queue_sleep(&queue, DEADLINE_NEVER), 0);
    event_pending = true;
    on_event = raise_another;
    assert_int_equal(wait_queue_sleep(&queue, DEADLINE_NEVER), 0);
    assert_int_equal(blocks, 2);
}

/* An event ends the block: no look at the clock for a timer that is far away. */
static void blocking_with_a_timer_far_away(void **state)
{
    struct timer timer;

    (void)state;
    timer_init(&timer, note, "");
    timer_set(&timer, deadline_after(SECONDS(100)));
    on_event = wake_queue;
    while_blocked = raise_event;
    clock_reads = 0;
    assert_int_equal(wait_queue_sleep(&queue, DEADLINE_NEVER), 0);
    assert_int_equal(clock_reads, 0);
    while_blocked = NULL;
    timer_cancel(&timer);
}

/* A thread that only yields keeps nobody from events. */
static void events_while_busy(void **state)
{
    (void)state;
    on_event = wake_queue;
    order[0] = '\0';
    event_pending = true;
    thread_yield();
    assert_false(event_pending);
}

static void ring(void *argument)
{
    *(uint64_t *)argument = now;
}

static void nothing(void)
{
}

/*
 * A timer far away is not looked for after each event, as a look at the clock may be dear, but soon
 * all the same; at once when the event was the timer's.
 */
static void timers_after_events(void **state)
{
    struct timer timer;
    uint64_t rang = 0;
    unsigned int turns = 0;

    (void)state;
    on_event = nothing;
    timer_init(&timer, ring, &rang);
    timer_set(&timer, deadline_after(SECONDS(5)));
    thread_yield();
    clock_reads = 0;
    for (unsigned int i = 0; i < 4; i++) {
        event_pending = true;
        thread_yield();
    }
    assert_int_equal(clock_reads, 0);
    now += SECONDS(6);
    for (; rang == 0 && turns < 100; turns++) {
        event_pending = true;
        thread_yield();
    }
    assert_in_range(turns, 1, 10);

    rang = 0;
    timer_set(&timer, deadline_after(SECONDS(5)));
    thread_yield();
    now += SECONDS(6);
    event_pending = platform_alarm = true;
    thread_yield();
    assert_int_equal(rang, now);
    assert_false(platform_alarm);

    /* Without an event, and with a timer that is near, each pass looks. */
    rang = 0;
    timer_set(&timer, deadline_after(SECONDS(5)));
    thread_yield();
    now += SECONDS(6);
    thread_yield();
    assert_int_equal(rang, now);
    rang = 0;
    timer_set(&timer, deadline_after(MILLISECONDS(1)));
    now += MILLISECONDS(1);
    event_pending = true;
    thread_yield();
    assert_int_equal(rang, now);
    assert_true(deadline_after(UINT64_MAX - 1) == DEADLINE_NEVER);
    assert_int_equal(deadline_after(5), now + 5);
}

static void sleep_a_while(void *argument)
{
    wait_queue_sleep(&queue, now + (uintptr_t)argument);
}

/* For reports: names, states, what is waited for; memory that holds no thread ends the walk. */
static void descriptions(void **state)
{
    struct thread_description description;
    struct stack_bounds bounds = thread_stack_bounds();
    const struct thread *other;
    uintptr_t words[64] = { 0 };

    (void)state;
    thread_create("sleeper", sleep_a_while, (void *)1000);
    thread_yield();
    assert_ptr_equal(thread_next(NULL), thread_self());
    assert_true(thread_describe(thread_self(), &description));
    assert_string_equal(description.name, "first");
    assert_true(description.running && !description.ready);
    assert_true(description.stack.low == bounds.low && bounds.high == bounds.low + 4 * PAGE_SIZE);
    assert_true(thread_has_overflowed(bounds.low - 8) && !thread_has_overflowed(bounds.low));
    /* Where the compiler reads the stack's canary: random but for the byte that ends a string. */
    assert_int_equal(((const uint64_t *)thread_self())[5], 0xa5a5a5a5a5a5a500);
    other = thread_next(thread_self());
    assert_null(thread_next(other));
    assert_string_equal(thread_name(other), "sleeper");
    assert_true(thread_describe(other, &description));
    assert_true(!description.running && !description.ready && description.waits_for == &queue);
    wake_all(&queue);
    assert_true(thread_describe(other, &description) && description.ready);
    assert_false(thread_describe((struct thread *)words, &description));
    assert_false(thread_describe((struct thread *)8, &description));
    thread_yield();
    thread_yield();
    assert_int_equal(stacks, 1);
}

static void wait_in_queue(void *argument)
{
    wait_queue_sleep(argument, DEADLINE_NEVER);
}

/* With so many threads asleep: one is created, woken, and ends. */
static unsigned long steps_with(unsigned int count)
{
    struct wait_queue last = WAIT_QUEUE_INIT(last);
    unsigned long taken;

    for (unsigned int i = 0; i < count; i++)
        thread_create("sleeper", wait_in_queue, &queue);
    thread_yield();
    thread_create("last", wait_in_queue, &last);
    thread_yield();
    steps();
    wake_one(&last);
    thread_yield();
    thread_yield();
    taken = steps();
    assert_int_equal(thread_count(), count + 1);
    wake_all(&queue);
    thread_yield();
    thread_yield();
    assert_int_equal(thread_count(), 1);
    assert_int_equal(stacks, 1);
    return taken;
}

static void many_threads(void **state)
{
    unsigned long few = steps_with(FEW), many = steps_with(MANY);

    (void)state;
    assert_int_equal(few, many);
}

static void all_tests(void *unused)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(no_stack_left),
        cmocka_unit_test(woken_twice),
        cmocka_unit_test(blocking),
        cmocka_unit_test(blocking_with_a_timer_far_away),
        cmocka_unit_test(events_while_busy),
        cmocka_unit_test(timers_after_events),
        cmocka_unit_test(descriptions),
        cmocka_unit_test(many_threads),
    };

    (void)unused;
    exit(cmocka_run_group_tests(tests, NULL, NULL));
}

int main(void)
{
    sched_start("first", all_tests, NULL, 4);
}
