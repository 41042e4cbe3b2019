/* SPDX-License-Identifier: MIT */
/*
 * The last log lines in memory, for crash reports and dumps: a ring of one page, so that a guest of
 * 1 MiB can afford it; some fifty lines. `end` counts all bytes that were ever kept.
 */
#include "lib/base/log.h"

#include <stdint.h>
#include <string.h>

#define LOG_SIZE 4096u

extern const struct log_sink *const log_sinks_start[], *const log_sinks_end[];

/* Not static: tools/gdb finds it by name. */
struct kernel_log {
    uint64_t end;
    char text[LOG_SIZE];
} kernel_log;

/* The bytes from `position` on that lie in one piece, at most up to `end`. */
static size_t piece(uint64_t position, uint64_t end)
{
    size_t to_edge = LOG_SIZE - position % LOG_SIZE;

    return end - position < to_edge ? end - position : to_edge;
}

void log_keep(const char *line, size_t length)
{
    uint64_t end = kernel_log.end + length;

    while (kernel_log.end < end) {
        size_t part = piece(kernel_log.end, end);

        memcpy(&kernel_log.text[kernel_log.end % LOG_SIZE], line, part);
        kernel_log.end += part;
        line += part;
    }
}

/* Each line ends with its newline, the last one too. */
static uint64_t start_of_last(unsigned int lines)
{
    uint64_t start = kernel_log.end, oldest = start > LOG_SIZE ? start - LOG_SIZE : 0;

    while (start > oldest) {
        if (kernel_log.text[(start - 1) % LOG_SIZE] == '\n' && lines-- == 0)
            break;
        start--;
    }
    return start;
}

void log_write_last(unsigned int lines)
{
    uint64_t position = start_of_last(lines);

    while (position < kernel_log.end) {
        size_t part = piece(position, kernel_log.end);

        for (const struct log_sink *const *s = log_sinks_start; s < log_sinks_end; s++)
            (*s)->write_emergency(&kernel_log.text[position % LOG_SIZE], part);
        position += part;
    }
}
