/* SPDX-License-Identifier: MIT */
/*
 * The crash report. Whatever led here may have destroyed anything, so nothing is followed before
 * the page tables say that it can be read, and every walk has an end. What slips through faults
 * again: report_begin() then ends the domain with a line that says so.
 */
#include "xen/domain/report.h"

#include <stdbool.h>

#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "arch/cpu.h"
#include "lib/mm/paging.h"
#include "arch/thread.h"
#include "lib/sched/sched.h"
#include "lib/base/log.h"
#include "xen/bus/console.h"
#include "xen/hypercall.h"
#include "xen/platform.h"
#include "xen/domain/lifecycle.h"

#define BACKTRACE_DEPTH 24
#define BACKTRACE_ADDRESS 18 /* characters of the longest, with its space */
#define STACK_WORDS 16
#define THREADS_MAX 64
#define NAME_MAX 32
#define LAST_LINES 12

static unsigned int begun;
/* For %fs, where functions look for their canary, should the thread's own block be the trouble. */
static char no_thread[64];

static void __attribute__((noreturn)) stop_crashed(void)
{
    struct sched_shutdown shutdown = { .reason = SHUTDOWN_crash };

    hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    cpu_halt();
}

void report_begin(uint64_t instruction)
{
    log_emergency = true;
    if (++begun == 1)
        return;
    if (begun == 2) {
        platform_set_thread_pointer(no_thread);
        printk("a fault at %lx inside the report ends it; the domain stops as crashed",
               instruction);
        console_emergency_flush();
    }
    stop_crashed();
}

/* Frame pointers are trusted only inside the thread's stack, walking upwards. */
static void print_backtrace(print_line print, uint64_t instruction, uint64_t frame_pointer,
                            const struct stack_bounds *stack)
{
    char line[LOG_LINE_SIZE];
    int length = ksnprintf(line, sizeof(line), "%lx", instruction);

    for (int depth = 0; depth < BACKTRACE_DEPTH; depth++) {
        const uint64_t *frame = (const uint64_t *)frame_pointer;

        if (frame_pointer < stack->low || frame_pointer > stack->high - 16 || frame_pointer % 8 ||
            length > LOG_LINE_SIZE - 32 - BACKTRACE_ADDRESS || !paging_readable(frame_pointer, 16))
            break;
        length += ksnprintf(line + length, sizeof(line) - length, " %lx", frame[1]);
        if (frame[0] <= frame_pointer)
            break;
        frame_pointer = frame[0];
    }
    print("backtrace: %s", line);
}

static void print_stack(uint64_t stack_pointer, const struct stack_bounds *stack)
{
    const uint64_t *word = (const uint64_t *)(stack_pointer & ~7ul);

    for (int i = 0; i < STACK_WORDS; i += 4, word += 4)
        if ((uint64_t)word >= stack->low && (uint64_t)(word + 4) <= stack->high &&
            paging_readable((uintptr_t)word, 32))
            printk("stack %016lx: %016lx %016lx %016lx %016lx", (uint64_t)word, word[0], word[1],
                   word[2], word[3]);
}

static const char *checked_name(const char *name)
{
    return paging_readable((uintptr_t)name, NAME_MAX) ? name : "?";
}

static void print_state(print_line print, const struct thread_description *thread)
{
    const char *name = checked_name(thread->name);
    uint64_t since = thread->waits_since / 1000;
    char queue[32] = "";

    if (thread->running || thread->ready) {
        print("thread \"%.*s\" %s, stack %lx to %lx", NAME_MAX, name,
              thread->running ? "runs" : "is ready", thread->stack.low, thread->stack.high);
        return;
    }
    if (thread->waits_for)
        ksnprintf(queue, sizeof(queue), " for queue %lx", (uintptr_t)thread->waits_for);
    print("thread \"%.*s\" waits%s since %lu.%06lu, stack %lx to %lx, %lu bytes used", NAME_MAX,
          name, queue, since / 1000000, since % 1000000, thread->stack.low, thread->stack.high,
          thread->stack.high - thread->stack_pointer);
}

static void print_thread(print_line print, const struct thread_description *thread)
{
    uint64_t instruction, frame_pointer;

    print_state(print, thread);
    if (thread->running || !paging_readable(thread->stack_pointer, ARCH_PARKED_SIZE))
        return;
    arch_thread_parked(thread->stack_pointer, &instruction, &frame_pointer);
    print_backtrace(print, instruction, frame_pointer, &thread->stack);
}

void report_threads(print_line print)
{
    const struct thread *thread = thread_next(NULL);
    struct thread_description description;

    for (unsigned int i = 0; thread; i++, thread = thread_next(thread)) {
        if (i == THREADS_MAX) {
            print("and more threads");
            return;
        }
        if (!thread_describe(thread, &description)) {
            print("the list of threads is broken: it leads to %p", (const void *)thread);
            return;
        }
        if (!description.running || !log_emergency)
            print_thread(print, &description);
    }
}

void report_end(uint64_t instruction, uint64_t frame_pointer, uint64_t stack_pointer)
{
    struct stack_bounds stack = thread_stack_bounds();

    printk("thread \"%.*s\", stack %lx to %lx", NAME_MAX, checked_name(thread_name(thread_self())),
           stack.low, stack.high);
    print_backtrace(printk, instruction, frame_pointer, &stack);
    print_stack(stack_pointer, &stack);
    report_threads(printk);
    printk("the last log lines before the crash:");
    log_write_last(LAST_LINES);
    printk(
        "The domain stops as crashed. tools/symbolise IMAGE.elf.debug < LOG names the addresses.");
    domain_shutdown(SHUTDOWN_crash);
}

void panic(const char *format, ...)
{
    uintptr_t here = (uintptr_t)__builtin_return_address(0);
    va_list arguments;

    report_begin(here);
    va_start(arguments, format);
    vprintk(format, arguments);
    va_end(arguments);
    report_end(here, (uintptr_t)__builtin_frame_address(0), (uintptr_t)__builtin_frame_address(0));
}
