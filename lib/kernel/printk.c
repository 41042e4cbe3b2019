/* SPDX-License-Identifier: MIT */
/*
 * The log and the crash report. A log line goes to the console's ring when there is room and waits
 * in the console's backlog otherwise; once a report has begun, lines are pushed out with a bounded
 * wait instead, since no thread will run again.
 */
#include "lib/printk.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "arch/boot.h"
#include "arch/cpu.h"
#include "lib/report.h"
#include "lib/sched.h"
#include "xen/console.h"
#include "xen/hypercall.h"
#include "xen/lifecycle.h"

#define LINE_SIZE 256
#define BACKTRACE_DEPTH 24
#define STACK_WORDS 16

extern char image_start[], text_end[];

static bool reporting;

static void write_line(const char *format, va_list arguments)
{
    uint64_t microseconds = clock_monotonic() / 1000;
    char line[LINE_SIZE];
    int length;

    length = ksnprintf(line, sizeof(line), "[%5lu.%06lu] ", microseconds / 1000000,
                       microseconds % 1000000);
    length += kvsnprintf(line + length, sizeof(line) - length, format, arguments);
    if (length > LINE_SIZE - 2)
        length = LINE_SIZE - 2;
    line[length++] = '\n';
    if (reporting)
        console_emergency_write(line, length);
    else
        console_log_write(line, length);
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

static void __attribute__((noreturn)) stop_crashed(void)
{
    struct sched_shutdown shutdown = { .reason = SHUTDOWN_crash };

    hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    cpu_halt();
}

void report_begin(void)
{
    if (reporting)
        stop_crashed();
    reporting = true;
}

/* Frame pointers are trusted only inside the running thread's stack, walking upwards. */
static void print_backtrace(uint64_t instruction, uint64_t frame_pointer,
                            const struct stack_bounds *stack)
{
    char line[LINE_SIZE];
    int length = ksnprintf(line, sizeof(line), "backtrace: %lx", instruction);

    for (int depth = 0; depth < BACKTRACE_DEPTH; depth++) {
        const uint64_t *frame = (const uint64_t *)frame_pointer;

        if (frame_pointer < stack->low || frame_pointer + 16 > stack->high || frame_pointer % 8)
            break;
        length += ksnprintf(line + length, sizeof(line) - length, " %lx", frame[1]);
        if (length >= LINE_SIZE - 40)
            break;
        if (frame[0] <= frame_pointer)
            break;
        frame_pointer = frame[0];
    }
    printk("%s", line);
}

static void print_stack(uint64_t stack_pointer, const struct stack_bounds *stack)
{
    const uint64_t *word = (const uint64_t *)(stack_pointer & ~7ul);

    for (int i = 0; i < STACK_WORDS; i += 4, word += 4)
        if ((uint64_t)word >= stack->low && (uint64_t)(word + 4) <= stack->high)
            printk("stack %016lx: %016lx %016lx %016lx %016lx", (uint64_t)word, word[0], word[1],
                   word[2], word[3]);
}

void report_end(uint64_t instruction, uint64_t frame_pointer, uint64_t stack_pointer)
{
    struct stack_bounds stack = thread_stack_bounds();

    printk("thread \"%s\", stack %lx to %lx", thread_name(thread_self()), stack.low, stack.high);
    print_backtrace(instruction, frame_pointer, &stack);
    print_stack(stack_pointer, &stack);
    printk(
        "The domain stops as crashed. tools/symbolise IMAGE.elf.debug < LOG names the addresses.");
    domain_shutdown(SHUTDOWN_crash);
}

void panic(const char *format, ...)
{
    va_list arguments;

    report_begin();
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
    report_end((uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0),
               (uintptr_t)__builtin_frame_address(0));
}
