/* SPDX-License-Identifier: MIT */
/* Mappings of what is no disk: their operations, pages in page tables, many pages, little memory. */
// SRCS: test/unit/fakes.c test/unit/failing_malloc.c test/unit/fake_disk.c $(TEST_BLOCK)
// CFLAGS: -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include "page_cache_user.h"

/* A file, and one page table that shows pages of it. */
static unsigned char file[DISK_SIZE];
static struct page_mapping mapping;
static struct cached_page *shown[DISK_SIZE / 4096];
static bool touched[DISK_SIZE / 4096]; /* the table's dirty bits */
static unsigned int reads, writes, unmaps;
static struct page_run *held_run;
static bool hold;

static void read_run(struct page_mapping *from, struct page_run *run)
{
    assert_ptr_equal(from, &mapping);
    reads++;
    if (hold) {
        held_run = run;
        return;
    }
    for (unsigned int i = 0; i < run->count;
         i++) /* whole pages: what is behind the end is cleared */
        memcpy(run->vector[i].iov_base, file + ((run->index + i) << 12), 4096);
    page_run_done(run, 0);
}

static void write_one(struct page_mapping *to, struct cached_page *page)
{
    assert_ptr_equal(to, &mapping);
    writes++;
    memcpy(file + (page->index << 12), page->data, page->length);
    page_written(page, 0);
}

static void unmap(struct page_mapping *from, struct cached_page *page)
{
    bool dirty = touched[page->index];

    assert_ptr_equal(from, &mapping);
    assert_ptr_equal(shown[page->index], page);
    unmaps++;
    shown[page->index] = NULL;
    touched[page->index] = false;
    page_cache_unmap(page, dirty);
}

static const struct page_operations operations = {
    .read = read_run,
    .write = write_one,
    .unmap = unmap,
};

static int create(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(file); i++)
        file[i] = (unsigned char)(i / 4096 + i);
    page_cache_set_limit(LIMIT);
    page_mapping_init(&mapping, &operations, NULL, "file", sizeof(file) - 100);
    reads = writes = unmaps = 0;
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    page_mapping_destroy(&mapping);
    assert_int_equal(fake_pages_in_use, 0);
    assert_int_equal(mapping.cached, 0);
    thread_sleep_until(deadline_after(SECONDS(11))); /* the timer ends */
    return 0;
}

static void show(uint64_t index)
{
    struct cached_page *page;

    assert_int_equal(page_cache_get(&mapping, index, &page), 0);
    page_cache_map(page);
    page_cache_put(page);
    shown[index] = page;
}

static void reads_and_ends(void **state)
{
    struct cached_page *page;

    (void)state;
    assert_int_equal(page_cache_read(&mapping, 5000, buffer, 100000), 100000);
    assert_memory_equal(buffer, file + 5000, 100000);
    assert_int_equal(page_cache_read(&mapping, sizeof(file) - 200, buffer, 101), -ENXIO);
    assert_int_equal(page_cache_get(&mapping, sizeof(file) / 4096, &page), -ENXIO);
    assert_int_equal(page_cache_get(&mapping, sizeof(file) / 4096 - 1, &page), 0);
    for (unsigned int i = 4096 - 100; i < 4096; i++)
        assert_int_equal(page->data[i], 0); /* what is behind the end */
    page_cache_put(page);
    page_mapping_resize(&mapping, sizeof(file));
    assert_int_equal(page_cache_read(&mapping, sizeof(file) - 200, buffer, 200), 200);
    assert_memory_equal(buffer, file + sizeof(file) - 200, 200);
}

/* A page that a table shows is given back like others; what was changed through it is written. */
static void given_back_from_tables(void **state)
{
    (void)state;
    show(3);
    show(4);
    shown[3]->data[7] = 77;
    touched[3] = true;
    page_cache_shrink(SIZE_MAX);
    assert_true(shown[3] == NULL && shown[4] == NULL && unmaps == 2);
    assert_int_equal(fake_pages_in_use, 1); /* dirty now */
    assert_int_equal(writes, 0);
    page_cache_start_writes();
    assert_int_equal(writes, 1);
    assert_int_equal(file[3 * 4096 + 7], 77);
    page_cache_shrink(SIZE_MAX);
    assert_int_equal(fake_pages_in_use, 0);
}

/* A sync asks the tables; writing back asks again for what was changed since. */
static void synced_from_tables(void **state)
{
    (void)state;
    show(5);
    show(6);
    shown[5]->data[0] = 55;
    touched[5] = true;
    assert_int_equal(page_cache_sync(&mapping), 0);
    assert_int_equal(file[5 * 4096], 55);
    assert_int_equal(writes, 1);
    show(5);
    page_cache_dirty(shown[5]); /* the first write through the table */
    shown[5]->data[0] = 56;
    touched[5] = true;
    thread_sleep_until(deadline_after(SECONDS(6)));
    assert_int_equal(file[5 * 4096], 56);
    assert_null(shown[5]);
    assert_int_equal(mapping.unwritten, 0);
    /* Out of date, but for what a table has changed. */
    show(7);
    show(8);
    touched[8] = true;
    page_cache_forget(&mapping, 0, UINT64_MAX);
    assert_true(shown[7] == NULL && shown[8] == NULL);
    assert_int_equal(mapping.unwritten, 1);
    show(9);
    touched[9] = true;
    page_cache_lose(&mapping);
    assert_null(shown[9]);
    assert_int_equal(page_cache_sync(&mapping), -EIO);
    assert_int_equal(page_cache_sync(&mapping), 0);
}

static void reader(void *argument)
{
    *(ssize_t *)argument = page_cache_read(&mapping, 0, buffer, 100);
}

static void end_run(void *unused)
{
    (void)unused;
    page_run_done(held_run, -EIO);
}

/* The end waits for what is under way. */
static void end_during_a_read(void **state)
{
    struct timer timer;
    ssize_t result = 1;

    (void)state;
    hold = true;
    thread_create("reader", reader, &result);
    thread_yield();
    assert_int_equal(mapping.reading, 1);
    timer_init(&timer, end_run, NULL);
    timer_set(&timer, deadline_after(MILLISECONDS(3)));
    page_mapping_destroy(&mapping);
    hold = false;
    assert_int_equal(mapping.reading, 0);
    while (result == 1)
        thread_yield();
    assert_int_equal(result, -EIO);
}

/* The limit follows memory, down and up; the cache comes down as pages are wanted. */
static void follows_memory(void **state)
{
    struct page_cache_statistics statistics;
    size_t before = fake_pages_total;

    (void)state;
    page_cache_set_limit(0);
    assert_int_equal(page_cache_read(&mapping, 0, buffer, 300000), 300000);
    assert_true(fake_pages_in_use > 100 && fake_pages_in_use < 200);
    fake_pages_total = 200;
    page_cache_statistics(&statistics);
    assert_true(statistics.limit == 100 && statistics.pages > 100);
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(page_cache_read(&mapping, 0, buffer, 1000000), 1000000);
    page_cache_statistics(&statistics);
    assert_true(statistics.pages <= statistics.limit);
    fake_pages_total = before;
    page_cache_statistics(&statistics);
    assert_true(statistics.limit > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_and_ends, create, destroy),
        cmocka_unit_test_setup_teardown(given_back_from_tables, create, destroy),
        cmocka_unit_test_setup_teardown(synced_from_tables, create, destroy),
        cmocka_unit_test_setup_teardown(end_during_a_read, create, destroy),
        cmocka_unit_test_setup_teardown(follows_memory, create, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
