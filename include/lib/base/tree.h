/* SPDX-License-Identifier: MIT */
/*
 * Ordered sets of numbers: an intrusive search tree, balanced by chance (a treap): insert, remove
 * and look-up take logarithmic time on average, whatever the order of the keys.
 *
 * The caller owns the nodes' memory, sets `key`, and puts a key in only once. NULL is the empty
 * tree.
 */
#ifndef LIB_BASE_TREE_H
#define LIB_BASE_TREE_H

#include <stdint.h>

struct tree_node {
    uint64_t key;
    uint32_t priority; /* the tree's */
    struct tree_node *left, *right;
};

void tree_insert(struct tree_node **root, struct tree_node *node);
/* The node is in the tree. */
void tree_remove(struct tree_node **root, struct tree_node *node);
/* The node with the greatest key that is not above `key`, or NULL. */
struct tree_node *tree_floor(struct tree_node *root, uint64_t key);

#endif
