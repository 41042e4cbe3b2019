/* SPDX-License-Identifier: MIT */
/*
 * When there are as many links as buckets, an array of twice the size is made, and each insertion
 * moves two of the old buckets into it: the old array is empty before the new one is full. A chain
 * lies in the old array until its bucket was moved.
 */
#include "lib/mm/hash.h"

#include "lib/mm/heap.h"

static struct hash_link **place(const struct hash_table *table, uint32_t hash)
{
    size_t old = hash & (table->old_size - 1);

    if (table->old != NULL && old >= table->moved)
        return &table->old[old];
    return &table->buckets[hash & (table->size - 1)];
}

struct hash_link *hash_chain(const struct hash_table *table, uint32_t hash)
{
    return *place(table, hash);
}

static void push(struct hash_link **chain, struct hash_link *link)
{
    link->next = *chain;
    *chain = link;
}

static void move_bucket(struct hash_table *table)
{
    struct hash_link *link = table->old[table->moved++];

    while (link != NULL) {
        struct hash_link *next = link->next;

        push(&table->buckets[link->hash & (table->size - 1)], link);
        link = next;
    }
    if (table->moved < table->old_size)
        return;
    if (table->old != table->first)
        kernel_free(table->old);
    table->old = NULL;
}

static void grow(struct hash_table *table)
{
    struct hash_link **buckets = kernel_alloc_zeroed(table->size * 2, sizeof(*buckets));

    if (buckets == NULL)
        return;
    table->old = table->buckets;
    table->old_size = table->size;
    table->moved = 0;
    table->buckets = buckets;
    table->size *= 2;
}

void hash_insert(struct hash_table *table, struct hash_link *link, uint32_t hash)
{
    if (table->old == NULL && table->entries >= table->size)
        grow(table);
    for (int i = 0; i < 2 && table->old != NULL; i++)
        move_bucket(table);
    link->hash = hash;
    push(place(table, hash), link);
    table->entries++;
}

void hash_remove(struct hash_table *table, struct hash_link *link)
{
    struct hash_link **at = place(table, link->hash);

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    table->entries--;
}

uint32_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    uint64_t hash = seed * 0x9e3779b97f4a7c15u ^ length;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}
