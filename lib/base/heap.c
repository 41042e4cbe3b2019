/* SPDX-License-Identifier: MIT */
/*
 * A leftist heap. A node's rank is the number of nodes on the way from it that goes right only,
 * which is the shortest way out of the tree: no right child has a greater rank than its left
 * sibling. So a tree of n nodes has a right side of at most log2(n + 1) nodes, and all work is done
 * along such sides.
 */
#include "lib/base/heap.h"

static unsigned int rank_of(const struct heap_node *node)
{
    return node ? node->rank : 0;
}

/* Make a node's rank true after a change below it. */
static void set_rank(struct heap_node *node)
{
    if (rank_of(node->left) < rank_of(node->right)) {
        struct heap_node *left = node->left;

        node->left = node->right;
        node->right = left;
    }
    node->rank = rank_of(node->right) + 1;
}

/* One tree out of two. It goes down two right sides, so its depth is bounded. */
static struct heap_node *merge(const struct heap *heap, struct heap_node *a, struct heap_node *b)
{
    if (!a || !b)
        return a ? a : b;
    if (heap->before(b, a)) {
        struct heap_node *first = b;

        b = a;
        a = first;
    }
    a->right = merge(heap, a->right, b);
    a->right->parent = a;
    set_rank(a);
    return a;
}

void heap_add(struct heap *heap, struct heap_node *node)
{
    *node = (struct heap_node){ .rank = 1 };
    heap->root = merge(heap, heap->root, node);
    heap->root->parent = NULL;
}

/*
 * The way up ends at the first node whose rank is what it was. One that is less now is greater
 * than that of the node below it, so there are few.
 */
static void mend_ranks(struct heap_node *node)
{
    while (node) {
        unsigned int before = node->rank;

        set_rank(node);
        if (node->rank == before)
            return;
        node = node->parent;
    }
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *parent = node->parent, *rest;

    if (!heap_contains(node))
        return;
    rest = merge(heap, node->left, node->right);
    if (rest)
        rest->parent = parent;
    if (!parent)
        heap->root = rest;
    else if (parent->left == node)
        parent->left = rest;
    else
        parent->right = rest;
    node->rank = 0;
    mend_ranks(parent);
}
