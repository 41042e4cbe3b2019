/* SPDX-License-Identifier: MIT */
/*
 * The fakes of fakes.h. Threads are ucontexts, switched only in sleep and yield, in the order in
 * which they became ready; when none is, the clock jumps to the next deadline, and with no deadline
 * the test has a deadlock and fails. Wait queues and timers are the real ones.
 */
#include "fakes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <ucontext.h>

#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/random/random.h"
#include "lib/sched/sched.h"
#include "../../lib/base/heap.c"
#include "../../lib/sched/timer.c"
#include "../../lib/sched/wait.c"
#include "xen/bus/console.h"

#define STACK_SIZE (256 * 1024)

struct thread {
    ucontext_t context;
    void *stack;
    const char *name;
    void (*function)(void *);
    void *argument;
    bool ready;
    struct list ready_link, all;
};

static struct thread first_thread = {
    .name = "main",
    .ready_link = LIST_INIT(first_thread.ready_link),
    .all = LIST_INIT(first_thread.all),
};
static struct thread *current = &first_thread;
static struct list ready_threads = LIST_INIT(ready_threads);
static struct list all_threads = LIST_INIT(all_threads);
static uint64_t now = 1000000000u;
static struct thread *dead;
bool platform_alarm;

unsigned int fake_fail_at;
size_t fake_pages_in_use;
size_t fake_pages_total = 4096;
char fake_log[65536];
char fake_console_output[4096];
size_t fake_console_output_length;
size_t fake_console_takes = SIZE_MAX;
bool fake_deadlock_allowed;
unsigned int fake_sleeps;
bool fake_threads_fail;

bool fake_allocation_fails(void)
{
    return fake_fail_at > 0 && --fake_fail_at == 0;
}

/* Clock */

uint64_t clock_monotonic(void)
{
    return now;
}

uint64_t clock_realtime(void)
{
    return now + 1700000000ull * 1000000000u;
}

void fake_clock_advance(uint64_t ns)
{
    now += ns;
}

/* Threads */

void thread_wake(struct thread *thread)
{
    if (thread->ready)
        return;
    thread->ready = true;
    list_append(&ready_threads, &thread->ready_link);
}

static void free_dead(void)
{
    if (dead != NULL && dead != current) {
        free(dead->stack);
        free(dead);
        dead = NULL;
    }
}

static void switch_to(struct thread *thread)
{
    struct thread *previous = current;

    if (thread == current)
        return;
    current = thread;
    swapcontext(&previous->context, &thread->context);
    free_dead();
}

/* With nobody ready, time passes. */
void schedule(void)
{
    struct thread *next;

    timers_run(false);
    while (list_empty(&ready_threads)) {
        uint64_t deadline = timers_next();

        if (deadline == DEADLINE_NEVER && !fake_deadlock_allowed)
            fail_msg("deadlock: nobody can run, and no time-out is pending");
        if (deadline == DEADLINE_NEVER)
            thread_wake(&first_thread); /* it takes this for a time-out */
        else
            now = deadline > now ? deadline : now;
        timers_run(false);
    }
    next = container_of(list_first(&ready_threads), struct thread, ready_link);
    list_remove(&next->ready_link);
    next->ready = false;
    switch_to(next);
}

void thread_park(const struct wait_queue *queue)
{
    (void)queue;
    fake_sleeps++;
    schedule();
}

static void thread_main(void)
{
    free_dead();
    current->function(current->argument);
    thread_exit();
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    struct thread *thread = fake_threads_fail ? NULL : calloc(1, sizeof(*thread));

    if (thread == NULL)
        return NULL;
    thread->stack = malloc(STACK_SIZE);
    thread->name = name;
    thread->function = function;
    thread->argument = argument;
    list_init(&thread->ready_link);
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack;
    thread->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&thread->context, thread_main, 0);
    list_append(&all_threads, &thread->all);
    thread_wake(thread);
    return thread;
}

void thread_exit(void)
{
    list_remove(&current->all);
    dead = current;
    schedule();
    abort();
}

struct thread *thread_self(void)
{
    return current;
}

const char *thread_name(const struct thread *thread)
{
    return thread->name;
}

void thread_yield(void)
{
    thread_wake(current);
    schedule();
}

void fake_run_others(void)
{
    timers_run(false);
    while (!list_empty(&ready_threads))
        thread_yield();
}

unsigned int thread_count(void)
{
    struct list *node, *next;
    unsigned int count = 1;

    list_for_each (node, next, &all_threads)
        count++;
    return count;
}

/* Pages */

void *pages_alloc(unsigned int order)
{
    size_t count = (size_t)1 << order;
    void *block = NULL;

    if (fake_allocation_fails() || fake_pages_in_use + count > fake_pages_total)
        return NULL;
    if (posix_memalign(&block, PAGE_SIZE << order, PAGE_SIZE << order) != 0)
        abort();
    memset(block, 0xa5, PAGE_SIZE << order);
    fake_pages_in_use += count;
    return block;
}

void *pages_alloc_critical(unsigned int order)
{
    return pages_alloc(order);
}

void pages_free(void *block, unsigned int order)
{
    fake_pages_in_use -= (size_t)1 << order;
    free(block);
}

void *page_alloc_zeroed(void)
{
    void *page = pages_alloc(0);

    if (page != NULL)
        memset(page, 0, PAGE_SIZE);
    return page;
}

size_t pages_total(void)
{
    return fake_pages_total;
}

size_t pages_unused(void)
{
    return fake_pages_total - fake_pages_in_use;
}

size_t pages_available(void)
{
    return pages_unused();
}

/* Log, formats, random numbers */

void fake_log_clear(void)
{
    fake_log[0] = '\0';
}

void printk(const char *format, ...)
{
    size_t end = strlen(fake_log);
    va_list arguments;

    if (end > sizeof(fake_log) - 300)
        return;
    va_start(arguments, format);
    vsnprintf(fake_log + end, 256, format, arguments);
    va_end(arguments);
    strcat(fake_log, "\n");
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    abort();
}

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    return vsnprintf(buffer, size, format, arguments);
}

int ksnprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

uint32_t fake_random_seeded(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint32_t random_state = 0x12345678;

uint32_t random_u32(void)
{
    return fake_random_seeded(&random_state);
}

void random_bytes(void *buffer, size_t length)
{
    unsigned char *bytes = buffer;

    while (length-- > 0)
        *bytes++ = (unsigned char)random_u32();
}

/* Console */

static const char *console_input = "";
static struct wait_queue console_queue = WAIT_QUEUE_INIT(console_queue);

void fake_console_input(const char *text)
{
    console_input = text;
    wake_all(&console_queue);
}

int console_write(const void *data, size_t length)
{
    if (length > sizeof(fake_console_output) - fake_console_output_length)
        length = sizeof(fake_console_output) - fake_console_output_length;
    memcpy(fake_console_output + fake_console_output_length, data, length);
    fake_console_output_length += length;
    return 0;
}

ssize_t console_write_now(const void *data, size_t length)
{
    if (length > fake_console_takes)
        length = fake_console_takes;
    return console_write(data, length) < 0 ? -EIO : (ssize_t)length;
}

bool console_writable(void)
{
    return true;
}

bool console_readable(void)
{
    return console_input[0] != '\0';
}

struct wait_queue *console_wait_queue(void)
{
    return &console_queue;
}

ssize_t console_read(void *buffer, size_t size, bool nonblocking)
{
    size_t length;

    if (nonblocking && !console_readable())
        return -EAGAIN;
    wait_until(&console_queue, console_readable(), DEADLINE_NEVER);
    length = strnlen(console_input, size);
    memcpy(buffer, console_input, length);
    console_input += length;
    return (ssize_t)length;
}
