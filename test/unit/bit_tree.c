/* SPDX-License-Identifier: MIT */
// SRCS: lib/base/bit_tree.c
// CFLAGS: -fsanitize-coverage=trace-pc
/*
 * Sets of small numbers against a plain array, over memory that holds anything; a look-up takes as
 * many steps in a set of a million as the levels of its tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bit_tree.h"
#include "steps.h"

static uint64_t *set_up_tree(struct bit_tree *tree, size_t count)
{
    size_t bytes = BIT_TREE_BYTES(count);
    uint64_t *memory = malloc(bytes); /* AddressSanitizer watches its ends */

    assert_non_null(memory);
    memset(memory, 0xa5, bytes);
    bit_tree_init(tree, memory, count);
    return memory;
}

static size_t first_of(const bool *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (members[i])
            return i;
    return BIT_TREE_NONE;
}

static void agree(size_t count)
{
    bool *members = calloc(count, sizeof(bool));
    struct bit_tree tree;
    uint64_t *memory = set_up_tree(&tree, count);

    assert_int_equal(bit_tree_first(&tree), BIT_TREE_NONE);
    for (int turn = 0; turn < 4000; turn++) {
        size_t number = (size_t)random() % count;

        if (turn % 3 == 0)
            number = count - 1 - number % (count < 3 ? count : 3);
        if (members[number])
            bit_tree_remove(&tree, number);
        else
            bit_tree_add(&tree, number);
        members[number] = !members[number];
        assert_int_equal(bit_tree_first(&tree), first_of(members, count));
    }
    free(memory);
    free(members);
}

static void sets_of_all_sizes_agree_with_an_array(void **state)
{
    static const size_t counts[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097, 5000, 20000 };

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        agree(counts[i]);
}

static void a_member_that_is_added_again_is_there_once(void **state)
{
    struct bit_tree tree;
    uint64_t *memory = set_up_tree(&tree, 100);

    (void)state;
    bit_tree_add(&tree, 70);
    bit_tree_add(&tree, 70);
    bit_tree_remove(&tree, 70);
    assert_int_equal(bit_tree_first(&tree), BIT_TREE_NONE);
    free(memory);
}

/* The last of many: one word of each level is looked at. */
static void the_last_of_a_million_is_found_as_soon_as_of_a_thousand(void **state)
{
    static const size_t counts[] = { 4000, 1000000 };
    unsigned long taken[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bit_tree tree;
        uint64_t *memory = set_up_tree(&tree, counts[i]);

        steps();
        bit_tree_add(&tree, counts[i] - 1);
        assert_int_equal(bit_tree_first(&tree), counts[i] - 1);
        bit_tree_remove(&tree, counts[i] - 1);
        taken[i] = steps();
        free(memory);
    }
    assert_in_range(taken[1], 1, 3 * taken[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_of_all_sizes_agree_with_an_array),
        cmocka_unit_test(a_member_that_is_added_again_is_there_once),
        cmocka_unit_test(the_last_of_a_million_is_found_as_soon_as_of_a_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
