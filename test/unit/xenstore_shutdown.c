/* SPDX-License-Identifier: MIT */
/*
 * Requests in control/shutdown, and the last hypercall.
 */
// SRCS: xen/domain/lifecycle.c xen/bus/console.c xen/bus/console_ring.c $(TEST_XENSTORE) $(STORE_FAKES)
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <xen-abi/io/console.h>
#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "fake_xenstored.h"
#include "lib/boot/application.h"
#include "xen/bus/console.h"
#include "xen/domain/lifecycle.h"
#include "xen/bus/xenstore.h"
#include "xen_fakes.h"

static int requested = -1;
static unsigned int requests, suspends;

static void end_requested(int shutdown_reason)
{
    requested = shutdown_reason;
    requests++;
}

void domain_suspend(void)
{
    suspends++;
    store_delete("control/feature-suspend"); /* as in a new domain */
}

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void start(void)
{
    fake_backend = store_step;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
    lifecycle_init(end_requested);
    settle();
}

static void words(void)
{
    static const struct {
        const char *word;
        int reason;
    } cases[] = {
        { "poweroff", SHUTDOWN_poweroff },
        { "reboot", SHUTDOWN_reboot },
        { "halt", SHUTDOWN_poweroff },
        { "crash", SHUTDOWN_crash },
    };

    store_set("control/shutdown", "");
    start();
    CHECK(strcmp(store_get("control/feature-poweroff"), "1") == 0);
    CHECK(strcmp(store_get("control/feature-reboot"), "1") == 0);
    CHECK(strcmp(store_get("control/feature-suspend"), "1") == 0);
    CHECK(requests == 0 && fake_log_lines == 0);
    for (unsigned int i = 0; i < 4; i++) {
        store_set("control/shutdown", cases[i].word);
        settle();
        CHECK(requests == i + 1 && requested == cases[i].reason);
        CHECK(strcmp(store_get("control/shutdown"), "") == 0);
    }
    CHECK(xenstore_requests_in_flight() == 0);
}

/* Present before we look. */
static void early(void)
{
    store_set("control/shutdown", "reboot");
    start();
    CHECK(requests == 1 && requested == SHUTDOWN_reboot);
}

static void unknown(void)
{
    start();
    CHECK(fake_log_lines == 0); /* no such node at all */
    store_set("control/shutdown", "s3");
    settle();
    CHECK(requests == 0 && fake_log_lines == 1);
    CHECK(strcmp(store_get("control/shutdown"), "s3") == 0);
    store_set("control/shutdown",
              "\x1b[2J\n and much more text than anybody would want to see in a line");
    settle();
    CHECK(requests == 0 && fake_log_lines == 2);
    CHECK(strlen(fake_log_last) < 120);
    for (const char *c = fake_log_last; *c != '\0'; c++)
        CHECK(*c >= ' ' && *c <= '~');
    store_delete("control/shutdown");
    settle();
    store_set("control/shutdown", "poweroff");
    settle();
    CHECK(requests == 1 && fake_log_lines == 3);
}

/* A suspend is acknowledged like the others; in a new domain everything is said again. */
static void suspend(void)
{
    start();
    store_set("control/shutdown", "suspend");
    settle();
    CHECK(suspends == 1 && requests == 0 && fake_log_lines == 0);
    CHECK(strcmp(store_get("control/shutdown"), "") == 0);
    CHECK(strcmp(store_get("control/feature-suspend"), "1") == 0);
    store_set("control/shutdown", "suspend");
    settle();
    CHECK(suspends == 2);
}

static void conflicts(void)
{
    start();
    store_options.conflicts = 3;
    store_set("control/shutdown", "reboot");
    settle();
    CHECK(requests == 1 && requested == SHUTDOWN_reboot && store_options.conflicts == 0);

    store_options.conflicts = 1000; /* the attempts have an end */
    store_set("control/shutdown", "poweroff");
    settle();
    CHECK(requests == 1 && store_options.conflicts > 900);
    CHECK(strncmp(fake_log_last, "lifecycle: cannot take", 22) == 0);
}

static struct xencons_interface page;
static unsigned int turns;

static void reader_on_yield(void)
{
    if (++turns % 10 == 0 && page.out_cons != page.out_prod)
        page.out_cons++;
}

static void at_shutdown(void)
{
    CHECK(fake_shutdown_reason == SHUTDOWN_reboot);
    CHECK(page.out_cons == page.out_prod && page.out_prod == 5);
}

static void output_comes_first(void)
{
    CHECK(console_init(&page, 2) == 0);
    fake_yield = reader_on_yield;
    fake_at_shutdown = at_shutdown;
    CHECK(console_write("bye\n", 4) == 0);
    domain_shutdown(SHUTDOWN_reboot);
}

static void at_late_shutdown(void)
{
    CHECK(clock_monotonic() < CONSOLE_STALL_TIMEOUT + MILLISECONDS(2));
}

static void nobody_reads(void)
{
    CHECK(console_init(&page, 2) == 0);
    fake_at_shutdown = at_late_shutdown;
    CHECK(console_write("bye\n", 4) == 0);
    domain_shutdown(SHUTDOWN_poweroff);
}

ISOLATED(words)
ISOLATED(early)
ISOLATED(unknown)
ISOLATED(suspend)
ISOLATED(conflicts)
ISOLATED(output_comes_first)
ISOLATED(nobody_reads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),        cmocka_unit_test(test_early),
        cmocka_unit_test(test_unknown),      cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_conflicts),    cmocka_unit_test(test_output_comes_first),
        cmocka_unit_test(test_nobody_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
