/* SPDX-License-Identifier: MIT */
/* The page cache and what is written: gathered, written in time, lost with a disk, cut with its end. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_BLOCK)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "page_cache_user.h"

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
    assert_int_equal(disk_write(&disk.device, DISK_SIZE - 1, model, 2), -ENXIO);
    disk.device.read_only = true;
    assert_int_equal(disk_write(&disk.device, 0, model, 2), -EROFS);
    disk.device.read_only = false;
    /* After a while it is written without being asked. */
    thread_sleep_until(deadline_after(SECONDS(6)));
    assert_memory_equal(model, contents, DISK_SIZE);
    synced();
}

static void few_pages_wait(void **state)
{
    struct page_cache_statistics statistics;

    (void)state;
    memcpy(model, contents, DISK_SIZE);
    disk.delay = MILLISECONDS(3);
    for (size_t i = 0; i < 300; i++) {
        write_model(i * 53 % 255 * 4096 + 77, 3000, (unsigned char)i);
        page_cache_statistics(&statistics);
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
    disk_settle(&disk.device, 8000, 1000);
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
    page_cache_start_writes();
    write_model(4096, 4096, 2);
    synced();
    assert_int_equal(disk.writes, 2);
}

static void errors_are_told_once(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    fake_log_clear();
    assert_int_equal(disk_write(&disk.device, 4096, buffer, 4096), 4096);
    disk.error = -EIO;
    assert_int_equal(disk_sync(&disk.device), -EIO);
    disk.error = 0;
    assert_non_null(strstr(fake_log, "xvda: something that was written is lost (error 5)"));
    assert_int_equal(disk_sync(&disk.device), 0);
    check_model(0, 16384);
    /* In the background, it waits for the next sync. */
    assert_int_equal(disk_write(&disk.device, 4096, buffer, 4096), 4096);
    disk.error = -EIO;
    thread_sleep_until(deadline_after(SECONDS(6)));
    disk.error = 0;
    check_model(0, 16384);
    assert_int_equal(disk_sync(&disk.device), -EIO);
    synced();
}

/* A bad place takes its own page, and no other that is written with it. */
static void a_bad_page_is_lost_alone(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    for (size_t i = 0; i < 4; i++)
        write_model(i * 4096, 4096, (unsigned char)(i + 1));
    disk.bad = 2 * 4096 + 5;
    assert_int_equal(disk_sync(&disk.device), -EIO);
    memcpy(model + 2 * 4096, contents + 2 * 4096, 4096);
    assert_memory_equal(model, contents, DISK_SIZE);
    assert_int_equal(disk_sync(&disk.device), 0);
    /* Past the cache: what lies before it is written. */
    memset(model, 77, 2 * 4096);
    memset(buffer, 77, 100000);
    assert_int_equal(disk_write(&disk.device, 0, buffer, 100000), 2 * 4096);
    assert_memory_equal(model, contents, DISK_SIZE);
    /* Who writes all of a page need not be able to read it. */
    disk.bad_reads_only = true;
    write_model(2 * 4096, 4096, 9);
    synced();
}

/* A disk that came back read-only has taken what was not written with it. */
static void read_only_now(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    assert_int_equal(disk_write(&disk.device, 4096, buffer, 100), 100);
    disk.device.read_only = true;
    block_contents_kept(&disk.device);
    assert_int_equal(disk_sync(&disk.device), -EROFS);
    assert_int_equal(disk_sync(&disk.device), 0);
    check_model(0, 8192);
    disk.error = -EIO; /* the device has lost something, too */
    assert_int_equal(disk_sync(&disk.device), -EIO);
    disk.error = 0;
    disk.device.read_only = false;
}

/* Each write of the busy one is under way when the next begins. */
static bool busy, stopped;

static void busy_writer(void *unused)
{
    (void)unused;
    for (size_t i = 0; busy && i < 1000; i++) {
        write_model(65536 + i % 4 * 4096, 4096, (unsigned char)i);
        page_cache_start_writes();
        thread_sleep_until(deadline_after(MILLISECONDS(1)));
    }
    stopped = true;
}

/* A sync ends while others go on writing, and not before what was written before it. */
static void sync_among_writers(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    page_cache_set_limit(300);
    disk.delay = MILLISECONDS(10);
    busy = true;
    stopped = false;
    thread_create("busy", busy_writer, NULL);
    thread_sleep_until(deadline_after(MILLISECONDS(25)));
    for (size_t i = 0; i < 5; i++) {
        uint64_t start = clock_monotonic();

        write_model(0, 4096, (unsigned char)(100 + i));
        page_cache_start_writes();
        write_model(0, 100, (unsigned char)(200 + i)); /* changed on its way: two writes */
        write_model(20 * 4096, 4096, (unsigned char)i);
        assert_int_equal(disk_sync(&disk.device), 0);
        assert_memory_equal(model, contents, 4096);
        assert_memory_equal(model + 20 * 4096, contents + 20 * 4096, 4096);
        assert_true(clock_monotonic() - start <= MILLISECONDS(50));
    }
    busy = false;
    while (!stopped)
        thread_sleep_until(deadline_after(MILLISECONDS(1)));
    synced();
}

/* Another disk takes this one's place: nothing of the old one is written to it, or read from it. */
static void another_disk(void **state)
{
    unsigned int writes;

    (void)state;
    memcpy(model, contents, DISK_SIZE);
    assert_int_equal(disk_write(&disk.device, 0, buffer, 12000), 12000);
    cached(40000, 100);
    block_contents_replaced(&disk.device);
    check_model(0, 65536);
    assert_int_equal(disk_sync(&disk.device), -EIO);
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
    page_cache_start_writes();
    write_model(0, 100, 11);
    block_contents_replaced(&disk.device);
    thread_sleep_until(deadline_after(MILLISECONDS(5)));
    memset(model, 10, 100);
    check_model(0, 4096);
    assert_int_equal(disk_sync(&disk.device), -EIO);
    synced();
}

/* What was read is not served from memory when the disk is not there; what is unwritten stays. */
static void a_disk_that_is_gone(void **state)
{
    char byte;

    (void)state;
    check_model(131072, 65536);
    write_model(262144, 100, 12);
    block_gone(&disk.device);
    disk.error = -ENODEV;
    assert_int_equal(disk_read(&disk.device, 131072, &byte, 1), -ENODEV);
    disk.error = 0;
    block_contents_kept(&disk.device);
    check_model(131072, 65536);
    check_model(262144, 100);
    assert_int_equal(disk_sync(&disk.device), 0);
    assert_int_equal(contents[262144], 12);
}

static void shrunk(void **state)
{
    (void)state;
    memcpy(model, contents, DISK_SIZE);
    write_model(500000, 10000, 5);
    cached(100000, 5000);
    block_resize(&disk.device, 102400);
    assert_int_equal(disk_sync(&disk.device), -ENXIO);
    assert_int_equal(disk_sync(&disk.device), 0);
    memcpy(model, contents, DISK_SIZE);
    check_model(0, 102400);
    assert_int_equal(disk_read_all(&disk.device, 102000, buffer, 401), -ENXIO);
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
    assert_int_equal(disk_sync(&disk.device), -ENXIO);
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
    page_cache_start_writes();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_are_gathered),
        TEST(few_pages_wait),
        TEST(large_ones_go_past),
        TEST(changed_on_the_way),
        TEST(errors_are_told_once),
        TEST(a_bad_page_is_lost_alone),
        TEST(read_only_now),
        TEST(sync_among_writers),
        TEST(another_disk),
        TEST(a_disk_that_is_gone),
        TEST(shrunk),
        TEST(shrunk_to_its_start),
        TEST(grown),
        TEST(memory_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
