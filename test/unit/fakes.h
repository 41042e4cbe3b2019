/* SPDX-License-Identifier: MIT */
/*
 * What the floors above lib/sched and lib/mm need from them, on the host: cooperative threads with
 * a clock that moves only when nobody can run, pages, log, random numbers, and the console.
 */
#ifndef TEST_FAKES_H
#define TEST_FAKES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/*
 * Allocations from now on: the nth fails (1 is the next), once; 0 turns that off. Pages count
 * always, malloc() and its relatives in tests with failing_malloc.c and its CFLAGS.
 */
extern unsigned int fake_fail_at;
bool fake_allocation_fails(void);

/* Pages allocated and not freed; the size of the fake's memory, in pages (settable). */
extern size_t fake_pages_in_use;
extern size_t fake_pages_total;

/* The lines that printk() was given since the last fake_log_clear(), each with a newline. */
extern char fake_log[65536];
void fake_log_clear(void);

/* What was written to the console, and what reads get from it. */
extern char fake_console_output[4096];
extern size_t fake_console_output_length;
/* What a write that does not wait takes at most. */
extern size_t fake_console_takes;
void fake_console_input(const char *text);

/* Move the clock; due timers run at the next chance. */
void fake_clock_advance(uint64_t ns);
/*
 * A sleep that nothing can end fails the test, unless this says that it is expected: it then times
 * out.
 */
extern bool fake_deadlock_allowed;
/* Sleeps so far, of all threads. */
extern unsigned int fake_sleeps;

/* While set, no thread can be created. */
extern bool fake_threads_fail;

/* Run all threads but the caller until none can run. */
void fake_run_others(void);

/* A repeatable generator for tests. */
uint32_t fake_random_seeded(uint32_t *state);

#endif
