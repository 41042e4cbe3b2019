/* SPDX-License-Identifier: MIT */
/*
 * The log. A line goes to all sinks (lib/base/log.h); once a crash report has begun, lines are
 * pushed out with a bounded wait instead, since no thread will run again.
 */
#include "lib/base/printk.h"

#include <stdint.h>

#include "lib/base/time.h"
#include "lib/base/log.h"

bool log_emergency;

extern const struct log_sink *const log_sinks_start[], *const log_sinks_end[];

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

    if (!log_emergency)
        log_keep(line, (size_t)length);
    for (const struct log_sink *const *s = log_sinks_start; s < log_sinks_end; s++)
        (log_emergency ? (*s)->write_emergency : (*s)->write)(line, (size_t)length);
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
    for (const struct log_sink *const *s = log_sinks_start; s < log_sinks_end; s++)
        (*s)->write_waiting(line, (size_t)length);
}
