/* SPDX-License-Identifier: MIT */
/*
 * Parks threads in known places and crashes in the way its argument names: what the report and the
 * tools show of it must be right, also when the list of threads, a stack or the page tables are
 * not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sched/sched.h"

struct record {
    const char *title;
    int number;
};

extern uint64_t *paging_root;
extern struct list layout_all_threads;

static struct wait_queue never = WAIT_QUEUE_INIT(never);

static void __attribute__((noinline)) wait_here(const struct record *record)
{
    printf("%s %d waits\n", record->title, record->number);
    wait_queue_sleep(&never, DEADLINE_NEVER);
    printf("%s woke\n", record->title);
}

static void waiter(void *argument)
{
    struct record record = { .title = argument, .number = 42 };

    wait_here(&record);
}

static void idler(void *argument)
{
    (void)argument;
    sleep(1000);
    printf("slept\n");
}

/*
 * Not inlined, and not the last call of their callers: each has its line in the backtrace. The
 * compiler may not see what the address is.
 */
static int __attribute__((noinline)) fail_here(volatile int *address)
{
    __asm__ volatile("" : "+r"(address));
    *address = 1;
    return *address;
}

static int __attribute__((noinline)) fail(volatile int *address)
{
    return fail_here(address) + 1;
}

/* The list leads to a place that is mapped and no thread, to one that is not, and round and round.
 */
static void break_list(const char *how)
{
    static char nothing[512];

    if (strcmp(how, "stray") == 0)
        layout_all_threads.next = (struct list *)(nothing + 256);
    if (strcmp(how, "unmapped") == 0)
        layout_all_threads.next->next = (struct list *)0x700000000000;
    if (strcmp(how, "ruin") == 0)
        layout_all_threads.next->next->next = layout_all_threads.next;
}

/* What each parked thread keeps at its stack pointer, its frame pointer among it. */
static void break_stacks(void)
{
    struct thread_description description;

    for (const struct thread *t = thread_next(NULL); t; t = thread_next(t))
        if (thread_describe(t, &description) && !description.running)
            memset((void *)description.stack_pointer, 0xa5, 64);
}

/* A name whose page table entry leads nowhere: looking whether it can be read is the fault. */
static void break_tables(void)
{
    paging_root[30] = 0x1003;
    thread_create((const char *)(30ul << 39), idler, NULL);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "wait";

    thread_create("waiter", waiter, "the waiter");
    thread_create("idler", idler, NULL);
    usleep(100000); /* they run, and the kernel's threads too */
    thread_create("newcomer", idler, NULL);
    printf("running: %s\n", what);
    if (strcmp(what, "ruin") == 0)
        break_stacks();
    break_list(what);
    if (strcmp(what, "tables") == 0)
        break_tables();
    if (strcmp(what, "panic") == 0)
        abort();
    if (strcmp(what, "wait") != 0)
        return fail((volatile int *)8);
    sleep(1000);
    return 1;
}
