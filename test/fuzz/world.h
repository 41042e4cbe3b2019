/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzed rooms stand on, in one host thread: a clock, timers, wait queues, event channels,
 * pages and a grant table, all set back between two inputs.
 *
 * There is one thread, the fuzzer's own. When it sleeps, the other side has its turn
 * (world_backend), events are delivered and time passes, until something wakes it or its deadline
 * comes; a sleep that nothing can end is a fault. Pages lie in an arena of their own, each between
 * two that may not be touched, and may not be freed while they are granted. Grants are those of the
 * real xen/bus/gnttab.c, in a table in which the other side holds pages as Xen would note it.
 */
#ifndef TEST_FUZZ_WORLD_H
#define TEST_FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before each input. */
void world_start(void);
/* After each input: let go of what the other side holds, and check that nothing is left in use. */
void world_end(void);

/* One turn of the other side, taken from the input. */
extern void (*world_backend)(void);

/* Whether a line was logged that contains this text, since world_start(); and how many lines. */
unsigned int world_lines_with(const char *text);
unsigned int world_lines(void);

/* Raise a port's event; ports that do not exist are ignored. */
void world_event(int port);
/* Any port that is open, or 0. */
int world_any_port(void);
bool world_port_masked(int port);
/* Deliver what is pending, as the scheduler does between threads. */
void world_deliver(void);
/* As many events of a port as a storm has, without work in between: they end in a few calls. */
void world_storm(int port);
/* Let this much time pass, and timers run. */
void world_pass(uint64_t ns);

/* The page that a reference gives the other side, or NULL. */
void *world_granted(uint32_t reference);
/* The other side maps or lets go of a granted page, or of all. */
void world_hold(uint32_t reference, bool hold);
void world_hold_all(bool hold);
/* As the input has it: all, none, or one more of so many. */
void world_hold_some(unsigned int most);

/* Page allocations fail for so many times from now on. */
extern unsigned int world_page_failures;
extern size_t world_memory;

#endif
