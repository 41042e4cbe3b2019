/* SPDX-License-Identifier: MIT */
/* Block devices: the registry's checks, unaligned access, the page cache and what was read. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_BLOCK)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "page_cache_user.h"

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

/* What fits is read from the disk once, in large requests, several of them under way. */
static void large_reads_stay(void **state)
{
    (void)state;
    page_cache_set_limit(300);
    disk.delay = MILLISECONDS(1);
    cached(512, DISK_SIZE - 512);
    assert_int_equal(disk.longest, PAGE_RUN_MAX * 4096);
    assert_int_equal(disk.reads, 4);
    assert_int_equal(disk.most_under_way, 2);
    cached(512, DISK_SIZE - 512);
    cached(700, 256 * 1024 + 13);
    assert_int_equal(disk.reads, 4);
}

/* Pages that are used again and again outlast a read of much that is used once. */
static void long_reads_leave_hot_pages(void **state)
{
    unsigned int reads;

    (void)state;
    for (size_t round = 0; round < 8; round++) {
        for (size_t hot = 0; hot < 8; hot++)
            cached(hot * 8192, 100);
        cached(262144 + round * 16384, 16384);
    }
    for (size_t offset = 262144; offset < DISK_SIZE; offset += 65536)
        cached(offset, 65536);
    reads = disk.reads;
    for (size_t hot = 0; hot < 8; hot++)
        cached(hot * 8192, 100);
    assert_int_equal(disk.reads, reads);
}

/* However many pages are held by somebody, one is given back by looking at one. */
static void held_pages_are_not_looked_at(void **state)
{
    struct page_cache_statistics before, after;

    (void)state;
    page_cache_set_limit(400);
    for (size_t i = 0; i < 40; i++)
        write_model(i * 8192, 4096, 1); /* held until they are written */
    cached(DISK_SIZE - 100000, 40000);
    page_cache_statistics(&before);
    assert_int_equal(before.unwritten, 40);
    assert_int_equal(page_cache_shrink(5), 5);
    page_cache_statistics(&after);
    assert_int_equal(after.steps - before.steps, 5);
}

/* A bad place is its page's error: not its neighbours', of the same call or of another's. */
static void bad_pages(void **state)
{
    (void)state;
    disk.bad = 20 * 4096;
    assert_int_equal(disk_read(&disk.device, 0, buffer, 200000), 20 * 4096);
    assert_memory_equal(buffer, contents, 20 * 4096);
    assert_int_equal(disk_read(&disk.device, 20 * 4096, buffer, 100), -EIO);
    assert_int_equal(disk_read(&disk.device, 20 * 4096 - 1, buffer, 2), 1);
    cached(21 * 4096, 4096);
    page_cache_shrink(SIZE_MAX);
    for (size_t page = 0; page < 10; page++) /* let care end */
        cached((200 + 3 * page) * 4096, 100);
    assert_int_equal(disk_read(&disk.device, 18 * 4096, buffer, 30000), 2 * 4096);
    page_cache_shrink(SIZE_MAX);
    disk.device.statistics.errors = 0;
    for (size_t page = 0; page < 64; page++) /* in order: the reader meets it by reading ahead */
        if (page != 20)
            cached(page * 4096, 4096);
    assert_true(disk.device.statistics.errors <= 2); /* each may have cost the disk seconds */
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(disk_read_direct(&disk.device, 4096, buffer, 131072), 19 * 4096);
    assert_memory_equal(buffer, contents + 4096, 19 * 4096);
}

static void bounded(void **state)
{
    struct page_cache_statistics statistics;
    size_t i;

    (void)state;
    for (i = 0; i < 200; i++)
        cached((i * 37 % 255) * 4096 + 100, 4000);
    page_cache_statistics(&statistics);
    assert_true(statistics.pages <= LIMIT && statistics.pages > LIMIT / 2);
    assert_int_equal(fake_pages_in_use, statistics.pages);
    assert_int_equal(page_cache_shrink(5), 5);
    assert_int_equal(fake_pages_in_use, statistics.pages - 5);
    page_cache_set_limit(8);
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
    assert_int_equal(disk_read_all(&disk.device, 0, buffer, 100), -EIO);
    assert_int_equal(disk_read_all(&disk.device, 0, buffer, 20000), -EIO);
    assert_int_equal(fake_pages_in_use, 0);
    disk.error = 0;
    cached(0, 100);
    assert_int_equal(disk_read_all(&disk.device, DISK_SIZE - 1, buffer, 2), -ENXIO);
    assert_int_equal(disk_read_all(&disk.device, UINT64_MAX, buffer, 2), -ENXIO);
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
    assert_int_equal(disk_read_all(device, 77, buffer, 5000), 0);
    assert_memory_equal(buffer, contents + 77, 5000);
    assert_int_equal(disk_read_all(device, 51200, buffer, 1), -ENXIO);
    assert_int_equal(block_write(device, 0, buffer, 512), -EROFS);
    assert_int_equal(ramdisk_register(contents, 512), 0);
    assert_non_null(block_find("ramdisk1"));
    while ((device = block_at(1)) != NULL) {
        block_unregister(device);
        free(device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registry),
        TEST(unaligned),
        TEST(hot_data_cost_nothing),
        TEST(reads_ahead),
        TEST(large_reads_stay),
        TEST(long_reads_leave_hot_pages),
        TEST(held_pages_are_not_looked_at),
        TEST(bad_pages),
        TEST(bounded),
        TEST(random_reads),
        TEST(large_sectors),
        TEST(errors_are_not_cached),
        TEST(ramdisk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
