/* SPDX-License-Identifier: MIT */
/*
 * xenstore under load: threads that count up the same node in transactions (which conflict, and
 * must not lose a step), watches that fire meanwhile, long and bad requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mm/heap.h"

#include "../check.h"

#define THREADS 6
#define STEPS 10

static struct semaphore done;
static unsigned int conflicts;

static int add_one(void)
{
    xenstore_transaction transaction;
    uint64_t number;
    int error = xenstore_transaction_start(&transaction);

    if (error)
        return error;
    error = xenstore_read_number(transaction, "data", "counter", 0, 1000000, &number);
    if (!error)
        error =
            xenstore_write_format(transaction, "data", "counter", "%lu", (unsigned long)number + 1);
    if (error) {
        xenstore_transaction_end(transaction, false);
        return error;
    }
    return xenstore_transaction_end(transaction, true);
}

static void counting(void *argument)
{
    (void)argument;
    for (int i = 0; i < STEPS; i++) {
        int error;

        while ((error = add_one()) == -EAGAIN)
            conflicts++;
        CHECK(error == 0);
    }
    semaphore_up(&done);
}

static unsigned int watch_calls;

static void changed(struct xenstore_watch *watch, const char *path)
{
    CHECK(watch->argument == &watch_calls);
    CHECK(strstr(path, "data/counter") != NULL);
    watch_calls++;
}

static void test_transactions(void)
{
    struct xenstore_watch watch = { .path = "data/counter",
                                    .callback = changed,
                                    .argument = &watch_calls };
    uint64_t number = 0;

    semaphore_init(&done, 0);
    CHECK(xenstore_write(XENSTORE_NONE, "data/counter", "0") == 0);
    CHECK(xenstore_watch_register(&watch) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(thread_create("counting", counting, NULL) != NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK(semaphore_down(&done, deadline_after(SECONDS(120))) == 0);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "counter", 0, 1000000, &number) == 0);
    printf("counter %lu, %u conflicts, %u watch events\n", (unsigned long)number, conflicts,
           watch_calls);
    CHECK(number == THREADS * STEPS);
    CHECK(watch_calls > 1);
    xenstore_watch_unregister(&watch);
    watch_calls = 0;
    CHECK(xenstore_write(XENSTORE_NONE, "data/counter", "5") == 0);
    CHECK(watch_calls == 0);
}

static void test_errors(void)
{
    char *value, *large = malloc(5000);
    char **names;
    unsigned int count;
    uint64_t number;

    CHECK(xenstore_read(XENSTORE_NONE, "data/not-there", &value, NULL) == -ENOENT);
    CHECK(xenstore_read(XENSTORE_NONE, "/tool/xenstored", &value, NULL) < 0);
    CHECK(xenstore_write(XENSTORE_NONE, "/local/domain/0/name", "mine") == -EACCES);
    memset(large, 'x', 4999);
    large[4999] = '\0';
    CHECK(xenstore_write(XENSTORE_NONE, "data/large", large) == -E2BIG);
    CHECK(xenstore_write(XENSTORE_NONE, "data/bad name!", "x") == -EINVAL);
    CHECK(xenstore_write(XENSTORE_NONE, "data/text", "12x") == 0);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "text", 0, 100, &number) == -EINVAL);
    CHECK(xenstore_write(XENSTORE_NONE, "data/text", "101") == 0);
    CHECK(xenstore_read_number(XENSTORE_NONE, "data", "text", 0, 100, &number) == -ERANGE);
    CHECK(xenstore_make_directory(XENSTORE_NONE, "data/folder") == 0);
    CHECK(xenstore_write(XENSTORE_NONE, "data/folder/one", "1") == 0);
    CHECK(xenstore_write(XENSTORE_NONE, "data/folder/two", "2") == 0);
    CHECK(xenstore_directory(XENSTORE_NONE, "data/folder", &names, &count) == 0 && count == 2);
    CHECK(strcmp(names[0], "one") == 0 && strcmp(names[1], "two") == 0);
    kernel_free(names);
    CHECK(xenstore_remove(XENSTORE_NONE, "data/folder") == 0);
    CHECK(xenstore_directory(XENSTORE_NONE, "data/folder", &names, &count) == -ENOENT);
    CHECK(xenstore_transaction_end(12345, true) < 0);
    free(large);
}

/* A storm of writes by dom0 (run.sh) while we watch: the last value must be seen. */
static struct wait_queue storm_queue = WAIT_QUEUE_INIT(storm_queue);
static bool storm_over;
static unsigned int storm_events;

static void storm(struct xenstore_watch *watch, const char *path)
{
    char *value;

    (void)watch;
    storm_events++;
    if (strstr(path, "last") &&
        xenstore_read(XENSTORE_NONE, "data/storm/last", &value, NULL) == 0) {
        storm_over = strcmp(value, "over") == 0;
        kernel_free(value);
    }
    wake_all(&storm_queue);
}

static void test_storm(void)
{
    struct xenstore_watch watch = { .path = "data/storm", .callback = storm };

    CHECK(xenstore_watch_register(&watch) == 0);
    CHECK(xenstore_write(XENSTORE_NONE, "data/ready", "storm") == 0);
    CHECK(wait_until(&storm_queue, storm_over, deadline_after(SECONDS(60))) == 0);
    printf("storm: %u events\n", storm_events);
    CHECK(storm_events > 10);
    xenstore_watch_unregister(&watch);
}

int main(void)
{
    struct check_usage before = check_usage_now();

    test_transactions();
    test_errors();
    test_storm();
    thread_yield();
    check_usage_same(&before, 16);
    return check_verdict();
}
