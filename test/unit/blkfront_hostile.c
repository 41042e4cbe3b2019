/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront against a backend that lies: each lie ends in -EIO for the callers, a silent port and,
 * after the device is gone, nothing left over.
 */
#include "blkfront_user.h"

#include "lib/mm/pages.h"
#include "ring_hook.h"

static uint8_t buffer[1 << 20];

static struct blkfront *disk(void)
{
    return block->private_data;
}

static void works(void)
{
    CHECK(block_read(block, 0, buffer, sizeof(buffer)) == 0);
    CHECK(memcmp(buffer, fake_blkback.disk, sizeof(buffer)) == 0);
}

/* Every lie, after different numbers of honest answers; a new connection heals the device. */
static void each_lie_breaks_the_device(void)
{
    for (unsigned int honest = 0; honest < 7; honest++) {
        for (enum blkback_lie lie = BLKBACK_HONEST + 1; lie < BLKBACK_LIES; lie++) {
            uint32_t port;

            bring_up();
            works();
            device.log = (struct log_limit){ 0 };
            fake_log_lines = 0;
            fake_blkback.lie = lie;
            fake_blkback.honest_left = honest;
            CHECK(block_read(block, 0, buffer, sizeof(buffer)) == -EIO ||
                  block_read(block, 0, buffer, sizeof(buffer)) == -EIO);
            CHECK(disk()->broken && fake_log_lines == 1);
            port = fake_frontend_number(&device, "event-channel");
            CHECK(fake_port_masked(port));
            fake_event(port);
            thread_yield();
            CHECK(fake_port_masked(port));
            CHECK(block_read(block, 0, buffer, 512) == -EIO);
            CHECK(block_write(block, 0, buffer, 512) == -EIO);
            CHECK(block_flush(block) == -EIO);
            fake_blkback.lie = BLKBACK_HONEST;
            bring_up();
            works();
        }
    }
    detach();
}

static void errors_are_errors(void)
{
    static const int16_t statuses[] = {
        BLKIF_RSP_ERROR, BLKIF_RSP_EOPNOTSUPP, 1, 32767, -32768, 256
    };

    bring_up();
    for (unsigned int i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        fake_blkback.status = statuses[i];
        memset(buffer, 0x55, sizeof(buffer));
        CHECK(block_read(block, 0, buffer, sizeof(buffer)) == -EIO);
        for (unsigned int byte = 0; byte < sizeof(buffer); byte++)
            CHECK(buffer[byte] == 0x55); /* nothing of a failed read is shown */
        CHECK(block_write(block, 0, buffer, 4096) == -EIO);
        CHECK(!disk()->broken);
    }
    fake_blkback.status = 0;
    works();
    detach();
}

/* The time limit is virtual time: threads that wait behind the silent request end with it. */
static unsigned int failed;

static void reader(void *argument)
{
    uint8_t *own = malloc(1 << 19);

    (void)argument;
    if (block_read(block, 0, own, 1 << 19) == -EIO)
        failed++;
    free(own);
}

static void silence_ends(void)
{
    uint64_t start;
    unsigned int pages;

    fake_memory = 600;
    bring_up();
    fake_blkback.lie = BLKBACK_SILENT;
    start = clock_monotonic();
    failed = 0;
    for (unsigned int i = 0; i < 8; i++)
        thread_create("reader", reader, NULL);
    while (failed < 8)
        thread_sleep_until(clock_monotonic() + SECONDS(1));
    CHECK(clock_monotonic() - start <= 2 * BLKFRONT_TIME_LIMIT);
    /* Late answers find nobody, and pages are not used again before the connection ends. */
    pages = fake_pages;
    CHECK(disk()->broken && block_read(block, 0, buffer, 512) == -EIO);
    CHECK(fake_pages == pages && pages > 1);
    detach();
}

/* The answer is in the ring and its event was lost: found before the disk is given up. */
static void last_look(void)
{
    uint64_t start;

    bring_up();
    fake_backend = NULL;
    failed = 0;
    thread_create("reader", reader, NULL);
    thread_yield();
    evtchn_mask((int)fake_frontend_number(&device, "event-channel"));
    fake_blkback_run();
    start = clock_monotonic();
    while (ring_outstanding(&disk()->ring) > 0 && !disk()->broken)
        thread_sleep_until(clock_monotonic() + SECONDS(1));
    CHECK(!disk()->broken && clock_monotonic() - start <= BLKFRONT_TIME_LIMIT + SECONDS(1));
    CHECK(clock_monotonic() - start >= BLKFRONT_TIME_LIMIT - BLKFRONT_TICK);
    thread_yield();
    CHECK(failed == 0);
    evtchn_unmask((int)fake_frontend_number(&device, "event-channel"));
    fake_backend = fake_blkback_run;
    works();
    detach();
}

/* The backend closes while requests are in flight; then it answers all the same. */
static void closes_in_mid_transfer(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        bring_up();
        fake_backend = NULL;
        failed = 0;
        thread_create("reader", reader, NULL);
        thread_yield();
        fake_backend_state(&device, XenbusStateClosing);
        thread_yield();
        CHECK(failed == 1);
        fake_blkback_run();
        thread_yield();
        CHECK(!disk()->broken);
        CHECK(disk()->ids.unused == disk()->ids.count); /* answered, so given back */
        fake_backend_state(&device, i == 0 ? XenbusStateClosed : XenbusStateUnknown);
        CHECK(gnttab_used() == 0);
    }
    bring_up();
    works();
    failed = 0;
    thread_create("reader", reader, NULL);
    fake_backend = NULL;
    thread_yield();
    detach(); /* removed under the reader's feet */
    thread_yield();
    CHECK(failed == 1);
}

/*
 * A backend that restarts shows InitWait and takes up the ring that is: nothing is made anew, and
 * what was asked is answered. A broken ring is not left to it.
 */
static void restarts_behind_a_connection(void)
{
    uint32_t reference;

    bring_up();
    reference = fake_frontend_number(&device, "ring-ref");
    fake_backend = NULL;
    failed = 0;
    thread_create("reader", reader, NULL);
    thread_yield();
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateConnected && disk()->ready);
    CHECK(fake_frontend_number(&device, "ring-ref") == reference);
    fake_backend_state(&device, XenbusStateConnected);
    fake_backend = fake_blkback_run;
    works();
    thread_yield();
    CHECK(failed == 0 && disk()->ids.unused == disk()->ids.count);

    fake_blkback.lie = BLKBACK_WRONG_ID;
    CHECK(block_read(block, 0, buffer, 512) == -EIO && disk()->broken);
    fake_blkback.lie = BLKBACK_HONEST;
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateClosed);
    fake_backend_state(&device, XenbusStateConnected); /* all the same */
    CHECK(block_read(block, 0, buffer, 512) == -EIO);
    bring_up();
    works();
    detach();
}

static unsigned int sleeps_left;

/* In one of the driver's waits for xenstore, the backend lies. */
static void lie_in_sleep(void)
{
    if (sleeps_left-- != 1)
        return;
    fake_store_hook = NULL;
    fake_blkback.lie = BLKBACK_WRONG_ID;
    fake_blkback_run();
    thread_yield();
}

/*
 * A backend starts again behind a connection and breaks it while its properties are read, at each
 * place where that sleeps: the disk is broken then and not ready, whoever calls has an answer, and
 * the domain can be saved.
 */
static void breaks_while_it_starts(void)
{
    unsigned int broken = 0;

    for (unsigned int sleep = 1; sleep < 20; sleep++) {
        bring_up();
        fake_backend = NULL;
        failed = 0;
        thread_create("reader", reader, NULL);
        thread_yield();
        fake_backend_state(&device, XenbusStateInitWait);
        sleeps_left = sleep;
        fake_store_hook = lie_in_sleep;
        fake_backend_state(&device, XenbusStateConnected);
        fake_store_hook = NULL;
        CHECK(!(disk()->broken && disk()->ready));
        broken += disk()->broken;
        fake_blkback.lie = BLKBACK_HONEST;
        fake_backend = fake_blkback_run;
        CHECK(block_read(block, 0, buffer, 512) == (disk()->broken ? -EIO : 0));
        thread_yield();
        CHECK(failed == disk()->broken);
        blkfront_driver.suspend(&device);
        CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
        blkfront_driver.cancel(&device);
    }
    CHECK(broken >= 8 && broken < 19);
    bring_up();
    works();
    detach();
}

static void states_flap(void)
{
    bring_up();
    for (unsigned int i = 0; i < 2000; i++) {
        fake_backend_state(&device, (enum xenbus_state)fake_random(9));
        fake_blkback_connect();
        thread_yield();
    }
    bring_up();
    works();
    detach();
}

/*
 * Events without work: the port stays masked longer and longer, and works at once when there is
 * work.
 */
static void storm_is_braked(void)
{
    unsigned int passed = 0;
    uint32_t port;

    bring_up();
    port = fake_frontend_number(&device, "event-channel");
    fake_backend = NULL;
    while (!fake_port_masked(port)) {
        fake_event(port);
        thread_yield();
        CHECK(++passed < 20);
    }
    CHECK(passed == FRONTEND_IDLE_EVENTS + 1);
    CHECK(fake_timer_next() == FRONTEND_DELAY_FIRST);
    for (unsigned int i = 0; i < 15; i++) {
        CHECK(fake_timers_run(FRONTEND_DELAY_MAX) == 1);
        fake_event(port);
        thread_yield();
    }
    CHECK(fake_timer_next() == FRONTEND_DELAY_MAX);
    CHECK(fake_timers_run(FRONTEND_DELAY_MAX) == 1);
    fake_backend = fake_blkback_run;
    works();
    CHECK(!fake_port_masked(port));
    detach();
}

/*
 * Between any two reads: anything, anywhere in the ring page, most of it near enough to the truth
 * to get far.
 */
static void scribble(void)
{
    struct blkif_sring *shared = disk()->ring_memory;
    struct blkif_response *response;

    if (shared == NULL || fake_random(3) != 0)
        return;
    response = &shared->ring[disk()->ring.consumed % 32].rsp;
    switch (fake_random(6)) {
    case 0:
        response->id = fake_random(40);
        break;
    case 1:
        response->operation = (uint8_t)fake_random(3);
        break;
    case 2:
        response->status = (int16_t)fake_random(65536);
        break;
    case 3:
        shared->rsp_prod += fake_random(5) - 1;
        break;
    case 4:
        ((uint32_t *)shared)[fake_random(1024)] = fake_random(UINT32_MAX);
        break;
    default:
        shared->rsp_prod = disk()->ring.published;
        break;
    }
}

static void any_page_at_any_time(void)
{
    unsigned int broken = 0;

    bring_up();
    for (unsigned int i = 0; i < 1000; i++) {
        ring_hook = NULL;
        bring_up();
        fake_backend = NULL;
        ring_hook = scribble;
        thread_create("reader", reader, NULL);
        for (unsigned int event = 0; event < 4; event++) {
            fake_event(fake_frontend_number(&device, "event-channel"));
            block_write(block, 4096 * fake_random(8), buffer, 512 * (1 + fake_random(200)));
            thread_yield();
        }
        broken += disk()->broken;
    }
    CHECK(broken > 0);
    ring_hook = NULL;
    bring_up();
    works();
    detach();
    thread_yield();
}

ISOLATED(each_lie_breaks_the_device)
ISOLATED(errors_are_errors)
ISOLATED(silence_ends)
ISOLATED(closes_in_mid_transfer)
ISOLATED(restarts_behind_a_connection)
ISOLATED(breaks_while_it_starts)
ISOLATED(last_look)
ISOLATED(states_flap)
ISOLATED(storm_is_braked)
ISOLATED(any_page_at_any_time)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_lie_breaks_the_device),
        cmocka_unit_test(test_errors_are_errors),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_closes_in_mid_transfer),
        cmocka_unit_test(test_restarts_behind_a_connection),
        cmocka_unit_test(test_breaks_while_it_starts),
        cmocka_unit_test(test_last_look),
        cmocka_unit_test(test_states_flap),
        cmocka_unit_test(test_storm_is_braked),
        cmocka_unit_test(test_any_page_at_any_time),
    };

    return cmocka_run_group_tests_name("blkfront_hostile", tests, NULL, NULL);
}
