/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client against a xenstored that speaks the protocol: calls, many threads,
 * transactions, watches, timeouts; and against one that breaks it: every waiter is woken with
 * -EIO, one line is logged, and nothing hangs.
 */
// SRCS: xen/bus/xenstore.c xen/bus/xenstore_calls.c xen/bus/xenstore_watch.c xen/bus/xenstore_wire.c test/unit/xen_fakes.c test/unit/fake_xenstored.c xen/bus/frontend_port.c test/unit/fake_timer.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_timer.h"
#include "fake_xenstored.h"
#include "xen/bus/frontend.h"
#include "xen/bus/xenstore.h"
#include "xen_fakes.h"

static void start(void)
{
    fake_backend = store_step;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
}

static void check_nothing_left(void)
{
    CHECK(xenstore_requests_in_flight() == 0);
    CHECK(fake_pages == 0);
}

/* Let everything run that can, for a while. */
static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void check_read(const char *path, const char *expected)
{
    char *value;
    size_t length;

    CHECK(xenstore_read(XENSTORE_NONE, path, &value, &length) == 0);
    CHECK(strcmp(value, expected) == 0 && length == strlen(expected));
    free(value);
}

static void all_calls(void)
{
    char *value, **names, big[4097];
    unsigned int count;
    uint64_t number;

    start();
    CHECK(xenstore_write(XENSTORE_NONE, "data/a", "one") == 0);
    check_read("/local/domain/1/data/a", "one");
    CHECK(xenstore_write(XENSTORE_NONE, "data/b", "") == 0);
    check_read("data/b", "");
    CHECK(xenstore_directory(XENSTORE_NONE, "data", &names, &count) == 0);
    CHECK(count == 2 && strcmp(names[0], "a") == 0 && strcmp(names[1], "b") == 0);
    free(names);
    CHECK(xenstore_directory(XENSTORE_NONE, "data/a", &names, &count) == 0 && count == 0);
    free(names);
    CHECK(xenstore_remove(XENSTORE_NONE, "data/a") == 0);
    CHECK(xenstore_read(XENSTORE_NONE, "data/a", &value, NULL) == -ENOENT);
    CHECK(xenstore_read(XENSTORE_NONE, "forbidden", &value, NULL) == -EACCES);
    CHECK(xenstore_make_directory(XENSTORE_NONE, "data/d") == 0);

    memset(big, 'x', sizeof(big));
    big[4096] = '\0';
    CHECK(xenstore_write(XENSTORE_NONE, "data/big", big) == -E2BIG);
    big[4096 - sizeof("data/big")] = '\0';
    CHECK(xenstore_write(XENSTORE_NONE, "data/big", big) == 0);
    check_read("data/big", big);

    CHECK(xenstore_write_format(XENSTORE_NONE, "data", "n", "%u", 123u) == 0);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "n", 1, 200, &number) == 0 && number == 123);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "n", 1, 100, &number) == -ERANGE);
    CHECK(xenstore_write_format(XENSTORE_NONE, "data", "n", "12 apples") == 0);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "n", 0, 100, &number) == -EINVAL);
    CHECK(xenstore_write_format(XENSTORE_NONE, "data", "n", "%300s", "") == -E2BIG);
    check_nothing_left();
}

static void out_of_pages(void)
{
    char *value, big[200];

    start();
    memset(big, 'x', sizeof(big));
    big[199] = '\0';
    store_set("big", big);
    fake_page_failures = 1;
    CHECK(xenstore_read(XENSTORE_NONE, "big", &value, NULL) == -ENOMEM);
    check_read("big", big);
    check_nothing_left();
}

/* Many threads, answers in any order, the ring in small pieces. */

#define THREADS 100
static unsigned int finished;

static void busy_thread(void *argument)
{
    unsigned int me = (unsigned int)(uintptr_t)argument;
    char path[32], text[3000];

    for (unsigned int round = 0; round < 10; round++) {
        snprintf(path, sizeof(path), "load/%u", me);
        memset(text, (int)('a' + me % 26), sizeof(text));
        text[fake_random(round == 3 ? sizeof(text) : 60)] = '\0';
        CHECK(xenstore_write(XENSTORE_NONE, path, text) == 0);
        check_read(path, text);
    }
    finished++;
}

static void many_threads(void)
{
    start();
    store_options.shuffle = true;
    store_options.chunk = 100;
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(thread_create("busy", busy_thread, (void *)i) != NULL);
    while (finished < THREADS)
        settle();
    check_nothing_left();
    CHECK(fake_log_lines == 0);
}

/* Transactions that conflict with each other: the counter ends right. */

static void counting_thread(void *argument)
{
    (void)argument;
    for (unsigned int round = 0; round < 10; round++) {
        xenstore_transaction transaction;
        uint64_t number;
        int error;

        do {
            CHECK(xenstore_transaction_start(&transaction) == 0);
            CHECK(xenstore_read_number(transaction, "data", "counter", 0, 1000, &number) == 0);
            error = xenstore_write_format(transaction, "data", "counter", "%d", (int)number + 1);
            CHECK(error == 0);
            error = xenstore_transaction_end(transaction, true);
            CHECK(error == 0 || error == -EAGAIN);
        } while (error == -EAGAIN);
    }
    finished++;
}

static void transactions(void)
{
    start();
    store_set("data/counter", "0");
    for (unsigned int i = 0; i < 5; i++)
        thread_create("counter", counting_thread, NULL);
    while (finished < 5)
        settle();
    check_read("data/counter", "50");

    xenstore_transaction transaction;
    CHECK(xenstore_transaction_start(&transaction) == 0);
    CHECK(xenstore_write(transaction, "data/counter", "99") == 0);
    CHECK(xenstore_transaction_end(transaction, false) == 0);
    check_read("data/counter", "50");
    check_nothing_left();
}

/* Watches. */

static unsigned int calls;
static char last_path[512];

static void count_call(struct xenstore_watch *watch, const char *path)
{
    char *value;

    CHECK(watch->argument == &calls);
    calls++;
    strcpy(last_path, path);
    /* A callback may use xenstore. */
    if (xenstore_read(XENSTORE_NONE, path, &value, NULL) == 0)
        free(value);
}

static void watches(void)
{
    struct xenstore_watch watch = { .path = "watched", .callback = count_call, .argument = &calls };

    start();
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    CHECK(calls == 1 && strcmp(last_path, "watched") == 0);
    store_set("watched/below", "1");
    settle();
    CHECK(calls == 2 && strcmp(last_path, "watched/below") == 0);
    store_set("elsewhere", "1");
    settle();
    CHECK(calls == 2);
    CHECK(xenstore_watches() == 1 && store_watch_count() == 1);
    xenstore_watch_unregister(&watch);
    store_set("watched/below", "2");
    settle();
    CHECK(calls == 2 && xenstore_watches() == 0 && store_watch_count() == 0);

    watch.path = "forbidden";
    CHECK(xenstore_watch_register(&watch) == -EACCES);
    CHECK(xenstore_watches() == 0);
    check_nothing_left();
}

/*
 * More changes than can be queued while a callback is busy: equal ones count once, and none is
 * lost.
 */

static unsigned int own_path_calls;

static void slow_call(struct xenstore_watch *watch, const char *path)
{
    calls++;
    own_path_calls += strcmp(path, watch->path) == 0;
    thread_sleep_until(deadline_after(MILLISECONDS(1)));
}

static void watch_storm(void)
{
    struct xenstore_watch watch = { .path = "storm", .callback = slow_call };
    char path[300];

    start();
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    CHECK(calls == 1 && own_path_calls == 1);
    for (unsigned int i = 0; i < 100; i++)
        store_set("storm/same", "x");
    settle();
    CHECK(calls >= 2 && calls <= 3);

    calls = own_path_calls = 0;
    for (unsigned int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "storm/%0200u", i % 40);
        store_set(path, "x");
    }
    thread_sleep_until(deadline_after(SECONDS(1)));
    CHECK(calls >= 5 && calls <= 20 && own_path_calls >= 1);
    xenstore_watch_unregister(&watch);
    check_nothing_left();
}

static unsigned int streamed, between;

static void take_note(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    calls++;
    between = streamed;
}

static struct xenstore_watch asks = { .path = "asks", .callback = take_note };

/* Each call makes two events of other paths. */
static void stream_on(struct xenstore_watch *watch, const char *path)
{
    char next[32];

    (void)watch;
    (void)path;
    if (streamed == 20)
        xenstore_watch_again(&asks);
    if (streamed >= 200)
        return;
    snprintf(next, sizeof(next), "stream/%u", streamed++ % 4);
    CHECK(xenstore_write(XENSTORE_NONE, next, "x") == 0);
    snprintf(next, sizeof(next), "stream/%u", streamed++ % 4);
    CHECK(xenstore_write(XENSTORE_NONE, next, "x") == 0);
}

/* Who asks to be called again does not wait for a stream of others' events to end. */
static void stream_of_events(void)
{
    struct xenstore_watch stream = { .path = "stream", .callback = stream_on };

    start();
    CHECK(xenstore_watch_register(&asks) == 0);
    settle();
    CHECK(calls == 1);
    CHECK(xenstore_watch_register(&stream) == 0);
    settle();
    CHECK(streamed == 200 && calls == 2 && between < 30);
    xenstore_watch_unregister(&asks);
    xenstore_watch_again(&asks); /* that is none any more */
    settle();
    CHECK(calls == 2);
    xenstore_watch_unregister(&stream);
    check_nothing_left();
}

/* xenstored is late with the answer to a watch: it is asked again, and has it already. */
static void watch_asked_again(void)
{
    struct xenstore_watch watch = { .path = "late", .callback = count_call, .argument = &calls };
    struct xenstore_watch other;

    start();
    store_options.silent = true;
    xenstore_watch_register_later(&watch);
    thread_sleep_until(deadline_after(SECONDS(100)));
    store_options.silent = false;
    thread_sleep_until(deadline_after(SECONDS(31)));
    store_set("late", "1");
    settle();
    CHECK(calls >= 2 && store_watch_count() == 1 && fake_log_lines == 0);

    store_options.silent = true; /* for ever: said once */
    other = (struct xenstore_watch){ .path = "later", .callback = count_call, .argument = &calls };
    xenstore_watch_register_later(&other);
    thread_sleep_until(deadline_after(SECONDS(265)));
    CHECK(fake_log_lines == 0);
    thread_sleep_until(deadline_after(SECONDS(10)));
    CHECK(fake_log_lines == 1 && xenstore_requests_in_flight() == 9);
}

static struct xenstore_watch *once;

static void unregister_itself(struct xenstore_watch *watch, const char *path)
{
    (void)path;
    CHECK(watch == once);
    xenstore_watch_unregister(watch);
    free(watch);
    calls++;
}

static void watch_ends_itself(void)
{
    start();
    once = calloc(1, sizeof(*once));
    *once = (struct xenstore_watch){ .path = "once", .callback = unregister_itself };
    CHECK(xenstore_watch_register(once) == 0);
    store_set("once", "1");
    store_set("once", "2");
    settle();
    CHECK(calls == 1 && xenstore_watches() == 0 && store_watch_count() == 0);
}

static bool in_callback;

static void long_call(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    in_callback = true;
    thread_sleep_until(deadline_after(SECONDS(5)));
    in_callback = false;
}

static void unregister_waits(void)
{
    struct xenstore_watch *watch = calloc(1, sizeof(*watch));

    start();
    *watch = (struct xenstore_watch){ .path = "long", .callback = long_call };
    CHECK(xenstore_watch_register(watch) == 0);
    while (!in_callback)
        settle();
    xenstore_watch_unregister(watch);
    CHECK(!in_callback);
    free(watch);
    settle();
}

static void register_later(void)
{
    struct xenstore_watch watch = { .path = "later", .callback = count_call, .argument = &calls };
    struct xenstore_watch bad = { .path = "forbidden", .callback = count_call, .argument = &calls };

    xenstore_watch_register_later(&watch);
    start();
    xenstore_watch_register_later(&bad);
    CHECK(calls == 0);
    settle();
    CHECK(calls == 1 && fake_log_lines == 1);
    CHECK(strcmp(fake_log_last, "xenstore: cannot watch forbidden: -13") == 0);
    xenstore_watch_unregister(&bad);
    xenstore_watch_unregister(&watch);
    CHECK(xenstore_watches() == 0 && store_watch_count() == 0);
}

/* Timeouts. */

static void timeout(void)
{
    char *value;
    uint64_t before;

    start();
    store_set("a", "1");
    store_options.silent = true;
    before = clock_monotonic();
    CHECK(xenstore_read(XENSTORE_NONE, "a", &value, NULL) == -ETIMEDOUT);
    CHECK(clock_monotonic() - before == XENSTORE_TIMEOUT);
    CHECK(xenstore_requests_in_flight() == 1);

    /* The late answer is for nobody, and harms nobody. */
    store_options.silent = false;
    check_read("a", "1");
    check_nothing_left();
    CHECK(fake_log_lines == 0);
}

static void lone_reader(void *argument)
{
    char *value;

    CHECK(xenstore_read(XENSTORE_NONE, "a", &value, NULL) == (int)(intptr_t)argument);
    finished++;
}

/*
 * A server that never answers: everybody gets -ETIMEDOUT, and the memory of it is bounded; then it
 * wakes up.
 */
static void silence(void)
{
    start();
    store_set("a", "1");
    store_options.silent = true;
    for (unsigned int i = 0; i < 100; i++)
        thread_create("reader", lone_reader, (void *)(intptr_t)-ETIMEDOUT);
    while (finished < 100)
        thread_sleep_until(deadline_after(SECONDS(1)));
    CHECK(xenstore_requests_in_flight() == 64);
    store_options.silent = false;
    check_read("a", "1");
    check_nothing_left();
}

/*
 * A server that stops reading: half a message may stand in the ring, and the stream stays in step.
 */
static void deafness(void)
{
    char big[3000];

    start();
    memset(big, 'b', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    store_options.deaf = true;
    CHECK(xenstore_write(XENSTORE_NONE, "big", big) == -ETIMEDOUT);
    CHECK(xenstore_write(XENSTORE_NONE, "small", "s") == -ETIMEDOUT);
    store_options.deaf = false;
    CHECK(xenstore_write(XENSTORE_NONE, "other", "o") == 0);
    check_read("big", big);
    check_read("other", "o");
    check_nothing_left();
}

static void patient_reader(void *argument)
{
    (void)argument;
    check_read("a", "1");
    finished++;
}

/* Too many events without progress, and the port rests; an answer is seen all the same, later. */
static void brake(void)
{
    unsigned int events;

    start();
    store_set("a", "1");
    settle();
    for (events = 0; events < 100 && !fake_port_masked(STORE_PORT); events++) {
        fake_event(STORE_PORT);
        settle();
    }
    CHECK(events == FRONTEND_IDLE_EVENTS + 1 && fake_timer != NULL);
    CHECK(fake_timer->deadline <= deadline_after(FRONTEND_DELAY_FIRST));
    thread_create("reader", patient_reader, NULL);
    settle();
    CHECK(finished == 0 && fake_port_masked(STORE_PORT));
    fake_timer->function(fake_timer->argument);
    settle();
    CHECK(finished == 1 && !fake_port_masked(STORE_PORT) && fake_timer == NULL);
    check_nothing_left();
}

/* Lies. */

static enum store_lie lie;

static void lied_to(void *argument)
{
    char *value;
    int error = xenstore_read(XENSTORE_NONE, "a", &value, NULL);

    (void)argument;
    CHECK(error == 0 || error == -EIO || error == -EINVAL);
    if (error == 0)
        free(value);
    finished++;
}

static void told_a_lie(void)
{
    char *value;
    struct xenstore_watch watch = { .path = "a", .callback = count_call, .argument = &calls };

    start();
    store_set("a", "1");
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    for (unsigned int i = 0; i < 80; i++)
        thread_create("reader", lied_to, NULL);
    store_options.lie = lie;
    uint64_t before = clock_monotonic();
    while (finished < 80)
        settle();
    CHECK(clock_monotonic() - before < SECONDS(1));
    CHECK(xenstore_read(XENSTORE_NONE, "a", &value, NULL) == -EIO);
    CHECK(xenstore_watch_register(&watch) == -EIO);
    CHECK(fake_log_lines == 1);
    CHECK(fake_port_masked(STORE_PORT));
    for (unsigned int i = 0; i < 10; i++) {
        fake_event(STORE_PORT);
        settle();
    }
    CHECK(fake_log_lines == 1);
}

/* A watch event with a token of ours that is gone, or never was, is no violation. */
static void unknown_token(void)
{
    struct xenstore_watch watch = { .path = "w", .callback = count_call, .argument = &calls };

    start();
    CHECK(xenstore_watch_register(&watch) == 0);
    settle();
    store_options.silent = true; /* the event waits until the watch is gone */
    store_set("w", "1");
    store_set("a", "1");
    xenstore_watch_unregister(&watch);
    store_options.silent = false;
    check_read("a", "1");
    CHECK(calls == 1 && fake_log_lines == 0);
}

static void not_connected(void)
{
    char *value;

    CHECK(xenstore_read(XENSTORE_NONE, "a", &value, NULL) == -EIO);
    CHECK(xenstore_init(&store_ring, 999) == -EINVAL);
    CHECK(xenstore_read(XENSTORE_NONE, "a", &value, NULL) == -EIO);
    store_ring.req_prod = 5000;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == -EIO);
}

ISOLATED(all_calls)
ISOLATED(out_of_pages)
ISOLATED(many_threads)
ISOLATED(transactions)
ISOLATED(watches)
ISOLATED(watch_storm)
ISOLATED(stream_of_events)
ISOLATED(watch_asked_again)
ISOLATED(watch_ends_itself)
ISOLATED(unregister_waits)
ISOLATED(register_later)
ISOLATED(timeout)
ISOLATED(silence)
ISOLATED(deafness)
ISOLATED(brake)
ISOLATED(unknown_token)
ISOLATED(not_connected)

static void test_lies(void **state)
{
    (void)state;
    for (lie = STORE_HONEST + 1; lie < STORE_LIES; lie++) {
        print_message("lie %d\n", lie);
        fake_isolated(told_a_lie);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_calls),
        cmocka_unit_test(test_out_of_pages),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_watches),
        cmocka_unit_test(test_watch_storm),
        cmocka_unit_test(test_stream_of_events),
        cmocka_unit_test(test_watch_asked_again),
        cmocka_unit_test(test_watch_ends_itself),
        cmocka_unit_test(test_unregister_waits),
        cmocka_unit_test(test_register_later),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_deafness),
        cmocka_unit_test(test_brake),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_unknown_token),
        cmocka_unit_test(test_not_connected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
