/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront with an honest backend: data, flushes and discards, one request or hundreds at a time.
 */
#include "blkfront_user.h"

#define SEGMENTS 64u /* of one request, as fake_blkback offers them */

static const size_t lengths[] = {
    512,
    4096,
    4608,
    11 * 4096,
    11 * 4096 + 512,
    12 * 4096,
    64 * 4096,
    65 * 4096 + 1024,
    1 << 20,
    (1 << 20) + 512,
    3 << 20,
};

static void data_goes_both_ways(void)
{
    attach("512");
    bring_up();
    CHECK(strcmp(block->name, "xvda") == 0 && block->size == SECTORS * 512 &&
          block->sector_size == 512);
    CHECK(!block->read_only && fake_settled > 0);
    for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        check_read(512 * i, lengths[i]);
        check_write(1024 * i, lengths[i], (uint8_t)i);
        check_read(0, lengths[i]);
    }
    CHECK(fake_blkback.indirect > 0);
    CHECK(fake_blkback.in_flight_most > 3);
    detach();
}

static void few_notifications(void)
{
    unsigned int before;

    attach("512");
    bring_up();
    before = fake_notifications(fake_frontend_number(&device, "event-channel"));
    check_read(0, 1 << 20);
    CHECK(fake_notifications(fake_frontend_number(&device, "event-channel")) - before <= 2);
    detach();
}

static unsigned int threads_left;

static void many_transfers(void *argument)
{
    uintptr_t number = (uintptr_t)argument;

    for (unsigned int i = 0; i < 20; i++) {
        check_write(number << 18, 4096 * (1 + (number * 5 + i) % 40), (uint8_t)(number + i));
        check_read(number << 18, 1 << 17);
        thread_yield();
    }
    threads_left--;
}

static void threads_at_once(void)
{
    attach("512");
    fake_memory = 600; /* the smallest pool: threads wait for each other's pages */
    bring_up();
    fake_blkback.at_once = 1;
    threads_left = 16;
    for (uintptr_t i = 0; i < 16; i++)
        thread_create("transfers", many_transfers, (void *)i);
    while (threads_left > 0)
        thread_sleep_until(clock_monotonic() + 1000);
    detach();
}

static void large_sectors(void)
{
    attach("4096");
    bring_up();
    CHECK(block->sector_size == 4096 && block->size == SECTORS * 512);
    check_write(4096, 8 * 4096, 1);
    check_read(0, 20 * 4096);
    detach();
}

static void memory_runs_out(void)
{
    uint8_t buffer[8192];

    attach("512");
    bring_up();
    fake_page_failures = 1;
    CHECK(block_read(block, 0, buffer, sizeof(buffer)) == -ENOMEM);
    check_read(0, 4096);
    fake_page_failures = 1000; /* one page is there by now: it must do */
    check_read(0, 100 * 4096);
    fake_page_failures = 0;
    fake_grants_left = 3;
    check_read(0, 100 * 4096);
    fake_grants_left = -1;
    detach();
}

static void flush_as_offered(void)
{
    attach("512");
    bring_up();
    CHECK(block_flush(block) == 0 && fake_blkback.flushes == 1);
    fake_blkback.status = BLKIF_RSP_ERROR;
    CHECK(block_flush(block) == -EIO);
    fake_blkback.status = BLKIF_RSP_EOPNOTSUPP;
    CHECK(block_flush(block) == -EOPNOTSUPP);
    fake_blkback.status = BLKIF_RSP_OKAY;
    CHECK(block_flush(block) == -EOPNOTSUPP); /* never again */

    fake_backend_node(&device, "feature-flush-cache", "0");
    bring_up();
    CHECK(block_flush(block) == 0 && fake_blkback.barriers == 1);

    fake_backend_node(&device, "feature-barrier", "0");
    bring_up();
    fake_blkback.flushes = fake_blkback.barriers = 0;
    CHECK(block_flush(block) == 0);
    CHECK(fake_blkback.flushes == 0 && fake_blkback.barriers == 0);

    fake_backend_node(&device, "feature-flush-cache", "maybe");
    bring_up();
    CHECK(block_flush(block) == -EOPNOTSUPP);
    fake_backend_node(&device, "info", "4");
    bring_up();
    CHECK(block->read_only && block_flush(block) == 0);
    detach();
}

/* Many at once, a few of them read backwards: fewer transfers than requests, and all data. */
static void neighbours_merge(void)
{
    uint8_t *data = malloc(REQUESTS * 4096);
    const struct block_statistics *done;
    unsigned int before;

    attach("512");
    fake_backend_node(&device, "max-ring-page-order", "2");
    fake_memory = 256 << 8;
    bring_up();
    done = &block->statistics;
    for (unsigned int i = 0; i < REQUESTS * 4096; i++)
        data[i] = (uint8_t)(i * 31 + i / 4096);
    finished = 0;
    before = fake_blkback.requests;
    block_plug(block);
    for (unsigned int i = 0; i < REQUESTS; i++) {
        make_request(i, BLOCK_WRITE, 4096 * i, data + 4096 * i, 4096);
        block_submit(block, &requests[i]);
    }
    CHECK(finished == 0);
    thread_sleep_until(clock_monotonic() + 1000);
    CHECK(fake_blkback.requests == before);
    block_unplug(block);
    wait_finished(REQUESTS);
    CHECK(fake_blkback.requests - before == (REQUESTS + SEGMENTS - 1) / SEGMENTS);
    CHECK(done->requests[BLOCK_WRITE] == REQUESTS && done->bytes[BLOCK_WRITE] == REQUESTS * 4096);
    CHECK(done->transfers == (REQUESTS + SEGMENTS - 1) / SEGMENTS &&
          done->merged == REQUESTS - done->transfers);
    CHECK(memcmp(data, fake_blkback.disk, REQUESTS * 4096) == 0);

    memset(data, 0, REQUESTS * 4096);
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 16; i++) {
        unsigned int place = 15 - i;

        make_request(i, BLOCK_READ, 1536 * place, data + 1536 * place, 1536);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    wait_finished(16);
    CHECK(done->transfers == (REQUESTS + SEGMENTS - 1) / SEGMENTS + 1);
    CHECK(memcmp(data, fake_blkback.disk, 16 * 1536) == 0);
    free(data);
    detach();
}

/* More than the ring holds, of all sizes, in no order, and again from `done` itself. */
static void many_at_once(void)
{
    uint8_t *data = malloc(REQUESTS << 15);

    attach("512");
    bring_up();
    fake_blkback.at_once = 3;
    finished = 0;
    again = 500;
    for (unsigned int i = 0; i < REQUESTS; i++) {
        uint64_t offset = 512 * (uint64_t)fake_random(SECTORS - 64);

        make_request(i, BLOCK_READ, offset, data + (i << 15), 1536 + 512 * fake_random(60));
        block_submit(block, &requests[i]);
    }
    while (finished < REQUESTS + 500)
        thread_sleep_until(clock_monotonic() + 1000);
    for (unsigned int i = 0; i < REQUESTS; i++)
        CHECK(requests[i].result == 0 &&
              memcmp(data + (i << 15), fake_blkback.disk + requests[i].offset,
                     requests[i].length) == 0);
    CHECK(finished == REQUESTS + 500 && block->statistics.errors == 0);
    CHECK(fake_blkback.in_flight_most == 32);
    free(data);
    detach();
}

static void answer_at_once(void)
{
    fake_blkback_run();
}

/*
 * The backend answers between any two reads and the user asks again from `done`: still an event
 * brings no more answers than were outstanding when it came.
 */
static void an_event_ends(void)
{
    static uint8_t data[16][1536];

    attach("512");
    bring_up();
    finished = 0;
    again = 10000;
    block_plug(block);
    for (unsigned int i = 0; i < 16; i++) {
        make_request(i, BLOCK_READ, 4096 * (uint64_t)i, data[i], sizeof(data[i]));
        block_submit(block, &requests[i]);
    }
    fake_backend = NULL;
    ring_hook = answer_at_once;
    block_unplug(block);
    while (again > 0) {
        unsigned int before = finished;

        thread_yield();
        CHECK(finished > before && finished - before <= 16);
    }
    ring_hook = NULL;
    detach();
}

static bool small_passed;

static void small_done(struct block_request *request)
{
    (void)request;
    small_passed = finished == 0;
}

/* A small request is not held up by all of a large one; a call while plugged does not hang. */
static void small_ones_pass(void)
{
    static uint8_t large[4 << 20], small[512];

    attach("512");
    fake_memory = 600;
    bring_up();
    fake_blkback.at_once = 1;
    finished = 0;
    make_request(0, BLOCK_READ, 0, large, sizeof(large));
    block_submit(block, &requests[0]);
    make_request(1, BLOCK_READ, 0, small, sizeof(small));
    requests[1].done = small_done;
    block_submit(block, &requests[1]);
    wait_finished(1);
    CHECK(small_passed);
    CHECK(memcmp(large, fake_blkback.disk, sizeof(large)) == 0);
    block_plug(block);
    check_read(512, 4096);
    block_unplug(block);
    detach();
}

static void errors_reach_all(void)
{
    static uint8_t data[8 * 4096];

    attach("512");
    bring_up();
    fake_blkback.status = BLKIF_RSP_ERROR;
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 8; i++) {
        make_request(i, BLOCK_READ, 4096 * i, data + 4096 * i, 4096);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    while (finished < 8)
        thread_sleep_until(clock_monotonic() + 1000);
    for (unsigned int i = 0; i < 8; i++)
        CHECK(requests[i].result == -EIO);
    CHECK(block->statistics.errors == 8);
    fake_blkback.status = BLKIF_RSP_OKAY;

    /* Wrong from the start, and a disk that goes with a full queue. */
    finished = 0;
    make_request(0, BLOCK_READ, 4096 * SECTORS, data, 4096);
    block_submit(block, &requests[0]);
    make_request(1, BLOCK_WRITE, 1, data, 4096);
    block_submit(block, &requests[1]);
    CHECK(finished == 2 && requests[0].result == -ENXIO && requests[1].result == -EINVAL);
    fake_backend = NULL;
    for (unsigned int i = 0; i < 100; i++) {
        make_request(i, BLOCK_READ, 8192 * i, data, 4096);
        block_submit(block, &requests[i]);
    }
    CHECK(finished == 2);
    fake_backend_state(&device, XenbusStateClosing);
    CHECK(finished == 102);
    for (unsigned int i = 0; i < 100; i++)
        CHECK(requests[i].result == (i < 32 ? -EIO : -ENODEV));
    detach();
}

static void discards(void)
{
    uint8_t *disk;

    attach("512");
    bring_up();
    CHECK(block_discard(block, 0, 4096, false) == -EOPNOTSUPP);
    fake_backend_node(&device, "feature-discard", "1");
    bring_up();
    CHECK(block->discard_granularity == 512 && !block->discard_secure);
    CHECK(block_discard(block, 0, 4096, true) == -EOPNOTSUPP);
    fake_backend_node(&device, "discard-granularity", "65536");
    fake_backend_node(&device, "discard-alignment", "4096");
    fake_backend_node(&device, "discard-secure", "1");
    bring_up();
    CHECK(block->discard_granularity == 65536 && block->discard_alignment == 4096);
    disk = fake_blkback.disk;
    memset(disk, 0x77, fake_blkback.size);
    CHECK(block_discard(block, 512, (1 << 20) - 512, false) == 0 && fake_blkback.discards == 1);
    CHECK(disk[511] != 0 && disk[512] == 0 && disk[(1 << 20) - 1] == 0 && disk[1 << 20] != 0);
    CHECK(block_discard(block, 1 << 20, 512, true) == 0 && fake_blkback.secure_discards == 1);
    CHECK(block_discard(block, 4096 * 1024, 512, false) == -ENXIO);
    CHECK(block_discard(block, 100, 512, false) == -EINVAL);
    fake_blkback.status = BLKIF_RSP_ERROR;
    CHECK(block_discard(block, 0, 512, false) == -EIO);
    fake_blkback.status = BLKIF_RSP_EOPNOTSUPP;
    CHECK(block_discard(block, 0, 512, false) == -EOPNOTSUPP);
    fake_blkback.status = BLKIF_RSP_OKAY;
    CHECK(block_discard(block, 0, 512, false) == -EOPNOTSUPP && fake_blkback.discards == 4);
    fake_backend_node(&device, "info", "4");
    bring_up();
    CHECK(block_discard(block, 0, 512, false) == -EROFS);
    detach();
}

ISOLATED(data_goes_both_ways)
ISOLATED(few_notifications)
ISOLATED(threads_at_once)
ISOLATED(large_sectors)
ISOLATED(memory_runs_out)
ISOLATED(flush_as_offered)
ISOLATED(neighbours_merge)
ISOLATED(many_at_once)
ISOLATED(an_event_ends)
ISOLATED(small_ones_pass)
ISOLATED(errors_reach_all)
ISOLATED(discards)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_goes_both_ways), cmocka_unit_test(test_few_notifications),
        cmocka_unit_test(test_threads_at_once),     cmocka_unit_test(test_large_sectors),
        cmocka_unit_test(test_memory_runs_out),     cmocka_unit_test(test_flush_as_offered),
        cmocka_unit_test(test_neighbours_merge),    cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_an_event_ends),       cmocka_unit_test(test_small_ones_pass),
        cmocka_unit_test(test_errors_reach_all),    cmocka_unit_test(test_discards),
    };

    return cmocka_run_group_tests_name("blkfront_transfer", tests, NULL, NULL);
}
