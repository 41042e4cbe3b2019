/* SPDX-License-Identifier: MIT */
/*
 * The log. A line goes to the console's ring when there is room and waits in the console's backlog
 * otherwise; once a crash report has begun, lines are pushed out with a bounded wait instead, since
 * no thread will run again.
 */
#include "lib/base/printk.h"

#include <stdint.h>

#include "lib/sched/sched.h"
#include "log.h"
#include "xen/bus/console.h"

/* The line with its time and newline: its length. */
static int format_line(char line[LOG_LINE_SIZE], const char *format, va_list arguments)
{
    uint64_t microseconds = clock_monotonic() / 1000;
    int length;

    length = ksnprintf(line, LOG_LINE_SIZE, "[%5lu.%06lu] ", microseconds / 1000000,
                       microseconds % 1000000);
    length += kvsnprintf(line + length, LOG_LINE_SIZE - length, format, arguments);
    if (length > LOG_LINE_SIZE - 2)
        length = LOG_LINE_SIZE - 2;
    line[length++] = '\n';
    return length;
}

/* Not inlined: printk() is one of two callers, and images of a few KiB have it. */
__attribute__((noinline)) void vprintk(const char *format, va_list arguments)
{
    char line[LOG_LINE_SIZE];
    int length = format_line(line, format, arguments);

    if (report_has_begun()) {
        console_emergency_write(line, length);
        return;
    }
    log_keep(line, length);
    console_log_write(line, length);
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintk(format, arguments);
    va_end(arguments);
}

void printk_wait(const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = format_line(line, format, arguments);
    va_end(arguments);
    console_write(line, length);
}
