/* SPDX-License-Identifier: MIT */
/* The page cache under several threads. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_BLOCK)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "page_cache_user.h"

static int results[8];
static unsigned int finished;

static void reader(void *argument)
{
    unsigned char own[9000];
    uintptr_t number = (uintptr_t)argument;
    int result = disk_read_all(&disk.device, 40960, own, sizeof(own));

    if (result == 0)
        assert_true(disk.bad > 0 || memcmp(own, contents + 40960, sizeof(own)) == 0);
    results[number] = result;
    finished++;
}

static void start_readers(void)
{
    uintptr_t i;

    finished = 0;
    for (i = 0; i < 8; i++)
        thread_create("reader", reader, (void *)i);
}

static void one_request_for_all(void **state)
{
    unsigned int i;

    (void)state;
    disk.delay = MILLISECONDS(1);
    start_readers();
    while (finished < 8)
        thread_sleep_until(deadline_after(MILLISECONDS(1)));
    for (i = 0; i < 8; i++)
        assert_int_equal(results[i], 0);
    assert_int_equal(disk.reads, 1);
}

static void one_error_for_all(void **state)
{
    unsigned int i;

    (void)state;
    disk.delay = MILLISECONDS(1);
    disk.error = -EIO;
    start_readers();
    while (finished < 8)
        thread_sleep_until(deadline_after(MILLISECONDS(1)));
    for (i = 0; i < 8; i++)
        assert_int_equal(results[i], -EIO);
    assert_int_equal(disk.reads, 2); /* the second for the first page alone */
    disk.error = 0;
    cached(40960, 100);
}

/* Who writes all of a page needs nothing of a read that is under way and fails. */
static void write_during_bad_read(void **state)
{
    static unsigned char page[4096];

    (void)state;
    disk.delay = MILLISECONDS(1);
    disk.bad = 40960;
    disk.bad_reads_only = true;
    start_readers();
    thread_yield();
    memset(page, 5, sizeof(page));
    assert_int_equal(disk_write(&disk.device, 40960, page, sizeof(page)), sizeof(page));
    while (finished < 8)
        thread_sleep_until(deadline_after(MILLISECONDS(1)));
    assert_int_equal(disk_sync(&disk.device), 0);
    assert_memory_equal(page, contents + 40960, sizeof(page));
}

static void old_reader(void *argument)
{
    unsigned char own[512];

    (void)argument;
    results[0] = disk_read_all(&disk.device, 40960, own, sizeof(own));
    finished++;
}

/* A write that ends while an older read is on its way: what was read may not stay. */
static void write_during_read(void **state)
{
    static const unsigned char sector[512] = { 1, 2, 3 };

    (void)state;
    disk.delay = MILLISECONDS(5);
    finished = 0;
    thread_create("reader", old_reader, NULL);
    thread_yield(); /* the reader has taken the old contents, and waits */
    disk.delay = MILLISECONDS(1);
    assert_int_equal(block_write(&disk.device, 40960, sector, 512), 0);
    assert_memory_equal(contents + 40960, sector, 512);
    cached(40960, 512);
    while (finished < 1)
        thread_sleep_until(deadline_after(MILLISECONDS(10)));
    assert_int_equal(results[0], 0);
    cached(40960, 512);
}

/* Many threads, a small cache, writes in between; each read sees whole old or new sectors. */
static uint32_t shared_seed = 99;

static void busy_reader(void *argument)
{
    unsigned char own[12000];
    int round;

    (void)argument;
    for (round = 0; round < 300; round++) {
        size_t offset = fake_random_seeded(&shared_seed) % (DISK_SIZE - sizeof(own));
        size_t length = fake_random_seeded(&shared_seed) % sizeof(own);

        assert_int_equal(disk_read_all(&disk.device, offset, own, length), 0);
        assert_memory_equal(own, contents + offset, length);
    }
    finished++;
}

static void many_threads(void **state)
{
    int i;

    (void)state;
    disk.delay = MILLISECONDS(1);
    finished = 0;
    page_cache_set_limit(8);
    for (i = 0; i < 6; i++)
        thread_create("busy", busy_reader, NULL);
    while (finished < 6)
        thread_sleep_until(deadline_after(MILLISECONDS(10)));
    assert_true(fake_pages_in_use <= 8);
}

static uint32_t writer_seed = 5;
static unsigned int syncs;

/* Each has every fourth piece of 5,000 bytes; a page has several writers. */
static void busy_writer(void *argument)
{
    size_t number = (size_t)(uintptr_t)argument;
    unsigned char own[5000];

    for (unsigned int round = 0; round < 200; round++) {
        size_t piece = fake_random_seeded(&writer_seed) % 40 * 4 + number;
        size_t length = 1 + fake_random_seeded(&writer_seed) % 5000;
        uint32_t what = fake_random_seeded(&writer_seed);

        write_model(piece * 5000, length, (unsigned char)what);
        assert_int_equal(disk_read_all(&disk.device, piece * 5000, own, length), 0);
        assert_memory_equal(own, model + piece * 5000, length);
        if (what % 64 == 0) {
            assert_int_equal(disk_sync(&disk.device), 0);
            assert_memory_equal(contents + piece * 5000, model + piece * 5000, length);
            syncs++;
        }
        if (what % 16 == 1)
            thread_sleep_until(deadline_after(MILLISECONDS(what % 3)));
    }
    finished++;
}

static void busy_writers(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    disk.delay = MILLISECONDS(1);
    finished = 0;
    for (uintptr_t i = 0; i < 4; i++)
        thread_create("writer", busy_writer, (void *)i);
    while (finished < 4)
        thread_sleep_until(deadline_after(MILLISECONDS(10)));
    assert_true(syncs > 4);
    synced();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_request_for_all), TEST(one_error_for_all), TEST(write_during_bad_read),
        TEST(write_during_read),   TEST(many_threads),      TEST(busy_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
