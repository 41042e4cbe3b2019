/* SPDX-License-Identifier: MIT */
/*
 * Threads and the scheduler.
 *
 * A thread is one stack (stack_alloc()): it grows down from the thread's control block, which lies
 * at its top, behind its copy of the TLS data (the x86-64 ABI wants TLS to end where %fs
 * points, and the first word there to hold its own address).
 *
 * The run queue is a list. schedule() handles pending events and due timers, then switches to the
 * first ready thread, or blocks in Xen until there is one. A thread that has ended is freed by
 * whoever runs next, since it cannot free the stack it stands on.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/mm/paging.h"
#include "arch/thread.h"
#include "lib/base/layout.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/random/random.h"
#include "lib/sched/sched.h"
#include "sched.h"
#include "xen/evtchn.h"

#define STACK_PAGES 4 /* 16 KiB */
#define CANARY_OFFSET 0x28

/* What %fs points to: the compiler's ABI fixes the first word and the canary's place. */
struct thread {
    struct thread *self;
    uintptr_t stack_pointer;
    const char *name;
    struct list ready_link;
    uint64_t canary;
    void (*function)(void *argument);
    void *argument;
    bool ready;
    unsigned int stack_pages;
    uintptr_t stack;
    struct list all_link;
    const struct wait_queue *waits_for; /* the first, if several; NULL: only for a time */
    uint64_t waits_since;
};

_Static_assert(offsetof(struct thread, canary) == CANARY_OFFSET,
               "gcc and clang read the stack canary at %fs:0x28");

extern char tls_data_start[], tls_data_size[], tls_size[], tls_alignment[];

static struct list all_threads = LIST_INIT(all_threads);
static struct list ready_threads = LIST_INIT(ready_threads);
static struct thread *current, *ended;
static unsigned int threads;

static uintptr_t align_down(uintptr_t address, uintptr_t alignment)
{
    return address & ~(alignment - 1);
}

static void free_thread(struct thread *thread)
{
    stack_free(thread->stack, thread->stack_pages);
}

static void reap_ended(void)
{
    struct thread *thread = ended;

    ended = NULL;
    if (thread)
        free_thread(thread);
}

static void thread_start(void *argument)
{
    struct thread *thread = argument;

    reap_ended();
    thread->function(thread->argument);
    thread_exit();
}

/*
 * The linker counts TLS offsets back from the control block by the data's size, rounded up to just
 * the alignment that they want.
 */
static struct thread *lay_out(uintptr_t stack, unsigned int pages)
{
    uintptr_t alignment = (uintptr_t)tls_alignment, top = stack + pages * PAGE_SIZE;
    struct thread *thread =
        (struct thread *)align_down(top - sizeof(struct thread), alignment > 16 ? alignment : 16);
    uintptr_t tls = align_down((uintptr_t)thread - (uintptr_t)tls_size, alignment);

    memset((void *)tls, 0, (uintptr_t)thread - tls);
    memcpy((void *)tls, tls_data_start, (size_t)tls_data_size);
    memset(thread, 0, sizeof(*thread));
    thread->self = thread;
    thread->stack = stack;
    thread->stack_pages = pages;
    thread->stack_pointer = arch_thread_stack((void *)tls, thread_start, thread);
    return thread;
}

static struct thread *create(const char *name, void (*function)(void *), void *argument,
                             unsigned int stack_pages)
{
    uintptr_t stack = stack_alloc(stack_pages);
    struct thread *thread;

    if (!stack)
        return NULL;
    thread = lay_out(stack, stack_pages);
    thread->name = name;
    thread->function = function;
    thread->argument = argument;
    list_init(&thread->ready_link);
    list_append(&all_threads, &thread->all_link);
    random_bytes(&thread->canary, sizeof(thread->canary));
    thread->canary &=
        ~0xfful; /* the low byte is 0: a string that overruns its buffer stops there */
    threads++;
    thread_wake(thread);
    return thread;
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    return create(name, function, argument, STACK_PAGES);
}

static void switch_to(struct thread *thread)
{
    struct thread *previous = current;
    static uintptr_t boot_stack;

    list_remove(&thread->ready_link);
    thread->ready = false;
    if (thread == previous)
        return;
    current = thread;
    platform_set_thread_pointer(thread);
    arch_switch(previous ? &previous->stack_pointer : &boot_stack, thread->stack_pointer);
    reap_ended();
}

void sched_start(const char *name, void (*function)(void *), void *argument,
                 unsigned int stack_pages)
{
    struct thread *thread = create(name, function, argument, stack_pages);

    if (!thread)
        panic("sched: no memory for the first thread");
    switch_to(thread);
    __builtin_unreachable();
}

void thread_exit(void)
{
    ended = current;
    list_remove(&current->all_link);
    threads--;
    schedule();
    __builtin_unreachable();
}

void thread_wake(struct thread *thread)
{
    if (thread->ready)
        return;
    thread->ready = true;
    list_append(&ready_threads, &thread->ready_link);
}

/*
 * Events first: they make threads ready. Blocking is repeated until one is: an event's handler need
 * not wake anybody. A handler that did something may have let its device do more at once, which is
 * looked for before the world switch. Timers come after it: one that is due already ends the block,
 * and so the clock, which is dear to read on some hosts, is read once for each block.
 */
void schedule(void)
{
    do {
        bool event = evtchn_dispatch();

        if (!event && list_empty(&ready_threads)) {
            evtchn_block(timers_next());
            event = evtchn_dispatch();
        }
        timers_run(event);
    } while (list_empty(&ready_threads));
    switch_to(container_of(list_first(&ready_threads), struct thread, ready_link));
}

void thread_yield(void)
{
    thread_wake(current);
    schedule();
}

struct thread *thread_self(void)
{
    return current;
}

const char *thread_name(const struct thread *thread)
{
    return thread ? thread->name : "boot";
}

unsigned int thread_count(void)
{
    return threads;
}

void thread_park(const struct wait_queue *queue)
{
    current->waits_for = queue;
    current->waits_since = timers_clock();
    schedule();
}

static struct stack_bounds bounds_of(const struct thread *thread)
{
    return (struct stack_bounds){ thread->stack, thread->stack + thread->stack_pages * PAGE_SIZE };
}

struct stack_bounds thread_stack_bounds(void)
{
    return current ? bounds_of(current) : (struct stack_bounds){ 0, 0 };
}

bool thread_has_overflowed(uintptr_t address)
{
    return current && stack_is_guard(current->stack, address);
}

const struct thread *thread_next(const struct thread *thread)
{
    const struct list *node = thread ? thread->all_link.next : all_threads.next;

    return node == &all_threads ? NULL : container_of(node, struct thread, all_link);
}

bool thread_describe(const struct thread *thread, struct thread_description *description)
{
    if (!paging_readable((uintptr_t)thread, sizeof(*thread)) || thread->self != thread)
        return false;
    *description = (struct thread_description){
        .name = thread->name,
        .running = thread == current,
        .ready = thread->ready,
        .waits_for = thread->waits_for,
        .waits_since = thread->waits_since,
        .stack = bounds_of(thread),
        .stack_pointer = thread->stack_pointer,
    };
    return true;
}

/* What tools/xencore must know to find the threads in a dump. */
extern struct list layout_all_threads __attribute__((alias("all_threads")));
extern struct thread *layout_current __attribute__((alias("current")));

LAYOUT(thread, self)
LAYOUT(thread, stack_pointer)
LAYOUT(thread, name)
LAYOUT(thread, all_link)
