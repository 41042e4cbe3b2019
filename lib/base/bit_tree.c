/* SPDX-License-Identifier: MIT */
/* A set of small numbers: see include/lib/base/bit_tree.h. */
#include "lib/base/bit_tree.h"

#include <stdbool.h>

#define WORD_BITS 64u
#define LEVEL_SHIFT 6u /* each level has a bit for 2^6 of the one below */

void bit_tree_init(struct bit_tree *tree, uint64_t *memory, size_t count)
{
    tree->top = 0;
    tree->levels = 0;
    while ((count = (count + WORD_BITS - 1) / WORD_BITS) > 1) {
        tree->words[tree->levels++] = memory;
        memory += count;
    }
}

static uint64_t *word_of(struct bit_tree *tree, unsigned int level, size_t number)
{
    if (level == tree->levels)
        return &tree->top;
    return &tree->words[level][number >> LEVEL_SHIFT * (level + 1)];
}

static uint64_t bit_of(unsigned int level, size_t number)
{
    return 1ull << (number >> LEVEL_SHIFT * level) % WORD_BITS;
}

void bit_tree_add(struct bit_tree *tree, size_t number)
{
    bool in_use = true; /* the level's word; the topmost always is */

    for (unsigned int level = tree->levels + 1; level-- > 0;) {
        uint64_t *word = word_of(tree, level, number), bit = bit_of(level, number);

        if (!in_use)
            *word = 0;
        in_use = *word & bit;
        *word |= bit;
    }
}

void bit_tree_remove(struct bit_tree *tree, size_t number)
{
    for (unsigned int level = 0; level <= tree->levels; level++) {
        uint64_t *word = word_of(tree, level, number);

        *word &= ~bit_of(level, number);
        if (*word != 0)
            return;
    }
}

size_t bit_tree_first(const struct bit_tree *tree)
{
    uint64_t word = tree->top;
    size_t number = 0;

    if (word == 0)
        return BIT_TREE_NONE;
    for (unsigned int level = tree->levels;; word = tree->words[level][number]) {
        number = number * WORD_BITS + (unsigned int)__builtin_ctzll(word);
        if (level-- == 0)
            return number;
    }
}
