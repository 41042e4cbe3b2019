/* SPDX-License-Identifier: MIT */
/*
 * Intrusive hash tables that grow in steps: no insertion moves more than a few links, and none can
 * fail (without memory for more buckets, chains get longer instead).
 *
 * The caller owns the links' memory and makes the hashes; who fills a table with keys that others
 * choose seeds them. To look up, walk the chain:
 *
 *     for (link = hash_chain(&table, hash); link != NULL; link = link->next)
 *         if (link->hash == hash && …)
 */
#ifndef LIB_MM_HASH_H
#define LIB_MM_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_FIRST_BUCKETS 16u

struct hash_link {
    struct hash_link *next;
    uint32_t hash;
};

struct hash_table {
    struct hash_link **buckets, **old; /* old: those from `moved` on are not in `buckets` yet */
    size_t size, old_size, moved;
    size_t entries;
    struct hash_link *first[HASH_FIRST_BUCKETS];
};
#define HASH_TABLE_INIT(name)                               \
    {                                                       \
        .buckets = (name).first, .size = HASH_FIRST_BUCKETS \
    }

struct hash_link *hash_chain(const struct hash_table *table, uint32_t hash);
void hash_insert(struct hash_table *table, struct hash_link *link, uint32_t hash);
/* The link is in the table. */
void hash_remove(struct hash_table *table, struct hash_link *link);

uint32_t hash_bytes(uint64_t seed, const void *bytes, size_t length);

#endif
