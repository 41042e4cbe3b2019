/* SPDX-License-Identifier: MIT */
/* lib/base/heap.c: order, and the shape that bounds its steps, after any calls. */
// SRCS: lib/base/heap.c
// CFLAGS: -fsanitize-coverage=trace-pc
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/base/heap.h"
#include "lib/base/list.h"
#include "steps.h"

#define NUMBERS 3000u

struct number {
    unsigned int value;
    struct heap_node node;
};

static unsigned int value_of(const struct heap_node *node)
{
    return container_of(node, struct number, node)->value;
}

static bool is_less(const struct heap_node *a, const struct heap_node *b)
{
    return value_of(a) < value_of(b);
}

static struct heap heap = { .before = is_less };
static struct number numbers[NUMBERS];
static uint32_t seed = 4711;

static unsigned int any(unsigned int n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

static unsigned int rank_of(const struct heap_node *node)
{
    return node != NULL ? node->rank : 0;
}

/* The nodes below this one, itself included; each is as the file's head says. */
static unsigned int check(const struct heap_node *node, const struct heap_node *parent)
{
    if (node == NULL)
        return 0;
    assert_ptr_equal(node->parent, parent);
    assert_true(parent == NULL || value_of(parent) <= value_of(node));
    assert_true(rank_of(node->left) >= rank_of(node->right));
    assert_int_equal(node->rank, rank_of(node->right) + 1);
    return 1 + check(node->left, node) + check(node->right, node);
}

static void any_calls(void **state)
{
    unsigned int count = 0;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        struct number *number = &numbers[any(NUMBERS)];

        if (heap_contains(&number->node)) {
            heap_remove(&heap, &number->node);
            heap_remove(&heap, &number->node); /* no harm */
            count--;
        } else {
            number->value = any(500);
            heap_add(&heap, &number->node);
            count++;
        }
        if (i % 50 == 0)
            assert_int_equal(check(heap.root, NULL), count);
    }
    for (unsigned int last = 0; heap_first(&heap) != NULL; count--) {
        struct heap_node *first = heap_first(&heap);

        assert_true(value_of(first) >= last);
        last = value_of(first);
        heap_remove(&heap, first);
        assert_false(heap_contains(first));
    }
    assert_int_equal(count, 0);
}

/* What makes the longest left side: nodes that come in falling order, and go from the bottom. */
static void a_long_side(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < NUMBERS; i++) {
        numbers[i].value = NUMBERS - i;
        steps();
        heap_add(&heap, &numbers[i].node);
        assert_in_range(steps(), 1, 100);
    }
    assert_int_equal(check(heap.root, NULL), NUMBERS);
    for (unsigned int i = 0; i < NUMBERS; i++) {
        steps();
        heap_remove(&heap, &numbers[i].node);
        assert_in_range(steps(), 1, 100);
    }
    assert_null(heap_first(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_calls),
        cmocka_unit_test(a_long_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
