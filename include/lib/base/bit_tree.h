/* SPDX-License-Identifier: MIT */
/*
 * A set of small numbers whose lowest member is found in a few steps, however many there are: free
 * slots, frames of a kind.
 *
 * A tree of 64-bit words. Level 0 has a bit for each number; each bit of a higher level says
 * whether the word below it has any. A word below a bit that is clear is not read, so that the
 * memory, which is the caller's, needs no set-up. The topmost word lies in the struct. Nothing
 * blocks; any context.
 */
#ifndef LIB_BASE_BIT_TREE_H
#define LIB_BASE_BIT_TREE_H

#include <stddef.h>
#include <stdint.h>

#define BIT_TREE_LEVELS 6 /* 2^36 numbers */
#define BIT_TREE_NONE SIZE_MAX

struct bit_tree {
    uint64_t top;
    uint64_t *words[BIT_TREE_LEVELS - 1]; /* of the levels below */
    unsigned int levels;                  /* below */
};

/* Bytes of memory, aligned to 8, that suffice for a set of the numbers below `count`. */
#define BIT_TREE_BYTES(count) ((count) / 7 + 64)

/* An empty set of numbers below `count`. The memory is not touched yet. */
void bit_tree_init(struct bit_tree *tree, uint64_t *memory, size_t count);

/* A number that is in the set already stays in it. */
void bit_tree_add(struct bit_tree *tree, size_t number);
/* `number` is in the set. */
void bit_tree_remove(struct bit_tree *tree, size_t number);

/* The lowest number of the set; BIT_TREE_NONE when it is empty. */
size_t bit_tree_first(const struct bit_tree *tree);

#endif
