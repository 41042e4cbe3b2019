/* SPDX-License-Identifier: MIT */
/* For the page cache's tests: a disk of 1 MiB under a cache of 32 pages, and who reads and writes. */
#ifndef TEST_PAGE_CACHE_USER_H
#define TEST_PAGE_CACHE_USER_H

#include "fakes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/fs/cache/pages.h"
#include "fake_disk.h"
#include "lib/fs/disk_cache.h"
#include "lib/mm/memory_pressure.h"
#include "lib/sched/sched.h"

#define DISK_SIZE (1024 * 1024)
#define LIMIT 32

static unsigned char contents[DISK_SIZE];
static unsigned char buffer[DISK_SIZE];
static struct fake_disk disk;

static inline void fill_contents(void)
{
    uint32_t seed = 7;
    size_t i;

    for (i = 0; i < DISK_SIZE; i++)
        contents[i] = (unsigned char)fake_random_seeded(&seed);
}

static inline int set_up(void **state)
{
    (void)state;
    fill_contents();
    page_cache_set_limit(LIMIT);
    fake_disk_create_queued(&disk, "xvda", contents, DISK_SIZE, 512);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    thread_sleep_until(deadline_after(SECONDS(11))); /* timers end */
    fake_disk_destroy(&disk);
    assert_int_equal(fake_pages_in_use, 0);
    return 0;
}

static inline void cached(size_t offset, size_t length)
{
    memset(buffer, 0, length);
    assert_int_equal(disk_read_all(&disk.device, offset, buffer, length), 0);
    assert_memory_equal(buffer, contents + offset, length);
}

/* Writes: `model` is what readers must see, `contents` what the disk has. */
static unsigned char model[DISK_SIZE];

static inline void write_model(size_t offset, size_t length, unsigned char value)
{
    memset(model + offset, value, length);
    assert_int_equal(disk_write(&disk.device, offset, model + offset, length), length);
}

static inline void check_model(size_t offset, size_t length)
{
    assert_int_equal(disk_read_all(&disk.device, offset, buffer, length), 0);
    assert_memory_equal(buffer, model + offset, length);
}

static inline void synced(void)
{
    struct page_cache_statistics statistics;

    assert_int_equal(disk_sync(&disk.device), 0);
    assert_memory_equal(model, contents, DISK_SIZE);
    page_cache_statistics(&statistics);
    assert_int_equal(statistics.unwritten, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
