/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront when its domain is saved: callers wait, requests come to rest, a suspend that is
 * cancelled changes nothing, and in a new domain the callers go on or get errors.
 */
#include "blkfront_user.h"

#define LENGTH 300000u

/* What a caller in a thread of its own got. */
static struct call {
    bool write, done;
    int result;
    uint8_t *data;
} call;

static void settle(void)
{
    thread_sleep_until(deadline_after(MILLISECONDS(10)));
}

static void caller(void *unused)
{
    (void)unused;
    if (call.write)
        call.result = block_write(block, 4096, call.data, LENGTH / 512 * 512);
    else
        call.result = block_read(block, 4096, call.data, LENGTH / 512 * 512);
    call.done = true;
}

static void start_call(bool write)
{
    free(call.data);
    call = (struct call){ .write = write, .data = malloc(LENGTH) };
    for (unsigned int i = 0; i < LENGTH; i++)
        call.data[i] = (uint8_t)(i * 7 + i / 512);
    CHECK(thread_create("caller", caller, NULL) != NULL);
}

static void check_call(void)
{
    settle();
    CHECK(call.done && call.result == 0);
    CHECK(memcmp(call.data, fake_blkback.disk + 4096, LENGTH / 512 * 512) == 0);
}

static int flush_result;

static void flusher(void *unused)
{
    (void)unused;
    flush_result = block_flush(block);
}

/* Callers wait, and go on when it was nothing. */
static void cancelled(void)
{
    unsigned int requests;
    uint64_t start = clock_monotonic();

    bring_up();
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    CHECK(clock_monotonic() - start < MILLISECONDS(100)); /* at rest as soon as it is */
    CHECK(fake_blkback.flushes == 1);
    requests = fake_blkback.requests;
    flush_result = 1;
    start_call(true);
    CHECK(thread_create("flusher", flusher, NULL) != NULL);
    thread_sleep_until(deadline_after(SECONDS(70)));
    CHECK(!call.done && flush_result == 1 && fake_blkback.requests == requests);
    blkfront_driver.cancel(&device);
    check_call();
    CHECK(flush_result == 0 && fake_blkback.flushes == 2);
    CHECK(!timer_pending(&((struct blkfront *)device.private_data)->patience));
}

/* What is under way ends first, with its data where the caller wants it; then nothing starts. */
static void comes_to_rest(void)
{
    bring_up();
    for (unsigned int i = 0; i < 2; i++) {
        fake_backend = NULL;
        start_call(i == 1);
        thread_yield();
        CHECK(!call.done);
        blkfront_driver.suspend(&device);
        CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == -ETIMEDOUT);
        fake_backend = fake_blkback_run;
        CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
        settle();
        CHECK(ring_outstanding(&((struct blkfront *)device.private_data)->ring) == 0);
        blkfront_driver.cancel(&device);
        check_call();
    }
}

/* What could not be flushed here cannot be made up for elsewhere: somebody is told. */
static void flush_fails_at_rest(void)
{
    bring_up();
    fake_blkback.status = BLKIF_RSP_ERROR;
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    fake_blkback.status = BLKIF_RSP_OKAY;
    blkfront_driver.cancel(&device);
    CHECK(block_flush(block) == -EIO);
    CHECK(block_flush(block) == 0);
}

/* A disk that broke while it came to rest is not waited for when it was nothing. */
static void breaks_at_rest(void)
{
    bring_up();
    fake_backend = NULL;
    start_call(false);
    thread_yield();
    blkfront_driver.suspend(&device);
    fake_backend = fake_blkback_run;
    fake_blkback.lie = BLKBACK_WRONG_ID;
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    settle();
    CHECK(call.done && call.result == -EIO);
    start_call(false);
    thread_yield();
    CHECK(!call.done);
    blkfront_driver.cancel(&device);
    settle();
    CHECK(call.done && call.result == -EIO);
}

/* Those of a shared transfer are not tried again with a backend that broke the rules. */
static void breaks_with_several(void)
{
    static uint8_t data[2][4096];

    bring_up();
    fake_backend = NULL;
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 2; i++) {
        make_request(i, BLOCK_READ, 4096 * i, data[i], 4096);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    blkfront_driver.suspend(&device);
    fake_backend = fake_blkback_run;
    fake_blkback.lie = BLKBACK_WRONG_ID;
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    settle();
    CHECK(finished == 2 && requests[0].result == -EIO && requests[1].result == -EIO);
    blkfront_driver.cancel(&device);

    /* A disk that is broken when the domain is saved does not let callers wait. */
    blkfront_driver.suspend(&device);
    start_call(false);
    settle();
    CHECK(call.done && call.result == -EIO);
    blkfront_driver.cancel(&device);
}

/*
 * What is tried again, each alone, while the domain is being saved, stays alone, whatever comes to
 * stand beside it.
 */
static void alone_is_alone(void)
{
    static uint8_t data[3][4096];
    unsigned int before;

    bring_up();
    fake_backend = NULL;
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 2; i++) {
        make_request(i, BLOCK_READ, 4096 * i, data[i], 4096);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    blkfront_driver.suspend(&device);
    fake_backend = fake_blkback_run;
    fake_blkback.bad_sector = 3;
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    make_request(2, BLOCK_READ, 8192, data[2], 4096);
    block_submit(block, &requests[2]);
    CHECK(finished == 0);
    before = fake_blkback.requests;
    blkfront_driver.cancel(&device);
    settle();
    CHECK(finished == 3 && fake_blkback.requests == before + 3);
    CHECK(requests[0].result == -EIO && requests[1].result == 0 && requests[2].result == 0);
}

/* This host's backend cannot flush, which is no news on the next host, where one can. */
static void flush_unknown_at_rest(void)
{
    bring_up();
    fake_backend_node(&device, "feature-flush-cache", "maybe");
    fake_backend_node(&device, "feature-barrier", "0");
    fake_backend_state(&device, XenbusStateClosed);
    meet_backend();
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    fake_backend = NULL;
    blkfront_driver.resume(&device);
    fake_backend_node(&device, "feature-flush-cache", "1");
    replacements = 0;
    meet_backend();
    CHECK(block_flush(block) == 0 && fake_blkback.flushes == 1);
    CHECK(replacements == 0 && block->generation == 1); /* the same disk, connected anew */
}

/* A backend that never answers cannot hold the suspend up for longer than a request may take. */
static void silent_backend(void)
{
    uint64_t start;

    bring_up();
    fake_backend = NULL;
    start_call(false);
    thread_yield();
    start = clock_monotonic();
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(40))) == 0);
    CHECK(clock_monotonic() - start <= BLKFRONT_TIME_LIMIT);
    settle();
    CHECK(call.done && call.result == -EIO);
    blkfront_driver.resume(&device); /* a new life */
    meet_backend();
    start_call(false);
    check_call();
}

/* The new domain: old grants and ports are let go at once; who waited finds the new disk. */
static void restored(void)
{
    bring_up();
    for (unsigned int round = 0; round < 20; round++) {
        start_call(round % 2 == 0);
        thread_yield();
        blkfront_driver.suspend(&device);
        CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
        fake_backend = NULL;
        blkfront_driver.resume(&device);
        CHECK(gnttab_used() == 0 && evtchn_in_use() == 0 && fake_pages == 0);
        settle();
        meet_backend();
        check_call();
        CHECK(fake_timer_next() == UINT64_MAX);
    }
}

static void forget_all(void)
{
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    fake_backend = NULL;
    blkfront_driver.resume(&device);
    start_call(false);
    settle();
    CHECK(!call.done);
}

/* No disk there, or no backend that connects: errors, after a while that has an end. */
static void not_there(void)
{
    bring_up();
    forget_all();
    blkfront_driver.remove(&device);
    settle();
    CHECK(call.done && call.result == -ENODEV);
    fake_blkback_stop();
    CHECK(strstr(fake_log_last, "the disk is gone") != NULL && fake_timer_next() == UINT64_MAX);

    attach("512");
    meet_backend();
    forget_all();
    CHECK(fake_timer_next() <= BLKFRONT_TIME_LIMIT);
    CHECK(fake_timers_run(BLKFRONT_TIME_LIMIT) == 1);
    settle();
    CHECK(call.done && call.result == -ENODEV);
    meet_backend(); /* late, but there */
    start_call(false);
    check_call();

    forget_all(); /* and saved again before it is back, twice, the first in vain */
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    blkfront_driver.cancel(&device);
    settle();
    CHECK(!call.done && fake_timer_next() <= BLKFRONT_TIME_LIMIT);
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    blkfront_driver.resume(&device);
    settle();
    CHECK(!call.done);
    meet_backend();
    check_call();

    forget_all();
    fake_store_fail_write = 1;
    fake_backend_state(&device, XenbusStateInitWait);
    settle();
    CHECK(call.done && call.result == -ENODEV && device.state == XenbusStateClosed);

    meet_backend();
    forget_all();
    fake_backend_state(&device, XenbusStateClosing); /* the new backend wants to go at once */
    settle();
    CHECK(call.done && call.result == -ENODEV && fake_timer_next() == UINT64_MAX);
}

ISOLATED(cancelled)
ISOLATED(comes_to_rest)
ISOLATED(flush_fails_at_rest)
ISOLATED(breaks_at_rest)
ISOLATED(breaks_with_several)
ISOLATED(alone_is_alone)
ISOLATED(flush_unknown_at_rest)
ISOLATED(silent_backend)
ISOLATED(restored)
ISOLATED(not_there)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_comes_to_rest),
        cmocka_unit_test(test_flush_fails_at_rest),
        cmocka_unit_test(test_breaks_at_rest),
        cmocka_unit_test(test_breaks_with_several),
        cmocka_unit_test(test_alone_is_alone),
        cmocka_unit_test(test_flush_unknown_at_rest),
        cmocka_unit_test(test_silent_backend),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_not_there),
    };

    return cmocka_run_group_tests_name("blkfront_restore", tests, NULL, NULL);
}
