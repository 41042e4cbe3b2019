/* SPDX-License-Identifier: MIT */
/*
 * A treap: by key a search tree, and by priority, a number that is as good as random, a heap. So
 * its shape is that of a tree into which the keys were put in random order.
 */
#include "lib/base/tree.h"

#include <stddef.h>

static uint32_t next_priority(void)
{
    static uint32_t state = 1;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* The node goes where its priority belongs; what was there is split into its two sides. */
void tree_insert(struct tree_node **root, struct tree_node *node)
{
    struct tree_node **left = &node->left, **right = &node->right, *rest;

    node->priority = next_priority();
    while (*root != NULL && (*root)->priority > node->priority)
        root = node->key < (*root)->key ? &(*root)->left : &(*root)->right;
    rest = *root;
    *root = node;
    while (rest != NULL) {
        if (rest->key < node->key) {
            *left = rest;
            left = &rest->right;
            rest = rest->right;
        } else {
            *right = rest;
            right = &rest->left;
            rest = rest->left;
        }
    }
    *left = *right = NULL;
}

/* Its two sides are joined in its place. */
void tree_remove(struct tree_node **root, struct tree_node *node)
{
    struct tree_node *left = node->left, *right = node->right;

    while (*root != node)
        root = node->key < (*root)->key ? &(*root)->left : &(*root)->right;
    while (left != NULL && right != NULL) {
        if (left->priority > right->priority) {
            *root = left;
            root = &left->right;
            left = left->right;
        } else {
            *root = right;
            root = &right->left;
            right = right->left;
        }
    }
    *root = left != NULL ? left : right;
}

struct tree_node *tree_floor(struct tree_node *root, uint64_t key)
{
    struct tree_node *found = NULL;

    while (root != NULL) {
        if (root->key > key) {
            root = root->left;
        } else {
            found = root;
            root = root->right;
        }
    }
    return found;
}
