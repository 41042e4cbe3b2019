/* SPDX-License-Identifier: MIT */
/*
 * A priority queue of nodes that lie in the caller's own structs: what comes first is at hand, and
 * adding or removing any node takes steps in proportion to the logarithm of their number, always. It
 * needs no memory, so nothing here can fail. Equal nodes come in any order. Any context.
 */
#ifndef LIB_BASE_HEAP_H
#define LIB_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap_node {
    struct heap_node *parent, *left, *right;
    unsigned int rank; /* 0: in no heap */
};

struct heap {
    struct heap_node *root;
    bool (*before)(const struct heap_node *a, const struct heap_node *b);
};

/* The first node, or NULL. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->root;
}

/* Is this node, zeroed before its first use, in a heap? */
static inline bool heap_contains(const struct heap_node *node)
{
    return node->rank > 0;
}

/* The node is in no heap. */
void heap_add(struct heap *heap, struct heap_node *node);
/* Nothing happens when the node is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

#endif
