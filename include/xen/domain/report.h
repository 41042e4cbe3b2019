/* SPDX-License-Identifier: MIT */
/*
 * Crash reports: what a trap and panic() have in common. Any context. A fault inside the report
 * ends the domain with one more line, and a fault in that line without one.
 */
#ifndef XEN_DOMAIN_REPORT_H
#define XEN_DOMAIN_REPORT_H

#include <stdint.h>

#include "lib/base/printk.h"

/*
 * Switch the log to its emergency path; `instruction` is where it happened. Returns only the first
 * time.
 */
void report_begin(uint64_t instruction);

/*
 * Print the running thread, the backtrace (return addresses found along the frame pointers from
 * `frame_pointer`, and first `instruction`), the words on the stack, all other threads and the last
 * log lines, then stop the domain with the reason "crash". Only memory that is mapped is read.
 */
void report_end(uint64_t instruction, uint64_t frame_pointer, uint64_t stack_pointer)
    __attribute__((noreturn));

/* Print the state of all threads, and backtraces of those that do not run. */
void report_threads(print_line print);

#endif
