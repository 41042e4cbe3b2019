/* SPDX-License-Identifier: MIT */
// SRCS: lib/mm/stacks.c
// CFLAGS: -fsanitize-coverage=trace-pc
/*
 * Stacks in their slots: no two share a page, unmapped pages lie below each, page tables come back
 * with the last stack in them, and running out of pages, tables or slots leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mm/paging.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"
#include "steps.h"

#define RANGE 0x80000000ul
#define PAGES (RANGE / PAGE_SIZE)
#define TABLES (RANGE / PAGE_TABLE_REACH)
#define MOST 16384u /* stacks; lib/mm/mm.h says so */
#define GUARD 4u    /* pages, at least */

/* Of the range that the first address mapped lies in. */
static uintptr_t range;
static bool mapped[PAGES];
static bool table[TABLES];
static unsigned int in_use, tables;
static unsigned int fail_page, fail_map; /* countdowns; 0: never */

uint32_t random_u32(void)
{
    return (uint32_t)random() << 1 ^ (uint32_t)random();
}

static bool fails(unsigned int *countdown)
{
    return *countdown && --*countdown == 0;
}

void *pages_alloc(unsigned int order)
{
    assert_int_equal(order, 0);
    if (fails(&fail_page))
        return NULL;
    in_use++;
    return &in_use;
}

void pages_free(void *block, unsigned int order)
{
    assert_int_equal(order, 0);
    if (block)
        in_use--;
}

static size_t number(uintptr_t address)
{
    if (!range)
        range = address / RANGE * RANGE;
    assert_true(address >= range && address < range + RANGE);
    return (address - range) / PAGE_SIZE;
}

int paging_map_page(uintptr_t address, void *page)
{
    size_t n = number(address);

    assert_non_null(page);
    assert_false(mapped[n]);
    if (!table[n / 512])
        tables++;
    table[n / 512] = true;
    if (fails(&fail_map))
        return -12;
    mapped[n] = true;
    return 0;
}

void *paging_unmap_page(uintptr_t address)
{
    size_t n = number(address);

    assert_true(mapped[n]);
    mapped[n] = false;
    return &in_use;
}

void paging_free_table(uintptr_t start)
{
    size_t n = number(start);

    assert_int_equal(start % PAGE_TABLE_REACH, 0);
    for (size_t i = n; i < n + 512; i++)
        assert_false(mapped[i]);
    if (table[n / 512])
        tables--;
    table[n / 512] = false;
}

static int set_up(void **state)
{
    (void)state;
    srandom(4);
    stacks_init();
    return 0;
}

static int nothing_left(void **state)
{
    (void)state;
    assert_int_equal(in_use, 0);
    assert_int_equal(tables, 0);
    for (size_t i = 0; i < PAGES; i++)
        assert_false(mapped[i]);
    return 0;
}

static void check_guard(uintptr_t low, unsigned int pages)
{
    for (unsigned int i = 1; i <= GUARD; i++) {
        assert_true(stack_is_guard(low, low - i * PAGE_SIZE));
        assert_false(mapped[number(low - i * PAGE_SIZE)]);
    }
    for (unsigned int i = 0; i < pages; i++)
        assert_true(mapped[number(low + i * PAGE_SIZE)]);
    assert_false(stack_is_guard(low, low));
    assert_false(stack_is_guard(low, low + pages * PAGE_SIZE));
}

static void test_all_sizes(void **state)
{
    uintptr_t low[STACK_PAGES_MAX + 1];

    (void)state;
    for (unsigned int pages = 1; pages <= STACK_PAGES_MAX; pages++) {
        low[pages] = stack_alloc(pages);
        assert_int_not_equal(low[pages], 0);
        assert_int_equal(low[pages] % PAGE_SIZE, 0);
    }
    for (unsigned int pages = 1; pages <= STACK_PAGES_MAX; pages++)
        check_guard(low[pages], pages);
    for (unsigned int pages = 1; pages <= STACK_PAGES_MAX; pages++)
        stack_free(low[pages], pages);
}

/* All slots, freed in another order; they can all be had again. */
static void test_slots(void **state)
{
    static uintptr_t low[MOST];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (unsigned int i = 0; i < MOST; i++) {
            low[i] = stack_alloc(1);
            assert_int_not_equal(low[i], 0);
        }
        assert_int_equal(stack_alloc(1), 0);
        assert_int_equal(in_use, MOST);
        for (unsigned int i = 0; i < MOST; i++)
            stack_free(low[(i * 3001 + 7) % MOST], 1);
        nothing_left(state);
    }
}

static unsigned long steps_for_one(void)
{
    uintptr_t stack;

    steps();
    stack = stack_alloc(1);
    stack_free(stack, 1);
    return steps();
}

/* With no stack but this one, and with one slot that is free at each end of ten thousand. */
static void test_costs(void **state)
{
    static uintptr_t low[10000];
    unsigned long alone = steps_for_one();

    (void)state;
    for (unsigned int i = 0; i < 10000; i++)
        low[i] = stack_alloc(1);
    stack_free(low[9999], 1);
    low[9999] = 0;
    stack_free(low[0], 1);
    low[0] = stack_alloc(1);
    assert_in_range(steps_for_one(), 1, 2 * alone);
    for (unsigned int i = 0; i < 9999; i++)
        stack_free(low[i], 1);
}

static void test_out_of_memory(void **state)
{
    uintptr_t kept = stack_alloc(4);

    (void)state;
    for (unsigned int i = 1; i <= 4; i++) {
        fail_page = i;
        assert_int_equal(stack_alloc(4), 0);
        fail_map = i;
        assert_int_equal(stack_alloc(4), 0);
        assert_int_equal(in_use, 4);
    }
    check_guard(kept, 4);
    stack_free(kept, 4);
    nothing_left(state);
    /* The first stack of its page table. */
    fail_map = 1;
    assert_int_equal(stack_alloc(4), 0);
}

static void test_places(void **state)
{
    uintptr_t first = stack_alloc(4), second;

    (void)state;
    stack_free(first, 4);
    range = 0;
    stacks_init();
    second = stack_alloc(4);
    assert_int_not_equal(first / RANGE, second / RANGE);
    assert_int_not_equal(first % RANGE, second % RANGE);
    assert_true(second >= STACKS_BASE && second < STACKS_BASE + 0x8000 * RANGE);
    stack_free(second, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all_sizes, nothing_left),
        cmocka_unit_test_teardown(test_slots, nothing_left),
        cmocka_unit_test_teardown(test_costs, nothing_left),
        cmocka_unit_test_teardown(test_out_of_memory, nothing_left),
        cmocka_unit_test_teardown(test_places, nothing_left),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
