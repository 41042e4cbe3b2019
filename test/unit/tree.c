/* SPDX-License-Identifier: MIT */
/* The ordered tree, against a table of what must be in it, and how deep it is. */
// SRCS: test/unit/fakes.c lib/base/tree.c
#include "fakes.h"

#include "lib/base/tree.h"

#define KEYS 1000u

static struct tree_node nodes[KEYS], *root;
static bool present[KEYS];

static struct tree_node *expected_floor(uint64_t key)
{
    for (size_t i = key < KEYS ? key + 1 : KEYS; i-- > 0;)
        if (present[i])
            return &nodes[i];
    return NULL;
}

static unsigned int depth(const struct tree_node *node)
{
    unsigned int left, right;

    if (node == NULL)
        return 0;
    left = depth(node->left);
    right = depth(node->right);
    return 1 + (left > right ? left : right);
}

static void as_a_table(void **state)
{
    uint32_t seed = 5;

    (void)state;
    assert_null(tree_floor(root, UINT64_MAX));
    for (unsigned int round = 0; round < 20000; round++) {
        size_t key = fake_random_seeded(&seed) % KEYS;

        nodes[key].key = key;
        if (present[key])
            tree_remove(&root, &nodes[key]);
        else
            tree_insert(&root, &nodes[key]);
        present[key] = !present[key];
        key = fake_random_seeded(&seed) % (KEYS + 10);
        assert_ptr_equal(tree_floor(root, key), expected_floor(key));
    }
    for (size_t i = 0; i < KEYS; i++)
        if (present[i])
            tree_remove(&root, &nodes[i]);
    assert_null(root);
}

/* Keys in order, the worst for a tree without balance. */
static void not_deep(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        nodes[i].key = i;
        tree_insert(&root, &nodes[i]);
    }
    assert_true(depth(root) < 40);
    for (size_t i = 0; i < KEYS; i += 2)
        tree_remove(&root, &nodes[i]);
    assert_true(depth(root) < 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_table),
        cmocka_unit_test(not_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
