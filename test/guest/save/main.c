/* SPDX-License-Identifier: MIT */
/*
 * An image without devices that is saved, restored and migrated while its threads sleep, wait for
 * each other, talk to xenstore and watch the clocks. run.sh asks it how they are.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/time.h>
#include <unistd.h>

#include "../check.h"
#include "../requests.h"

#define TICK MILLISECONDS(10)
#define NAP SECONDS(1)
#define TIMER_PERIOD MILLISECONDS(30)

static unsigned int ticks, naps, timer_rounds, store_rounds, store_retries, passes;
static struct semaphore ball;

/* CLOCK_MONOTONIC never goes back, and a sleep is never too short. */
static void tick(void *unused)
{
    uint64_t last = clock_monotonic();

    (void)unused;
    for (;;) {
        uint64_t now;

        thread_sleep_until(last + TICK);
        now = clock_monotonic();
        CHECK(now >= last + TICK);
        last = now;
        ticks++;
    }
}

static void nap(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t start = clock_monotonic();

        thread_sleep_until(start + NAP);
        CHECK(clock_monotonic() >= start + NAP);
        naps++;
    }
}

static void timer_due(void *argument)
{
    struct timer *timer = argument;

    CHECK(clock_monotonic() >= timer->deadline);
    timer_rounds++;
    timer_set(timer, deadline_after(TIMER_PERIOD));
}

static void throw(void *unused)
{
    (void)unused;
    for (;;) {
        semaphore_up(&ball);
        thread_sleep_until(deadline_after(TICK));
    }
}

static void catch (void *unused)
{
    (void)unused;
    for (;;) {
        CHECK(semaphore_down(&ball, DEADLINE_NEVER) == 0);
        passes++;
    }
}

/* One transaction on a counter: 0, -EAGAIN, or another -errno. */
static int count_once(unsigned int number)
{
    xenstore_transaction transaction;
    int error = xenstore_transaction_start(&transaction);

    if (error < 0)
        return error;
    error = xenstore_write_format(transaction, "data", "first", "%u", number);
    if (error == 0)
        error = xenstore_write_format(transaction, "data", "second", "%u", number);
    int end = xenstore_transaction_end(transaction, error == 0);
    return error ? error : end;
}

/*
 * In the midst of requests and transactions at any time: all succeed, or say "again". What this
 * domain has in xenstore is not there any more after a restore.
 */
static void talk(void *unused)
{
    uint64_t number;

    (void)unused;
    for (unsigned int round = 1;; round++) {
        int error;

        while ((error = count_once(round)) == -EAGAIN)
            store_retries++;
        CHECK(error == 0);
        error = xenstore_read_number(XENSTORE_NONE, "data", "second", round, round, &number);
        CHECK(error == 0 || error == -ENOENT);
        store_rounds++;
        thread_sleep_until(deadline_after(TICK));
    }
}

static void random_line(char *answer)
{
    uint64_t numbers[4];

    CHECK(getentropy(numbers, sizeof(numbers)) == 0);
    snprintf(answer, REQUESTS_ANSWER, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64,
             numbers[0], numbers[1], numbers[2], numbers[3]);
}

static void usage(char *answer)
{
    struct check_usage now = check_usage_now();

    snprintf(answer, REQUESTS_ANSWER,
             "pages=%zu grants=%u quarantined=%u ports=%u threads=%u "
             "watches=%u",
             now.pages, now.grants, now.quarantined, now.ports, now.threads, now.watches);
}

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    if (strcmp(words, "usage") == 0)
        usage(answer);
    else if (strcmp(words, "random") == 0)
        random_line(answer);
    else if (strcmp(words, "clock") == 0)
        snprintf(answer, REQUESTS_ANSWER, "%" PRIu64 " %" PRIu64, clock_monotonic(),
                 clock_realtime());
    else if (strcmp(words, "counts") == 0)
        snprintf(answer, REQUESTS_ANSWER, "%u %u %u %u %u", ticks, naps, timer_rounds, passes,
                 store_rounds);
    else
        return false;
    return true;
}

int main(void)
{
    static void (*const bodies[])(void *) = { tick, nap, throw, catch, talk };
    static struct timer timer = TIMER_INIT(timer, timer_due, &timer);

    semaphore_init(&ball, 0);
    for (unsigned int i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        CHECK(thread_create("worker", bodies[i], NULL) != NULL);
    timer_set(&timer, deadline_after(TIMER_PERIOD));
    printf("ready\n");
    CHECK(requests_serve(handle) == 0);
    printf("transactions begun anew: %u\n", store_retries);
    return check_verdict();
}
