/* SPDX-License-Identifier: MIT */
/*
 * The fakes of fakes.h. Threads are ucontexts, switched only in sleep and yield, in the order in
 * which they became ready; when none is, the clock jumps to the next deadline, and with no deadline
 * the test has a deadlock and fails.
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
#include "xen/bus/console.h"

#define STACK_SIZE (256 * 1024)

struct thread {
    ucontext_t context;
    void *stack;
    const char *name;
    void (*function)(void *);
    void *argument;
    bool waiting, woken, ended;
    uint64_t deadline;
    struct list ready, all;
};

static struct thread first_thread = {
    .name = "main",
    .deadline = DEADLINE_NEVER,
    .ready = LIST_INIT(first_thread.ready),
    .all = LIST_INIT(first_thread.all),
};
static struct thread *current = &first_thread;
static struct list ready_threads = LIST_INIT(ready_threads);
static struct list all_threads = LIST_INIT(all_threads);
static struct list timers = LIST_INIT(timers);
static uint64_t now = 1000000000u;
static struct thread *dead;

unsigned int fake_fail_at;
size_t fake_pages_in_use;
size_t fake_pages_total = 4096;
char fake_log[65536];
char fake_console_output[4096];
size_t fake_console_output_length;
bool fake_deadlock_allowed;
unsigned int fake_sleeps;

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

uint64_t deadline_after(uint64_t ns)
{
    return ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ns;
}

void fake_clock_advance(uint64_t ns)
{
    now += ns;
}

/* Threads */

static void make_ready(struct thread *thread)
{
    if (list_empty(&thread->ready) && thread != current)
        list_append(&ready_threads, &thread->ready);
}

static void run_timers(void)
{
    struct list *node, *next;

    list_for_each(node, next, &timers) {
        struct timer *timer = container_of(node, struct timer, link);

        if (timer->deadline <= now) {
            list_remove(&timer->link);
            timer->function(timer->argument);
        }
    }
}

static uint64_t next_deadline(void)
{
    uint64_t earliest = first_thread.waiting ? first_thread.deadline : DEADLINE_NEVER;
    struct list *node, *next;

    list_for_each(node, next, &all_threads) {
        struct thread *thread = container_of(node, struct thread, all);

        if (thread->waiting && thread->deadline < earliest)
            earliest = thread->deadline;
    }
    list_for_each(node, next, &timers) {
        struct timer *timer = container_of(node, struct timer, link);

        if (timer->deadline < earliest)
            earliest = timer->deadline;
    }
    return earliest;
}

static void wake_expired(void)
{
    struct list *node, *next;

    if (first_thread.waiting && first_thread.deadline <= now)
        make_ready(&first_thread);
    list_for_each(node, next, &all_threads) {
        struct thread *thread = container_of(node, struct thread, all);

        if (thread->waiting && thread->deadline <= now)
            make_ready(thread);
    }
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

/* Run somebody who can run; the caller is ready, waiting or ended. */
static void schedule(void)
{
    struct list *node;

    run_timers();
    wake_expired();
    node = list_first(&ready_threads);
    if (node == NULL && current->waiting && (current->woken || current->deadline <= now))
        return;
    while (node == NULL) {
        uint64_t deadline = next_deadline();

        if (deadline == DEADLINE_NEVER) {
            if (!fake_deadlock_allowed)
                fail_msg("deadlock: nobody can run, and no time-out is pending");
            first_thread.deadline = now; /* the main thread is told that it timed out */
            deadline = now;
        }
        now = deadline > now ? deadline : now;
        run_timers();
        wake_expired();
        if (current->waiting && (current->woken || current->deadline <= now))
            return;
        node = list_first(&ready_threads);
    }
    list_remove(node);
    switch_to(container_of(node, struct thread, ready));
}

static void thread_main(void)
{
    free_dead();
    current->function(current->argument);
    thread_exit();
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    thread->stack = malloc(STACK_SIZE);
    thread->name = name;
    thread->function = function;
    thread->argument = argument;
    thread->deadline = DEADLINE_NEVER;
    list_init(&thread->ready);
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack;
    thread->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&thread->context, thread_main, 0);
    list_append(&all_threads, &thread->all);
    make_ready(thread);
    return thread;
}

void thread_exit(void)
{
    list_remove(&current->all);
    current->ended = true;
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
    struct thread *self = current;

    list_append(&ready_threads, &self->ready);
    schedule();
    list_remove(&self->ready);
}

void fake_run_others(void)
{
    run_timers();
    while (!list_empty(&ready_threads))
        thread_yield();
}

void thread_sleep_until(uint64_t deadline)
{
    wait_many(NULL, 0, deadline);
}

unsigned int thread_count(void)
{
    struct list *node, *next;
    unsigned int count = 1;

    list_for_each(node, next, &all_threads)
        count++;
    return count;
}

/* Wait queues */

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

int wait_many(struct wait_entry *entries, unsigned int count, uint64_t deadline)
{
    struct thread *self = current;
    unsigned int i;
    int result;

    fake_sleeps++;
    for (i = 0; i < count; i++) {
        entries[i].thread = self;
        list_append(&entries[i].queue->waiters, &entries[i].link);
    }
    self->waiting = true;
    self->woken = false;
    self->deadline = deadline;
    while (!self->woken && self->deadline > now)
        schedule();
    list_remove(&self->ready);
    self->waiting = false;
    for (i = 0; i < count; i++)
        list_remove(&entries[i].link);
    result = self->woken ? 0 : -ETIMEDOUT;
    return result;
}

int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    struct wait_entry entry = { .queue = queue };

    return wait_many(&entry, 1, deadline);
}

static void wake(struct wait_queue *queue, bool all)
{
    struct list *node, *next;

    list_for_each(node, next, &queue->waiters) {
        struct wait_entry *entry = container_of(node, struct wait_entry, link);

        list_remove(&entry->link);
        entry->thread->woken = true;
        make_ready(entry->thread);
        if (!all)
            return;
    }
}

void wake_one(struct wait_queue *queue)
{
    wake(queue, false);
}

void wake_all(struct wait_queue *queue)
{
    wake(queue, true);
}

void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
    wait_queue_init(&mutex->queue);
}

void mutex_lock(struct mutex *mutex)
{
    wait_until(&mutex->queue, mutex->owner == NULL, DEADLINE_NEVER);
    mutex->owner = current;
}

bool mutex_try_lock(struct mutex *mutex)
{
    if (mutex->owner != NULL)
        return false;
    mutex->owner = current;
    return true;
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
    int result = wait_until(&semaphore->queue, semaphore->count > 0, deadline);

    if (result == 0)
        semaphore->count--;
    return result;
}

void semaphore_up(struct semaphore *semaphore)
{
    semaphore->count++;
    wake_one(&semaphore->queue);
}

void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    timer->function = function;
    timer->argument = argument;
    list_init(&timer->link);
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    list_remove(&timer->link);
    timer->deadline = deadline;
    list_append(&timers, &timer->link);
}

void timer_cancel(struct timer *timer)
{
    list_remove(&timer->link);
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
