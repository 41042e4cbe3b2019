/* SPDX-License-Identifier: MIT */
/* lib/base/id_table.c beside a plain array, and what its calls cost. */
// SRCS: lib/base/id_table.c test/unit/failing_malloc.c
// CFLAGS: -fsanitize-coverage=trace-pc -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/id_table.h"
#include "steps.h"

#define NUMBERS 5000u

static unsigned int fail_in, nodes;
static uint32_t seed = 88172645;

bool fake_allocation_fails(void);
bool fake_allocation_fails(void)
{
    return fail_in > 0 && --fail_in == 0;
}

static void *allocate(size_t size)
{
    void *block = malloc(size);

    nodes += block != NULL;
    return block;
}

static void release(void *block)
{
    nodes--;
    free(block);
}

static unsigned int any(unsigned int n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

static struct id_table table = { .allocate = allocate, .release = release };
static void *model[NUMBERS];

static void *item(void)
{
    return (void *)(uintptr_t)(any(1000000) + 1);
}

static int lowest_free(unsigned int minimum)
{
    while (minimum < NUMBERS && model[minimum] != NULL)
        minimum++;
    return minimum < NUMBERS ? (int)minimum : -1;
}

static void add(void)
{
    unsigned int minimum = any(3) == 0 ? any(NUMBERS) : 0;
    void *what = item();
    int expected = lowest_free(minimum), result;

    fail_in = any(4) == 0 ? 1 + any(2) : 0;
    result = id_table_add(&table, minimum, NUMBERS, what);
    if (result == -ENOMEM) {
        assert_int_equal(fail_in, 0);
    } else {
        assert_int_equal(result, expected < 0 ? -ENOSPC : expected);
        if (result >= 0)
            model[result] = what;
    }
    fail_in = 0;
}

static void set(void)
{
    unsigned int number = any(NUMBERS);
    void *what = item();

    fail_in = any(4) == 0 ? 1 + any(2) : 0;
    if (id_table_set(&table, number, what) == 0)
        model[number] = what;
    fail_in = 0;
}

static void take(unsigned int number)
{
    assert_ptr_equal(id_table_get(&table, number), model[number]);
    if (model[number] != NULL)
        assert_int_equal(id_table_set(&table, number, NULL), 0);
    model[number] = NULL;
}

/* Filled, then emptied, again and again; whatever fails changes nothing. */
static void like_an_array(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 60000; i++) {
        bool filling = i / 10000 % 2 == 0;
        unsigned int number = any(NUMBERS);

        if (any(4) < (filling ? 3u : 1u))
            any(8) ? add() : set();
        else
            take(number);
        assert_ptr_equal(id_table_get(&table, number), model[number]);
    }
    for (unsigned int i = 0; i < NUMBERS; i++)
        take(i);
    assert_int_equal(nodes, 0);
}

static void the_ends(void **state)
{
    (void)state;
    assert_null(id_table_get(&table, UINT32_MAX));
    assert_int_equal(id_table_set(&table, ID_TABLE_MAX, &table), -ENOMEM);
    assert_int_equal(id_table_set(&table, ID_TABLE_MAX - 1, &table), 0);
    assert_ptr_equal(id_table_get(&table, ID_TABLE_MAX - 1), &table);
    assert_null(id_table_get(&table, 0));
    assert_int_equal(id_table_add(&table, ID_TABLE_MAX - 1, ID_TABLE_MAX, &table), -ENOSPC);
    assert_int_equal(id_table_add(&table, 5, 5, &table), -ENOSPC);
    assert_int_equal(id_table_set(&table, ID_TABLE_MAX - 1, NULL), 0);
    assert_int_equal(nodes, 0);
}

/* With this many numbers in use: the lowest is given back and given out again. */
static unsigned long steps_with(unsigned int count)
{
    unsigned long taken;

    for (unsigned int i = 0; i < count; i++)
        id_table_add(&table, 0, ID_TABLE_MAX, &table);
    steps();
    assert_int_equal(id_table_add(&table, 0, ID_TABLE_MAX, &table), (int)count);
    id_table_set(&table, 0, NULL);
    assert_int_equal(id_table_add(&table, 0, ID_TABLE_MAX, &table), 0);
    assert_ptr_equal(id_table_get(&table, count), &table);
    taken = steps();
    for (unsigned int i = 0; i <= count; i++)
        id_table_set(&table, i, NULL);
    return taken;
}

static void costs(void **state)
{
    unsigned long few = steps_with(10), many = steps_with(10000), most = steps_with(1000000);

    (void)state;
    print_message("id table: %lu steps with 10, %lu with 10000, %lu with 1000000\n", few, many,
                  most);
    assert_true(many <= 4 * few);
    assert_true(most <= 8 * few);
    /* The high trees of before are gone. */
    assert_true(few < many);
    assert_int_equal(steps_with(10), few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_an_array),
        cmocka_unit_test(the_ends),
        cmocka_unit_test(costs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
