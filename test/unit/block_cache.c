/* SPDX-License-Identifier: MIT */
/* Block devices: the registry's checks, unaligned access, the cache (also with several threads). */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c
// SRCS: lib/block/registry.c lib/block/request.c lib/block/bytes.c lib/block/ramdisk.c lib/block/cache.c lib/block/cache_write.c lib/kernel/log_limit.c
// SRCS: lib/block/cache_pages.c lib/mm/pressure.c
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_disk.h"
#include "../../lib/block/cache_pages.h"
#include "lib/blockcache.h"
#include "lib/memory_pressure.h"
#include "lib/sched.h"

#define DISK_SIZE (1024 * 1024)
#define LIMIT 32

static unsigned char contents[DISK_SIZE];
static unsigned char buffer[DISK_SIZE];
static struct fake_disk disk;

static void fill_contents(void)
{
    uint32_t seed = 7;
    size_t i;

    for (i = 0; i < DISK_SIZE; i++)
        contents[i] = (unsigned char)fake_random_seeded(&seed);
}

static int set_up(void **state)
{
    (void)state;
    fill_contents();
    block_cache_set_limit(LIMIT);
    fake_disk_create_queued(&disk, "xvda", contents, DISK_SIZE, 512);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    thread_sleep_until(deadline_after(SECONDS(11))); /* timers end */
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static void cached(size_t offset, size_t length)
{
    memset(buffer, 0, length);
    assert_int_equal(block_cache_read(&disk.device, offset, buffer, length), 0);
    assert_memory_equal(buffer, contents + offset, length);
}

static void registry(void **state)
{
    struct block_device other = { .name = "xvda", .size = 512, .sector_size = 512 };

    (void)state;
    assert_int_equal(block_register(&other), -EEXIST);
    strcpy(other.name, "xvdb");
    other.sector_size = 1000;
    assert_int_equal(block_register(&other), -EINVAL);
    assert_ptr_equal(block_find("xvda"), &disk.device);
    assert_null(block_find("xvdb"));
    assert_ptr_equal(block_at(0), &disk.device);
    assert_null(block_at(1));
    assert_int_equal(block_read(&disk.device, 1, buffer, 512), -EINVAL);
    assert_int_equal(block_read(&disk.device, 0, buffer, 511), -EINVAL);
    assert_int_equal(block_read(&disk.device, DISK_SIZE, buffer, 512), -ENXIO);
    assert_int_equal(block_read(&disk.device, (uint64_t)-512, buffer, 1024), -ENXIO);
    assert_int_equal(block_read(&disk.device, DISK_SIZE, buffer, 0), 0);
    disk.device.read_only = true;
    assert_int_equal(block_write(&disk.device, 0, buffer, 512), -EROFS);
    assert_int_equal(block_write_bytes(&disk.device, 0, buffer, 1), -EROFS);
    disk.device.read_only = false;
    assert_int_equal(block_flush(&disk.device), 0);
    assert_int_equal(disk.reads + disk.writes, 0);
}

static void unaligned(void **state)
{
    static unsigned char before[DISK_SIZE];
    uint32_t seed = 3;
    int round;

    (void)state;
    for (round = 0; round < 500; round++) {
        size_t offset = fake_random_seeded(&seed) % 20000;
        size_t length = fake_random_seeded(&seed) % 5000;

        memset(buffer, round, length);
        memcpy(before, contents, DISK_SIZE);
        memcpy(before + offset, buffer, length);
        assert_int_equal(block_write_bytes(&disk.device, offset, buffer, length), 0);
        assert_memory_equal(before, contents, 32768);
        assert_int_equal(block_read_bytes(&disk.device, offset / 2, buffer, length), 0);
        assert_memory_equal(buffer, contents + offset / 2, length);
    }
    assert_int_equal(block_read_bytes(&disk.device, DISK_SIZE - 1, buffer, 2), -ENXIO);
    fake_fail_at = 1;
    assert_int_equal(block_read_bytes(&disk.device, 1, buffer, 2), -ENOMEM);
}

static void hot_data_cost_nothing(void **state)
{
    (void)state;
    cached(5000, 612);
    assert_int_equal(disk.reads, 1);
    cached(5000, 612);
    cached(4096, 4096);
    assert_int_equal(disk.reads, 1);
    cached(8000, 612); /* two pages, the second missing: it follows, so two runs are read */
    assert_int_equal(disk.reads, 3);
    cached(12000, 28000); /* the first of them */
    assert_int_equal(disk.reads, 3);
    cached(40960, 100); /* the second begins: the third is asked for */
    assert_int_equal(disk.reads, 4);
}

static void large_reads_bypass(void **state)
{
    struct block_cache_statistics statistics;

    (void)state;
    cached(512, 256 * 1024);
    assert_int_equal(disk.reads, 1);
    assert_int_equal(disk.longest, 256 * 1024);
    cached(700, 256 * 1024 + 13); /* a head up to a page, the middle at once, a tail */
    assert_int_equal(disk.reads, 4);
    block_cache_statistics(&statistics);
    assert_true(statistics.pages <= LIMIT);
}

static void bounded(void **state)
{
    struct block_cache_statistics statistics;
    size_t i;

    (void)state;
    for (i = 0; i < 200; i++)
        cached((i * 37 % 255) * 4096 + 100, 4000);
    block_cache_statistics(&statistics);
    assert_true(statistics.pages <= LIMIT && statistics.pages > LIMIT / 2);
    assert_int_equal(fake_pages_in_use, statistics.pages);
    assert_int_equal(block_cache_shrink(5), 5);
    assert_int_equal(fake_pages_in_use, statistics.pages - 5);
    block_cache_set_limit(8);
    assert_int_equal(fake_pages_in_use, 8);
}

static void random_reads(void **state)
{
    uint32_t seed = 11;
    int round;

    (void)state;
    for (round = 0; round < 3000; round++) {
        size_t offset = fake_random_seeded(&seed) % DISK_SIZE;
        size_t length = fake_random_seeded(&seed) % 50000;

        if (offset + length > DISK_SIZE)
            length = DISK_SIZE - offset;
        if (round % 5 == 0)
            assert_int_equal(block_write_bytes(&disk.device, offset, buffer, length % 9000), 0);
        if (round % 17 == 0)
            fake_fail_at = 1 + fake_random_seeded(&seed) % 3;
        cached(offset, length);
        fake_fail_at = 0;
    }
}

static void large_sectors(void **state)
{
    (void)state;
    disk.device.sector_size = 4096;
    cached(513, 100);
    cached(513, 300000);
    cached(DISK_SIZE - 5000, 5000);
}

static void errors_are_not_cached(void **state)
{
    (void)state;
    disk.error = -EIO;
    assert_int_equal(block_cache_read(&disk.device, 0, buffer, 100), -EIO);
    assert_int_equal(block_cache_read(&disk.device, 0, buffer, 20000), -EIO);
    assert_int_equal(fake_pages_in_use, 0);
    disk.error = 0;
    cached(0, 100);
    assert_int_equal(block_cache_read(&disk.device, DISK_SIZE - 1, buffer, 2), -ENXIO);
    assert_int_equal(block_cache_read(&disk.device, UINT64_MAX, buffer, 2), -ENXIO);
}

/* A reader that goes in order waits for the first run, and then finds what it wants. */
static void reads_ahead(void **state)
{
    (void)state;
    disk.delay = MILLISECONDS(1);
    cached(0, 4096);
    cached(4096, 4096);
    for (size_t offset = 8192; offset < 400000; offset += 4096) {
        uint64_t start = clock_monotonic();

        cached(offset, 4096);
        assert_int_equal(clock_monotonic(), start);
        thread_sleep_until(deadline_after(MILLISECONDS(2)));
    }
    assert_true(disk.reads < 20);
    assert_int_equal(disk.longest, 8 * 4096);
    cached(DISK_SIZE - 8192, 4096);
    cached(DISK_SIZE - 4096, 4096); /* nothing behind the end */
    thread_sleep_until(deadline_after(MILLISECONDS(2)));
    assert_int_equal(disk.under_way, 0);
}

/* Writes. `model` is what readers must see, `contents` what the disk has. */

static unsigned char model[DISK_SIZE];

static void write_model(size_t offset, size_t length, unsigned char value)
{
    memset(model + offset, value, length);
    assert_int_equal(block_cache_write(&disk.device, offset, model + offset, length), 0);
}

static void check_model(size_t offset, size_t length)
{
    assert_int_equal(block_cache_read(&disk.device, offset, buffer, length), 0);
    assert_memory_equal(buffer, model + offset, length);
}

static void synced(void)
{
    struct block_cache_statistics statistics;

    assert_int_equal(block_cache_sync(&disk.device), 0);
    assert_memory_equal(model, contents, DISK_SIZE);
    block_cache_statistics(&statistics);
    assert_int_equal(statistics.unwritten, 0);
}

static void writes_are_gathered(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    for (size_t i = 0; i < 100; i++)
        write_model(5000 + i * 100, 100, (unsigned char)i);
    assert_int_equal(disk.writes, 0);
    check_model(4000, 20000);
    assert_int_equal(disk.flushes, 0);
    synced();
    disk.reads = 0;
    check_model(5000, 10000); /* it stays in memory */
    assert_int_equal(disk.reads, 0);
    assert_int_equal(disk.flushes, 1);
    assert_int_equal(disk.writes, 3);
    synced();
    assert_int_equal(disk.writes, 3);
    assert_int_equal(disk.flushes, 2);
    /* Whole pages are not read before. */
    disk.reads = 0;
    write_model(200 * 4096, 4096, 3);
    assert_int_equal(disk.reads, 0);
    assert_int_equal(block_cache_write(&disk.device, DISK_SIZE - 1, model, 2), -ENXIO);
    disk.device.read_only = true;
    assert_int_equal(block_cache_write(&disk.device, 0, model, 2), -EROFS);
    disk.device.read_only = false;
    /* After a while it is written without being asked. */
    thread_sleep_until(deadline_after(SECONDS(6)));
    assert_memory_equal(model, contents, DISK_SIZE);
    synced();
}

static void few_pages_wait(void **state)
{
    struct block_cache_statistics statistics;

    (void)state;
    memcpy(model, contents, DISK_SIZE);
    disk.delay = MILLISECONDS(3);
    for (size_t i = 0; i < 300; i++) {
        write_model(i * 53 % 255 * 4096 + 77, 3000, (unsigned char)i);
        block_cache_statistics(&statistics);
        assert_true(statistics.unwritten <= LIMIT / 4);
        assert_true(statistics.pages <= LIMIT);
    }
    synced();
}

/* Straight to the disk and back, around what is not written yet. */
static void large_ones_go_past(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    disk.delay = MILLISECONDS(1);
    for (size_t i = 0; i < 8; i++)
        write_model(i * 20000 + 10, 100, 17);
    check_model(0, 200000);
    write_model(8192 + 4000, 300, 18);
    write_model(8192, 131072, 19);
    check_model(0, 200000);
    write_model(8192, 50, 20);
    assert_int_equal(block_write(&disk.device, 8192 + 512, model + 8192 + 512, 512), 0);
    check_model(8192, 4096); /* what is not written yet outlasts a write beside the cache */
    block_cache_settle(&disk.device, 8000, 1000);
    assert_memory_equal(contents + 8192, model + 8192, 50);
    check_model(0, 32768);
    synced();
    check_model(0, DISK_SIZE);
}

/* What is changed while it is being written is written again, by the same sync. */
static void changed_on_the_way(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    disk.delay = MILLISECONDS(2);
    write_model(4096, 4096, 1);
    cache_writes_start_all();
    write_model(4096, 4096, 2);
    synced();
    assert_int_equal(disk.writes, 2);
}

static void errors_are_told_once(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    fake_log_clear();
    assert_int_equal(block_cache_write(&disk.device, 4096, buffer, 4096), 0);
    disk.error = -EIO;
    assert_int_equal(block_cache_sync(&disk.device), -EIO);
    disk.error = 0;
    assert_non_null(strstr(fake_log, "xvda: something that was written is lost (error 5)"));
    assert_int_equal(block_cache_sync(&disk.device), 0);
    check_model(0, 16384);
    /* In the background, it waits for the next sync. */
    assert_int_equal(block_cache_write(&disk.device, 4096, buffer, 4096), 0);
    disk.error = -EIO;
    thread_sleep_until(deadline_after(SECONDS(6)));
    disk.error = 0;
    check_model(0, 16384);
    assert_int_equal(block_cache_sync(&disk.device), -EIO);
    synced();
}

/* Another disk takes this one's place: nothing of the old one is written to it, or read from it. */
static void another_disk(void **state)
{
    unsigned int writes;

    (void)state;
    memcpy(model, contents, DISK_SIZE);
    assert_int_equal(block_cache_write(&disk.device, 0, buffer, 12000), 0);
    cached(40000, 100);
    block_contents_replaced(&disk.device);
    check_model(0, 65536);
    assert_int_equal(block_cache_sync(&disk.device), -EIO);
    writes = disk.writes;
    synced();
    assert_int_equal(writes, disk.writes);
    /* The same disk, connected anew: what is not written still belongs there. */
    write_model(0, 12000, 9);
    memset(contents + 40000, 1, 100);
    memset(model + 40000, 1, 100);
    block_contents_kept(&disk.device);
    check_model(0, 65536);
    synced();
    /* While some of it is on its way. */
    disk.delay = MILLISECONDS(1);
    write_model(0, 4096, 10);
    cache_writes_start_all();
    write_model(0, 100, 11);
    block_contents_replaced(&disk.device);
    thread_sleep_until(deadline_after(MILLISECONDS(5)));
    memset(model, 10, 100);
    check_model(0, 4096);
    assert_int_equal(block_cache_sync(&disk.device), -EIO);
    synced();
}

static void shrunk(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    write_model(500000, 10000, 5);
    cached(100000, 5000);
    block_resize(&disk.device, 102400);
    assert_int_equal(block_cache_sync(&disk.device), -ENXIO);
    assert_int_equal(block_cache_sync(&disk.device), 0);
    memcpy(model, contents, DISK_SIZE);
    check_model(0, 102400);
    assert_int_equal(block_cache_read(&disk.device, 102000, buffer, 401), -ENXIO);
    block_resize(&disk.device, DISK_SIZE);
    check_model(0, 200000);
}

/* The page right behind the new end is an error, too. */
static void shrunk_to_its_start(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    write_model(102400, 4096, 5);
    block_resize(&disk.device, 102400);
    assert_int_equal(block_cache_sync(&disk.device), -ENXIO);
    block_resize(&disk.device, DISK_SIZE);
    memcpy(model, contents, DISK_SIZE);
    synced();
}

/* What memory held behind the old end reaches neither the disk nor a reader. */
static void grown(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    block_resize(&disk.device, 102400 + 512);
    write_model(102400, 100, 5);
    block_resize(&disk.device, DISK_SIZE);
    check_model(102400 + 50, 4000);
    write_model(102400 + 600, 100, 6);
    synced();
    /* Without a reader in between, and while it is being written. */
    block_resize(&disk.device, 102400 + 512);
    disk.delay = MILLISECONDS(1);
    write_model(102400, 100, 7);
    cache_writes_start_all();
    write_model(102400, 100, 8);
    block_resize(&disk.device, DISK_SIZE);
    synced();
    check_model(102400 + 50, 4000);
}

static void memory_is_given_back(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    write_model(0, 4096, 5);
    write_model(8192, 4096, 5);
    assert_int_equal(fake_pages_in_use, 2);
    memory_pressure_release(10); /* asks again as long as something comes back */
    memory_pressure_release(10);
    assert_int_equal(fake_pages_in_use, 0);
    assert_memory_equal(model, contents, DISK_SIZE);
    for (unsigned int fail = 1; fail < 6; fail++) {
        fake_fail_at = fail;
        write_model(fail * 30000, 9000, (unsigned char)fail);
        fake_fail_at = 0;
    }
    synced();
}

/* Threads */

static int results[8];
static unsigned int finished;

static void reader(void *argument)
{
    unsigned char own[9000];
    uintptr_t number = (uintptr_t)argument;
    int result = block_cache_read(&disk.device, 40960, own, sizeof(own));

    if (result == 0)
        assert_memory_equal(own, contents + 40960, sizeof(own));
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
    assert_int_equal(disk.reads, 1);
    disk.error = 0;
    cached(40960, 100);
}

static void old_reader(void *argument)
{
    unsigned char own[512];

    (void)argument;
    results[0] = block_cache_read(&disk.device, 40960, own, sizeof(own));
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

        assert_int_equal(block_cache_read(&disk.device, offset, own, length), 0);
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
    block_cache_set_limit(8);
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
        assert_int_equal(block_cache_read(&disk.device, piece * 5000, own, length), 0);
        assert_memory_equal(own, model + piece * 5000, length);
        if (what % 64 == 0) {
            assert_int_equal(block_cache_sync(&disk.device), 0);
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

static void ramdisk(void **state)
{
    struct block_device *device;

    (void)state;
    fake_log_clear();
    assert_int_equal(ramdisk_register(contents, 100 * 512 + 3), 0);
    assert_non_null(strstr(fake_log, "3 of 51203 bytes"));
    device = block_find("ramdisk");
    assert_non_null(device);
    assert_int_equal(device->size, 51200);
    assert_int_equal(block_cache_read(device, 77, buffer, 5000), 0);
    assert_memory_equal(buffer, contents + 77, 5000);
    assert_int_equal(block_cache_read(device, 51200, buffer, 1), -ENXIO);
    assert_int_equal(block_write(device, 0, buffer, 512), -EROFS);
    assert_int_equal(ramdisk_register(contents, 512), 0);
    assert_non_null(block_find("ramdisk1"));
    while ((device = block_at(1)) != NULL) {
        block_unregister(device);
        free(device);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registry),
        TEST(unaligned),
        TEST(hot_data_cost_nothing),
        TEST(reads_ahead),
        TEST(writes_are_gathered),
        TEST(few_pages_wait),
        TEST(large_ones_go_past),
        TEST(changed_on_the_way),
        TEST(errors_are_told_once),
        TEST(another_disk),
        TEST(shrunk),
        TEST(shrunk_to_its_start),
        TEST(grown),
        TEST(memory_is_given_back),
        TEST(busy_writers),
        TEST(large_reads_bypass),
        TEST(bounded),
        TEST(random_reads),
        TEST(large_sectors),
        TEST(errors_are_not_cached),
        TEST(one_request_for_all),
        TEST(one_error_for_all),
        TEST(write_during_read),
        TEST(many_threads),
        TEST(ramdisk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
