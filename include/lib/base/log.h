/* SPDX-License-Identifier: MIT */
/*
 * The log: where its lines go. A room that can show them (the console) is a sink, an entry of a
 * linker set; the last lines are also kept in memory, for crash reports and dumps.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_LINE_SIZE 320 /* sysrq's line about a disk is the longest */

/*
 * A line has its newline. `write` never waits, `write_emergency` does so busily and for a bounded
 * time: any context. `write_waiting` waits for room: threads only.
 */
struct log_sink {
    void (*write)(const void *line, size_t length);
    void (*write_waiting)(const void *line, size_t length);
    void (*write_emergency)(const void *line, size_t length);
};

#define LOG_SINK(sink)                               \
    static const struct log_sink *const sink##_entry \
        __attribute__((used, section(".log_sinks"))) = &(sink)

/* Set for good when a crash report begins: lines take the emergency path, and the kept ones stay. */
extern bool log_emergency;

/* Keep a line, newline included. */
void log_keep(const char *line, size_t length);
/* Write the last lines to the sinks' emergency path. */
void log_write_last(unsigned int lines);

#endif
