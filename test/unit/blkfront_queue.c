/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_BLKFRONT) $(DRIVER_FAKES) test/unit/fake_blkback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * blkfront's queue: who waits how many turns, whose an error is, and how long a request stays.
 */
#include "blkfront_user.h"

#define PAGES 900u /* of the disk, that a writer goes through in order */

static struct block_request others[3];
static unsigned int others_done, written, turns;

static void other_done(struct block_request *request)
{
    CHECK(request->result == 0 && written < PAGES / 2);
    others_done++;
    turns = fake_blkback.requests;
}

static void submit_other(unsigned int i, enum block_operation operation, struct iovec *vector,
                         uint64_t offset)
{
    others[i] = (struct block_request){
        .operation = operation,
        .offset = offset,
        .length = operation == BLOCK_FLUSH ? 0 : 4096,
        .vector = vector,
        .done = other_done,
    };
    block_submit(block, &others[i]);
}

static uint8_t data[4096];

/* The writer's next page, as soon as one is on the disk. */
static void write_next(struct block_request *request)
{
    CHECK(request->result == 0);
    if (++written + 64 > PAGES)
        return;
    request->offset += 64 * 4096;
    block_submit(block, request);
}

/*
 * A writer always has the next page in the queue. Who comes behind it waits for one turn of it, and
 * for what is in the ring by then.
 */
static void turns_behind_a_writer(void)
{
    static struct block_request writes[64];
    static struct iovec vector = { data, 4096 }, into[2];
    static uint8_t read[2][4096];
    unsigned int before;

    attach("512");
    fake_memory = 600;
    bring_up();
    fake_blkback.at_once = 1;
    written = 0;
    for (unsigned int i = 0; i < 64; i++) {
        writes[i] = (struct block_request){
            .operation = BLOCK_WRITE,
            .offset = 4096 * i,
            .length = 4096,
            .vector = &vector,
            .done = write_next,
        };
        block_submit(block, &writes[i]);
    }
    thread_yield();
    CHECK(written < 64);
    before = fake_blkback.requests;
    for (unsigned int i = 0; i < 2; i++)
        into[i] = (struct iovec){ read[i], 4096 };
    submit_other(0, BLOCK_READ, &into[0], 1000 * 4096);
    submit_other(1, BLOCK_FLUSH, NULL, 0);
    submit_other(2, BLOCK_READ, &into[1], 1010 * 4096);
    while (others_done < 3)
        thread_sleep_until(clock_monotonic() + 1);
    CHECK(turns - before <= 32 + 8); /* the ring was full */
    CHECK(memcmp(read[0], fake_blkback.disk + 1000 * 4096, 4096) == 0);
    CHECK(memcmp(read[1], fake_blkback.disk + 1010 * 4096, 4096) == 0);
    while (written < PAGES)
        thread_sleep_until(clock_monotonic() + 1);
    detach();
}

/* In which order ever neighbours come, they are one transfer. */
static void neighbours_in_any_order(void)
{
    static const unsigned char order[] = { 0, 2, 4, 1, 7, 6, 3, 5, 11, 9, 10, 8 };
    static uint8_t into[sizeof(order)][4096];

    attach("512");
    bring_up();
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < sizeof(order); i++) {
        make_request(i, BLOCK_READ, 4096 * (uint64_t)order[i], into[order[i]], 4096);
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    wait_finished(sizeof(order));
    CHECK(block->statistics.transfers == 1);
    CHECK(memcmp(into, fake_blkback.disk, sizeof(into)) == 0);
    detach();
}

/* One sector cannot be read or written: its request has the error, and no other. */
static void errors_are_their_own(void)
{
    static uint8_t into[8][4608];

    attach("512");
    for (unsigned int bad = 0; bad < 8; bad++) {
        for (unsigned int write = 0; write < 2; write++) {
            bring_up();
            finished = 0;
            fake_blkback.bad_sector = 9 * bad + 1;
            memset(into, 0x5a, sizeof(into));
            block_plug(block);
            for (unsigned int i = 0; i < 8; i++) {
                make_request(i, write ? BLOCK_WRITE : BLOCK_READ, 4608 * i, into[i], 4608);
                block_submit(block, &requests[i]);
            }
            block_unplug(block);
            while (finished < 8)
                thread_sleep_until(clock_monotonic() + 1000);
            for (unsigned int i = 0; i < 8; i++) {
                CHECK(requests[i].result == (i == bad ? -EIO : 0));
                CHECK(i == bad || memcmp(into[i], fake_blkback.disk + 4608 * i, 4608) == 0);
            }
        }
    }
    CHECK(block->statistics.errors == 16);
    detach();
}

/* The last piece of a large request shares a transfer; an earlier one of it is bad. */
static void errors_of_pieces(void)
{
    static uint8_t large[65 * 4096], small[4096];

    attach("512");
    for (unsigned int bad = 1; bad <= 66 * 8; bad += 13) {
        bring_up();
        finished = 0;
        fake_blkback.bad_sector = bad;
        block_plug(block);
        make_request(0, BLOCK_READ, 0, large, sizeof(large));
        make_request(1, BLOCK_READ, sizeof(large), small, sizeof(small));
        block_submit(block, &requests[0]);
        block_submit(block, &requests[1]);
        block_unplug(block);
        while (finished < 2)
            thread_sleep_until(clock_monotonic() + 1000);
        CHECK(requests[0].result == (bad < 65 * 8 ? -EIO : 0));
        CHECK(requests[1].result == (bad < 65 * 8 ? 0 : -EIO));
        CHECK(requests[1].result != 0 ||
              memcmp(small, fake_blkback.disk + sizeof(large), sizeof(small)) == 0);
    }
    detach();
}

/* Requests that do not fill transfers evenly: those that share one are whole in it. */
static void errors_of_uneven_ones(void)
{
    static uint8_t into[5][30 * 4096];

    attach("512");
    for (unsigned int bad = 0; bad < 5; bad++) {
        bring_up();
        finished = 0;
        fake_blkback.bad_sector = 30 * 8 * bad + 7;
        block_plug(block);
        for (unsigned int i = 0; i < 5; i++) {
            make_request(i, BLOCK_READ, sizeof(into[0]) * i, into[i], sizeof(into[0]));
            block_submit(block, &requests[i]);
        }
        block_unplug(block);
        while (finished < 5)
            thread_sleep_until(clock_monotonic() + 1000);
        for (unsigned int i = 0; i < 5; i++) {
            CHECK(requests[i].result == (i == bad ? -EIO : 0));
            CHECK(i == bad ||
                  memcmp(into[i], fake_blkback.disk + sizeof(into[0]) * i, sizeof(into[0])) == 0);
        }
    }
    detach();
}

/* A request that ends where another begins which is half sent already. */
static void in_front_of_a_begun_one(void)
{
    static uint8_t large[8 * 4096], small[4096];

    attach("512");
    bring_up();
    fake_backend = NULL;
    fake_grants_left = 4; /* so much of it goes out at first */
    finished = 0;
    make_request(0, BLOCK_READ, 1 << 20, large, sizeof(large));
    block_submit(block, &requests[0]);
    CHECK(requests[0].started == 4 * 4096);
    make_request(1, BLOCK_READ, (1 << 20) - 4096, small, sizeof(small));
    block_submit(block, &requests[1]);
    fake_grants_left = -1;
    fake_backend = fake_blkback_run;
    wait_finished(2);
    CHECK(memcmp(large, fake_blkback.disk + (1 << 20), sizeof(large)) == 0);
    CHECK(memcmp(small, fake_blkback.disk + (1 << 20) - 4096, sizeof(small)) == 0);
    detach();
}

/* What the backend does not know at all is not tried request by request. */
static void not_supported_is_not_retried(void)
{
    attach("512");
    fake_backend_node(&device, "feature-discard", "1");
    bring_up();
    fake_blkback.status = BLKIF_RSP_EOPNOTSUPP;
    finished = 0;
    block_plug(block);
    for (unsigned int i = 0; i < 4; i++) {
        requests[i] = (struct block_request){
            .operation = BLOCK_DISCARD,
            .offset = 4096 * i,
            .length = 4096,
            .done = request_done,
            .argument = &finished,
        };
        block_submit(block, &requests[i]);
    }
    block_unplug(block);
    while (finished < 4)
        thread_sleep_until(clock_monotonic() + 1000);
    for (unsigned int i = 0; i < 4; i++)
        CHECK(requests[i].result == -EOPNOTSUPP);
    CHECK(fake_blkback.discards == 1);
    detach();
}

static unsigned int refused;

static void was_refused(struct block_request *request)
{
    CHECK(request->result == (int)(intptr_t)request->argument);
    refused++;
}

/* The disk that comes back is another than the one for which the request was made. */
static void another_disk_meanwhile(void)
{
    static uint8_t memory[512];
    static struct iovec vector = { memory, 512 };
    static struct block_request queued[2];

    attach("512");
    bring_up();
    blkfront_driver.suspend(&device);
    CHECK(blkfront_driver.drain(&device, deadline_after(SECONDS(1))) == 0);
    fake_backend = NULL;
    blkfront_driver.resume(&device);
    queued[0] = (struct block_request){
        .operation = BLOCK_WRITE,
        .offset = 4096,
        .length = 512,
        .vector = &vector,
        .done = was_refused,
        .argument = (void *)(intptr_t)-EROFS,
    };
    queued[1] = queued[0];
    queued[1].operation = BLOCK_READ;
    queued[1].offset = 8192 + 512;
    queued[1].argument = (void *)(intptr_t)-EINVAL;
    for (unsigned int i = 0; i < 2; i++)
        block_submit(block, &queued[i]);
    CHECK(refused == 0);
    fake_backend_node(&device, "sector-size", "4096");
    fake_backend_node(&device, "info", "4");
    meet_backend();
    CHECK(refused == 2 && fake_blkback.requests == 1); /* the flush at the suspend */
    detach();
}

static uint64_t next_answer;

/* Each answer comes a moment before the driver would give the backend up. */
static bool late(void)
{
    if (clock_monotonic() < next_answer)
        return false;
    next_answer = clock_monotonic() + SECONDS(24);
    return fake_blkback_run();
}

/* A backend that answers, but hardly ever: what is not sent in time fails. */
static void queued_for_too_long(void)
{
    static uint8_t into[512];
    unsigned int failed = 0;
    uint64_t start;

    attach("512");
    bring_up();
    fake_backend = late;
    next_answer = clock_monotonic() + SECONDS(24);
    start = clock_monotonic();
    finished = 0;
    for (unsigned int i = 0; i < REQUESTS; i++) {
        make_request(i, BLOCK_READ, 4096 * (uint64_t)i, into, 512);
        vectors[i][0].iov_len = 512;
        block_submit(block, &requests[i]);
    }
    while (finished < REQUESTS)
        thread_sleep_until(clock_monotonic() + SECONDS(1));
    for (unsigned int i = 0; i < REQUESTS; i++) {
        CHECK(requests[i].result == 0 || requests[i].result == -EIO);
        failed += requests[i].result != 0;
    }
    CHECK(failed > REQUESTS / 2 && failed < REQUESTS - 100);
    CHECK(!((struct blkfront *)block->private_data)->broken);
    CHECK(clock_monotonic() - start < BLKFRONT_QUEUE_LIMIT + BLKFRONT_TIME_LIMIT);
    fake_backend = fake_blkback_run;
    check_read(0, 8192);
    detach();
}

ISOLATED(turns_behind_a_writer)
ISOLATED(neighbours_in_any_order)
ISOLATED(errors_are_their_own)
ISOLATED(errors_of_pieces)
ISOLATED(errors_of_uneven_ones)
ISOLATED(in_front_of_a_begun_one)
ISOLATED(not_supported_is_not_retried)
ISOLATED(another_disk_meanwhile)
ISOLATED(queued_for_too_long)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_behind_a_writer),
        cmocka_unit_test(test_neighbours_in_any_order),
        cmocka_unit_test(test_errors_are_their_own),
        cmocka_unit_test(test_errors_of_pieces),
        cmocka_unit_test(test_errors_of_uneven_ones),
        cmocka_unit_test(test_in_front_of_a_begun_one),
        cmocka_unit_test(test_not_supported_is_not_retried),
        cmocka_unit_test(test_another_disk_meanwhile),
        cmocka_unit_test(test_queued_for_too_long),
    };

    return cmocka_run_group_tests_name("blkfront_queue", tests, NULL, NULL);
}
