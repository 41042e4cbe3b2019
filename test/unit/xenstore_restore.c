/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client when its domain is saved and restored: requests that are under way, wait, or
 * are never answered; transactions; watches; and the same when the suspend is cancelled.
 */
// SRCS: $(TEST_XENSTORE) $(STORE_FAKES)
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_xenstored.h"
#include "xen/bus/xenstore.h"
#include "xen_fakes.h"

static unsigned int calls, finished;

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

/* Lets the other side run, which a yield does not. */
static void pause_shortly(void)
{
    thread_sleep_until(deadline_after(100000));
}

static void start(void)
{
    fake_backend = store_step;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
}

static void restore(void)
{
    store_restore();
    CHECK(xenstore_resume(&store_ring, STORE_PORT) == 0);
}

static void changed(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    calls++;
}

/* Reads and transactions without end, while the domain is restored again and again. */
static bool stop;

static int count_up(void)
{
    xenstore_transaction transaction;
    uint64_t number;
    int error = xenstore_transaction_start(&transaction);

    CHECK(error == 0);
    error = xenstore_read_number(transaction, "data", "count", 0, UINT32_MAX, &number);
    pause_shortly();
    if (error == 0)
        error = xenstore_write_format(transaction, "data", "count", "%u", (unsigned)number + 1);
    pause_shortly();
    int end = xenstore_transaction_end(transaction, error == 0);
    return error != 0 ? error : end;
}

static unsigned int retries, counted;

static void busy(void *unused)
{
    (void)unused;
    while (!stop) {
        char *value;
        int error;

        while ((error = count_up()) == -EAGAIN)
            retries++;
        CHECK(error == 0);
        counted++;
        CHECK(xenstore_read(XENSTORE_NONE, "data/fixed", &value, NULL) == 0);
        CHECK(strcmp(value, "fixed") == 0);
        free(value);
        pause_shortly();
    }
    finished++;
}

static void load(void)
{
    struct xenstore_watch watch = { .path = "data/fixed", .callback = changed };
    unsigned int rounds = 40, threads = 5, progress = 0;

    store_set("data/count", "0");
    store_set("data/fixed", "fixed");
    start();
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    store_options.chunk = 7;
    for (unsigned int i = 0; i < threads; i++)
        CHECK(thread_create("busy", busy, NULL) != NULL);
    for (unsigned int round = 0; round < rounds; round++) {
        unsigned int before = calls;

        for (unsigned int i = fake_random(50); i > 0; i--)
            pause_shortly();
        /* With an answer outstanding for ever, the wait ends and the request is sent again. */
        store_options.silent = round % 4 == 0;
        xenstore_suspend(deadline_after(MILLISECONDS(5)));
        CHECK(store_options.silent || xenstore_requests_in_flight() == 0);
        store_options.silent = false;
        if (round % 3 == 0) {
            xenstore_suspend_cancel();
            continue;
        }
        restore();
        while (store_watch_count() == 0 || calls == before)
            pause_shortly();
        CHECK(store_watch_count() == 1 && calls == before + 1);
        progress += counted > 0;
    }
    stop = true;
    while (finished < threads)
        settle();
    settle();
    CHECK(progress > 0 && retries > 0);
    CHECK((unsigned)atoi(store_get("data/count")) == counted);
    CHECK(xenstore_requests_in_flight() == 0 && fake_log_lines == 0);
    store_set("data/fixed", "other");
    unsigned int before = calls;
    settle();
    CHECK(calls == before + 1);
    xenstore_watch_unregister(&watch);
    CHECK(xenstore_watches() == 0 && store_watch_count() == 0);
}

/* A transaction of before is over, whatever number xenstore gives the next one. */
static void old_transaction(void)
{
    xenstore_transaction before, after;

    start();
    CHECK(xenstore_transaction_start(&before) == 0);
    xenstore_suspend(deadline_after(SECONDS(1)));
    restore();
    CHECK(xenstore_transaction_start(&after) == 0);
    CHECK((uint32_t)before == (uint32_t)after && before != after);
    unsigned int requests = store_requests;
    CHECK(xenstore_write(before, "data/a", "old") == -EAGAIN);
    CHECK(xenstore_transaction_end(before, true) == -EAGAIN);
    CHECK(store_requests == requests);
    CHECK(xenstore_write(after, "data/a", "new") == 0);
    CHECK(xenstore_transaction_end(after, true) == 0);
    CHECK(strcmp(store_get("data/a"), "new") == 0);
}

/* New requests wait, and go on. */
static void requests_wait(void)
{
    unsigned int requests;

    start();
    store_set("data/count", "0");
    store_set("data/fixed", "fixed");
    settle();
    xenstore_suspend(deadline_after(SECONDS(1)));
    requests = store_requests;
    CHECK(thread_create("busy", busy, NULL) != NULL);
    settle();
    CHECK(store_requests == requests && counted == 0);
    xenstore_suspend_cancel();
    settle();
    CHECK(counted > 0);
    stop = true;
    settle();
    CHECK(finished == 1);
}

/* A connection that was given up gets a new life; without a ring, everything fails at once. */
static void other_host(void)
{
    char *value;

    start();
    store_set("data/a", "x");
    store_options.lie = STORE_WRONG_ID;
    CHECK(xenstore_read(XENSTORE_NONE, "data/a", &value, NULL) == -EIO);
    restore();
    CHECK(xenstore_read(XENSTORE_NONE, "data/a", &value, NULL) == 0);
    free(value);
    CHECK(xenstore_resume(NULL, 0) == -ENODEV);
    CHECK(xenstore_read(XENSTORE_NONE, "data/a", &value, NULL) == -EIO);
}

ISOLATED(load)
ISOLATED(old_transaction)
ISOLATED(requests_wait)
ISOLATED(other_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_old_transaction),
        cmocka_unit_test(test_requests_wait),
        cmocka_unit_test(test_other_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
