/* SPDX-License-Identifier: MIT */
/*
 * What xen/'s upper half needs from below, on the host: cooperative threads with a clock that only
 * moves when nobody can run, event channels, pages, printk. A test's other side ("backend") is a
 * function that runs when no thread is ready; time passes only when it has nothing to do either.
 */
#ifndef TEST_XEN_FAKES_H
#define TEST_XEN_FAKES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/*
 * Run body() in a process of its own, as the first thread, so that static state is fresh and a
 * hang ends; fails the cmocka test if it does not end well.
 */
void fake_isolated(void (*body)(void));

/* test_NAME() for cmocka, which runs NAME() so. */
#define ISOLATED(name)                    \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        fake_isolated(name);              \
    }

/* Does the other side's work: true when it did something. NULL: none. */
extern bool (*fake_backend)(void);

/* Raise the event of a port, as if the other side had notified. */
void fake_event(uint32_t port);
/* Notifications that we sent to this port. */
unsigned int fake_notifications(uint32_t port);
bool fake_port_masked(uint32_t port);

/* Called on each SCHEDOP_yield, NULL: only time passes. */
extern void (*fake_yield)(void);
/*
 * Set by SCHEDOP_shutdown, which then ends the process with status 0 after calling
 * fake_at_shutdown.
 */
extern int fake_shutdown_reason;
extern void (*fake_at_shutdown)(void);

/* Lines that printk() got, and the last one. With fake_log set they go there, else to stderr. */
extern unsigned int fake_log_lines;
extern char fake_log_last[256];
extern void (*fake_log)(const char *line, int length);

/* The next n page allocations fail. */
extern unsigned int fake_page_failures;
/* Only what may draw on the reserve is given. */
extern bool fake_only_critical;
/* Pages allocated and not freed. */
extern unsigned int fake_pages;

/* A repeatable random number below n. */
uint32_t fake_random(uint32_t n);

#endif
