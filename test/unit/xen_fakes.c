/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads, and the rest of what xen/ stands on: see xen_fakes.h. Each is a host thread
 * (which the sanitizers understand) with a semaphore; whoever gives up the processor posts the
 * next one's and waits for its own.
 */
#include "xen_fakes.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "xen/evtchn.h"
#include "xen/hypercall.h"

#define PORTS 16
#define TURNS_WITHOUT_TIME 100000u

struct thread {
    struct list all;
    struct list ready;  /* in ready_threads */
    struct list waiter; /* in a wait queue */
    sem_t turn;
    bool ended;
    uint64_t deadline;
    bool timed_out;
    void (*function)(void *argument);
    void *argument;
    const char *name;
};

static struct thread first = { .name = "main" };
static struct thread *current = &first;
static struct list all_threads = LIST_INIT(all_threads);
static struct list ready_threads = LIST_INIT(ready_threads);
static uint64_t now = 1000;

bool (*fake_backend)(void);
void (*fake_yield)(void);
void (*fake_at_shutdown)(void);
int fake_shutdown_reason = -1;
unsigned int fake_log_lines;
char fake_log_last[256];
void (*fake_log)(const char *line, int length);
unsigned int fake_page_failures, fake_pages;
bool fake_only_critical;

static struct {
    evtchn_handler handler;
    void *argument;
    bool masked, pending;
    unsigned int notifications;
} ports[PORTS];

void fake_isolated(void (*body)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        alarm(60);
        list_append(&all_threads, &first.all);
        list_init(&first.ready);
        list_init(&first.waiter);
        sem_init(&first.turn, 0, 0);
        body();
        exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

uint32_t fake_random(uint32_t n)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16) % n;
}

/* Threads. */

static void make_ready(struct thread *thread)
{
    list_remove(&thread->waiter);
    list_remove(&thread->ready);
    list_append(&ready_threads, &thread->ready);
}

static bool deliver_events(void)
{
    bool any = false;

    for (unsigned int i = 0; i < PORTS; i++) {
        if (!ports[i].pending || ports[i].masked || ports[i].handler == NULL)
            continue;
        ports[i].pending = false;
        ports[i].masked = true;
        ports[i].handler(ports[i].argument);
        any = true;
    }
    return any;
}

/* Tests without timers have none: see xen_driver_fakes.h. */
__attribute__((weak)) uint64_t fake_timer_next(void)
{
    return DEADLINE_NEVER;
}

__attribute__((weak)) unsigned int fake_timers_run(uint64_t ns)
{
    (void)ns;
    return 0;
}

/* Nobody can run: the next deadline comes, of a thread or of a timer. */
static void pass_time(void)
{
    struct list *node, *next;
    uint64_t timer = fake_timer_next();
    uint64_t earliest = timer == DEADLINE_NEVER ? timer : now + timer;

    list_for_each (node, next, &all_threads) {
        struct thread *thread = container_of(node, struct thread, all);

        if (!list_empty(&thread->waiter) && thread->deadline < earliest)
            earliest = thread->deadline;
    }
    if (earliest == DEADLINE_NEVER) {
        fprintf(stderr, "all threads wait for ever\n");
        exit(3);
    }
    if (earliest > now)
        now = earliest;
    fake_timers_run(0);
    list_for_each (node, next, &all_threads) {
        struct thread *thread = container_of(node, struct thread, all);

        if (!list_empty(&thread->waiter) && thread->deadline <= now) {
            thread->timed_out = true;
            make_ready(thread);
        }
    }
}

static void schedule(void)
{
    struct thread *old = current;
    unsigned int turns = 0;

    deliver_events();
    while (list_empty(&ready_threads)) {
        if (deliver_events())
            continue;
        if (fake_backend == NULL || !fake_backend() || ++turns > TURNS_WITHOUT_TIME) {
            turns = 0;
            pass_time();
        }
    }
    current = container_of(list_first(&ready_threads), struct thread, ready);
    list_remove(&current->ready);
    if (current == old)
        return;
    sem_post(&current->turn);
    if (old->ended)
        pthread_exit(NULL);
    while (sem_wait(&old->turn) != 0)
        ;
}

static void *thread_start(void *argument)
{
    struct thread *thread = argument;

    while (sem_wait(&thread->turn) != 0)
        ;
    thread->function(thread->argument);
    thread_exit();
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    thread->name = name;
    thread->function = function;
    thread->argument = argument;
    sem_init(&thread->turn, 0, 0);
    pthread_t host;
    CHECK(pthread_create(&host, NULL, thread_start, thread) == 0);
    pthread_detach(host);
    list_append(&all_threads, &thread->all);
    list_init(&thread->ready);
    list_init(&thread->waiter);
    list_append(&ready_threads, &thread->ready);
    return thread;
}

void thread_exit(void)
{
    current->ended = true;
    schedule();
    abort();
}

struct thread *thread_self(void)
{
    return current;
}

void thread_yield(void)
{
    make_ready(current);
    schedule();
}

void thread_sleep_until(uint64_t deadline)
{
    struct wait_queue queue = WAIT_QUEUE_INIT(queue);

    wait_queue_sleep(&queue, deadline);
}

uint64_t clock_monotonic(void)
{
    return now;
}

uint64_t deadline_after(uint64_t ns)
{
    return ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ns;
}

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    current->deadline = deadline;
    current->timed_out = false;
    list_append(&queue->waiters, &current->waiter);
    schedule();
    return current->timed_out ? -ETIMEDOUT : 0;
}

void wake_one(struct wait_queue *queue)
{
    if (!list_empty(&queue->waiters))
        make_ready(container_of(list_first(&queue->waiters), struct thread, waiter));
}

void wake_all(struct wait_queue *queue)
{
    while (!list_empty(&queue->waiters))
        wake_one(queue);
}

void mutex_lock(struct mutex *mutex)
{
    while (mutex->owner != NULL)
        wait_queue_sleep(&mutex->queue, DEADLINE_NEVER);
    mutex->owner = current;
}

void mutex_unlock(struct mutex *mutex)
{
    CHECK(mutex->owner == current);
    mutex->owner = NULL;
    wake_one(&mutex->queue);
}

/* Event channels. */

int evtchn_attach(uint32_t port, evtchn_handler handler, void *argument)
{
    if (port == 0 || port >= PORTS)
        return -EINVAL;
    ports[port].handler = handler;
    ports[port].argument = argument;
    ports[port].masked = true;
    return 0;
}

/* Only drivers need new ports: xen_driver_fakes.c gives them some. */
__attribute__((weak)) int evtchn_alloc_unbound(uint16_t domain, evtchn_handler handler,
                                               void *argument)
{
    (void)domain;
    (void)handler;
    (void)argument;
    return -ENOSPC;
}

void evtchn_close(int port)
{
    ports[port].handler = NULL;
}

void evtchn_mask(int port)
{
    ports[port].masked = true;
}

void evtchn_unmask(int port)
{
    ports[port].masked = false;
}

void evtchn_notify(int port)
{
    ports[port].notifications++;
}

void fake_event(uint32_t port)
{
    ports[port].pending = true;
}

unsigned int fake_notifications(uint32_t port)
{
    return ports[port].notifications;
}

bool fake_port_masked(uint32_t port)
{
    return ports[port].masked;
}

long hypercall_sched_op(unsigned int command, void *argument)
{
    if (command == SCHEDOP_shutdown) {
        fake_shutdown_reason = (int)((struct sched_shutdown *)argument)->reason;
        if (fake_at_shutdown != NULL)
            fake_at_shutdown();
        exit(0);
    }
    CHECK(command == SCHEDOP_yield);
    now += 1000;
    if (fake_yield != NULL)
        fake_yield();
    return 0;
}

/* Pages and words. */

/* A block that was split is one piece of memory until its last page is freed. */
static struct {
    char *start;
    unsigned int pages, left;
} split[8];

void pages_split(void *block, unsigned int order)
{
    unsigned int i = 0;

    if (order == 0)
        return;
    while (split[i].left > 0)
        CHECK(++i < sizeof(split) / sizeof(split[0]));
    split[i].start = block;
    split[i].pages = split[i].left = 1u << order;
}

/* True when the page is a part of a split block. */
static bool free_part(char *page)
{
    for (unsigned int i = 0; i < sizeof(split) / sizeof(split[0]); i++)
        if (split[i].left > 0 && page >= split[i].start &&
            page < split[i].start + split[i].pages * PAGE_SIZE) {
            if (--split[i].left == 0)
                free(split[i].start);
            return true;
        }
    return false;
}

void *pages_alloc(unsigned int order)
{
    return fake_only_critical ? NULL : pages_alloc_critical(order);
}

void *pages_alloc_critical(unsigned int order)
{
    if (fake_page_failures > 0) {
        fake_page_failures--;
        return NULL;
    }
    fake_pages += 1u << order;
    return aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

void pages_free(void *block, unsigned int order)
{
    fake_pages -= 1u << order;
    if (!free_part(block))
        free(block);
}

void printk(const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fake_log_lines++;
    memcpy(fake_log_last, line, sizeof(line));
    if (fake_log != NULL)
        fake_log(line, length);
}

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    return vsnprintf(buffer, size, format, arguments);
}

int ksnprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
