/* SPDX-License-Identifier: MIT */
/*
 * Crash reports: what a trap and panic() have in common. Any context; a crash inside the report
 * ends it at once.
 */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include <stdint.h>

/* Switch the log to its emergency path. A second call halts the domain without more words. */
void report_begin(void);

/*
 * Print the running thread, the backtrace (return addresses found along the frame pointers from
 * `frame_pointer`, and first `instruction`) and the words on the stack, then stop the domain with
 * the reason "crash". Only memory that is known to be mapped is read.
 */
void report_end(uint64_t instruction, uint64_t frame_pointer, uint64_t stack_pointer)
    __attribute__((noreturn));

#endif
