/* SPDX-License-Identifier: MIT */
/*
 * The whole xenstore client while its page changes at random between any two accesses: whatever
 * happens, each call comes back with a value or an error within its time limit, and nothing is
 * corrupted (sanitizers).
 */
// SRCS: xen/bus/xenstore.c xen/bus/xenstore_calls.c xen/bus/xenstore_watch.c xen/bus/xenstore_wire.c test/unit/xen_fakes.c test/unit/fake_xenstored.c xen/bus/frontend_port.c test/unit/fake_timer.c
// CFLAGS: -DRING_ACCESS_HOOK=ring_hook
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/bus/ring_access.h"
#include "fake_xenstored.h"
#include "xen/bus/xenstore.h"
#include "xen_fakes.h"

#define SEEDS 150
#define THREADS 20

static unsigned int seed, finished, rate, accesses, honest_accesses;

void ring_hook(void)
{
    char *page = (char *)&store_ring;

    if (++accesses <= honest_accesses || fake_random(rate) != 0)
        return;
    switch (fake_random(5)) {
    case 0: /* a byte of an answer: header or payload */
        store_ring.rsp[fake_random(XENSTORE_RING_SIZE)] = (char)fake_random(256);
        break;
    case 1:
        store_ring.rsp_prod += fake_random(64);
        break;
    case 2:
        store_ring.req_cons += fake_random(64);
        break;
    case 3: /* what we wrote, the other side may change as it likes */
        store_ring.rsp_cons = fake_random(4096);
        break;
    default:
        page[fake_random(sizeof(store_ring))] ^= (char)(1u << fake_random(8));
    }
    fake_event(STORE_PORT);
}

static void any_call(void *argument)
{
    char *value, **names, path[32];
    unsigned int count;
    size_t length;

    snprintf(path, sizeof(path), "data/%u", (unsigned int)(uintptr_t)argument);
    for (unsigned int round = 0; round < 6; round++) {
        uint64_t before = clock_monotonic();

        if (xenstore_write(XENSTORE_NONE, path, "some value of a few bytes") > 0)
            CHECK(false);
        if (xenstore_read(XENSTORE_NONE, path, &value, &length) == 0) {
            CHECK(value[length] == '\0');
            free(value);
        }
        if (xenstore_directory(XENSTORE_NONE, "data", &names, &count) == 0) {
            for (unsigned int i = 0; i < count; i++)
                CHECK(strlen(names[i]) <= XENSTORE_PAYLOAD_MAX);
            free(names);
        }
        CHECK(clock_monotonic() - before <= 3 * XENSTORE_TIMEOUT);
    }
    finished++;
}

static void on_change(struct xenstore_watch *watch, const char *path)
{
    CHECK(watch->argument == &finished && strlen(path) < XENSTORE_PAYLOAD_MAX);
}

static void body_mutated(void)
{
    static struct xenstore_watch watch = {
        .path = "data",
        .callback = on_change,
        .argument = &finished,
    };

    for (unsigned int i = 0; i < seed; i++)
        fake_random(2);
    rate = 3 + seed % 100;
    honest_accesses = 4 + seed * 7;
    fake_backend = store_step;
    store_options.careless = true;
    store_options.shuffle = seed % 2;
    store_options.chunk = seed % 3 ? 50 : 0;
    CHECK(xenstore_init(&store_ring, STORE_PORT) == 0);
    xenstore_watch_register_later(&watch);
    for (uintptr_t i = 0; i < THREADS; i++)
        thread_create("caller", any_call, (void *)i);
    while (finished < THREADS)
        thread_sleep_until(deadline_after(SECONDS(1)));
    CHECK(fake_pages == 0);
    CHECK(fake_log_lines <= 3);
}

static void test_mutated(void **state)
{
    (void)state;
    for (seed = 0; seed < SEEDS; seed++)
        fake_isolated(body_mutated);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutated) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
