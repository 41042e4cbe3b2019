/* SPDX-License-Identifier: MIT */
/*
 * A tree of nodes with 64 slots each: at level 0 items, above it nodes, of which some need not be
 * there. Each node knows by one bit a slot which are in use, and which have no free number below
 * them, so that the lowest of either kind is found on the way down. The tree grows at its root.
 */
#include "lib/base/id_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BITS 6u
#define SLOTS (1u << BITS)

struct id_node {
    uint64_t used; /* slots with something below them */
    uint64_t full; /* slots with nothing free below them */
    void *slots[SLOTS];
};

static unsigned int slot_of(unsigned int number, unsigned int level)
{
    return number >> BITS * level & (SLOTS - 1);
}

/* How many numbers a node of this level covers. */
static unsigned int span(unsigned int level)
{
    return SLOTS << BITS * level;
}

static unsigned int capacity(const struct id_table *table)
{
    return table->levels > 0 ? span(table->levels - 1) : 0;
}

void *id_table_get(const struct id_table *table, unsigned int number)
{
    const struct id_node *node = table->root;

    if (number >= capacity(table))
        return NULL;
    for (unsigned int level = table->levels - 1; level > 0 && node; level--)
        node = node->slots[slot_of(number, level)];
    return node ? node->slots[slot_of(number, 0)] : NULL;
}

/*
 * The lowest free number >= minimum, both counted from the node's first; the node's span when there
 * is none. Below the first slot there may be none at or above the minimum; below a later one there
 * is.
 */
static unsigned int find_free(const struct id_node *node, unsigned int level, unsigned int minimum)
{
    unsigned int first = slot_of(minimum, level), below = 1u << BITS * level;
    uint64_t candidates;

    if (!node)
        return minimum;
    candidates = ~node->full & UINT64_MAX << first;
    for (; candidates; candidates &= candidates - 1) {
        unsigned int slot = (unsigned int)__builtin_ctzll(candidates);
        unsigned int rest = slot == first ? minimum % below : 0;
        unsigned int found = level > 0 ? find_free(node->slots[slot], level - 1, rest) : 0;

        if (found < below)
            return slot * below + found;
    }
    return span(level);
}

static struct id_node *new_node(const struct id_table *table)
{
    struct id_node *node = table->allocate(sizeof(*node));

    if (node)
        memset(node, 0, sizeof(*node));
    return node;
}

/* Make a slot's bits true after a change below it. */
static void note_slot(struct id_node *node, unsigned int level, unsigned int slot)
{
    const struct id_node *child = node->slots[slot];
    uint64_t bit = 1ull << slot;
    bool full = child && (level == 0 || child->full == UINT64_MAX);

    node->used = child ? node->used | bit : node->used & ~bit;
    node->full = full ? node->full | bit : node->full & ~bit;
}

/* Levels on top until the number is covered. A tree without nodes only becomes higher. */
static int grow(struct id_table *table, unsigned int number)
{
    for (; number >= capacity(table); table->levels++) {
        struct id_node *root;

        if (!table->root)
            continue;
        root = new_node(table);
        if (!root)
            return -ENOMEM;
        root->slots[0] = table->root;
        note_slot(root, table->levels, 0);
        table->root = root;
    }
    return 0;
}

/*
 * Put an item, or NULL, below the node that *link shall be. Nodes come on the way down, and go on the
 * way up when nothing is in them, be it that the item was taken out or that memory was out.
 */
static int put(const struct id_table *table, void **link, unsigned int level, unsigned int number,
               void *item)
{
    struct id_node *node = *link ? *link : new_node(table);
    unsigned int slot = slot_of(number, level);
    int error = 0;

    if (!node)
        return -ENOMEM;
    if (level > 0)
        error = put(table, &node->slots[slot], level - 1, number, item);
    else
        node->slots[slot] = item;
    note_slot(node, level, slot);
    *link = node->used ? node : NULL;
    if (!node->used)
        table->release(node);
    return error;
}

int id_table_set(struct id_table *table, unsigned int number, void *item)
{
    void *root;
    int error;

    if (number >= ID_TABLE_MAX || grow(table, number) != 0)
        return -ENOMEM;
    root = table->root;
    error = put(table, &root, table->levels - 1, number, item);
    table->root = root;
    if (!root)
        table->levels = 0;
    return error;
}

int id_table_add(struct id_table *table, unsigned int minimum, unsigned int limit, void *item)
{
    unsigned int number = minimum;
    int error;

    if (minimum < capacity(table))
        number = find_free(table->root, table->levels - 1, minimum);
    if (number >= limit)
        return -ENOSPC;
    error = id_table_set(table, number, item);
    return error ? error : (int)number;
}
