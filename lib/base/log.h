/* SPDX-License-Identifier: MIT */
/* Between the files of lib/kernel: the log's ring and the state of a crash report. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stddef.h>

#define LOG_LINE_SIZE 320 /* sysrq's line about a disk is the longest */

/* True from report_begin() on: lines take the emergency path, and the ring stays as it was. */
_Bool report_has_begun(void);

/* Keep a line, newline included. */
void log_keep(const char *line, size_t length);
/* Write the last lines to the console's emergency path. */
void log_write_last(unsigned int lines);

#endif
