/* SPDX-License-Identifier: MIT */
/*
 * What an archive holds: a tree of entries, and one hash table from (directory, name) to entry.
 *
 * Entries and link targets are cut from pages that are only given back all together; the hash table
 * doubles when it holds as many entries as buckets. The pages are limited to half of the memory
 * that was free at the start, so that an archive with too many entries ends in -ENOMEM and not in a
 * guest without memory. Names are hashed with a seed of this boot: an archive cannot aim at one
 * bucket.
 */
#include <errno.h>
#include <string.h>

#include "../internal.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"
#include "tarfs.h"

#define FIRST_BUCKETS 64u

static void *allocate(struct tar_index *index, size_t size)
{
    char *page = index->pages;

    size = (size + 7) & ~(size_t)7;
    if (page == NULL || index->page_used + size > PAGE_SIZE) {
        page = index->page_count < index->page_limit ? page_alloc() : NULL;
        if (page == NULL)
            return NULL;
        *(void **)page = index->pages;
        index->pages = page;
        index->page_count++;
        index->page_used = sizeof(void *);
    }
    index->page_used += size;
    return page + index->page_used - size;
}

static uint32_t hash_of(const struct tar_index *index, const struct tar_entry *parent,
                        const char *name, size_t length)
{
    uint64_t hash = (uint64_t)index->seed << 32 ^ parent->serial, word;

    for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, name, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    word = length;
    memcpy((char *)&word + 1, name, length);
    hash = (hash ^ word ^ index->seed) * 0xd6e8feb86659fd93u;
    return (uint32_t)(hash >> 32);
}

struct tar_entry *tar_index_child(const struct tar_index *index, const struct tar_entry *parent,
                                  const char *name, size_t length)
{
    uint32_t hash = hash_of(index, parent, name, length);
    struct tar_entry *entry = index->buckets[hash & (index->bucket_count - 1)];

    while (entry != NULL &&
           (entry->hash != hash || entry->parent != parent || entry->name_length != length ||
            memcmp(entry->name, name, length) != 0))
        entry = entry->next_in_bucket;
    return entry;
}

static void put_in_bucket(struct tar_index *index, struct tar_entry *entry)
{
    struct tar_entry **bucket = &index->buckets[entry->hash & (index->bucket_count - 1)];

    entry->next_in_bucket = *bucket;
    *bucket = entry;
}

/* Twice the buckets; when there is no memory for that, the chains get longer instead. */
static void grow(struct tar_index *index)
{
    struct tar_entry **old = index->buckets;
    struct tar_entry **buckets =
        kernel_alloc_zeroed(index->bucket_count * 2, sizeof(struct tar_entry *));
    size_t i, old_count = index->bucket_count;

    if (buckets == NULL)
        return;
    index->buckets = buckets;
    index->bucket_count *= 2;
    for (i = 0; i < old_count; i++) {
        struct tar_entry *entry = old[i];

        while (entry != NULL) {
            struct tar_entry *next = entry->next_in_bucket;

            put_in_bucket(index, entry);
            entry = next;
        }
    }
    kernel_free(old);
}

static struct tar_entry *entry_create(struct tar_index *index, const char *name, size_t length)
{
    struct tar_entry *entry = allocate(index, sizeof(*entry) + length + 1);

    if (entry == NULL)
        return NULL;
    memset(entry, 0, sizeof(*entry));
    entry->mode = FILE_REGULAR | 0444;
    entry->serial = ++index->last_serial;
    index->entries++;
    entry->name_length = (uint8_t)length;
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    return entry;
}

struct tar_entry *tar_index_add(struct tar_index *index, struct tar_entry *parent, const char *name,
                                size_t length)
{
    struct tar_entry *entry = entry_create(index, name, length);

    if (entry == NULL)
        return NULL;
    entry->parent = parent;
    entry->hash = hash_of(index, parent, name, length);
    if (parent->children.last != NULL)
        parent->children.last->next_sibling = entry;
    else
        parent->children.first = entry;
    parent->children.last = entry;
    if (index->entries > index->bucket_count)
        grow(index);
    put_in_bucket(index, entry);
    return entry;
}

void tar_entry_set_directory(struct tar_entry *entry)
{
    if ((entry->mode & FILE_TYPE) == FILE_DIRECTORY)
        return;
    entry->mode = FILE_DIRECTORY | 0555;
    entry->children.first = entry->children.last = NULL;
}

void tar_index_keep_map(struct tar_index *index, struct tar_map *map)
{
    map->next = index->maps;
    index->maps = map;
    index->page_count += map->room * sizeof(struct tar_segment) / PAGE_SIZE;
}

int tar_entry_set_link(struct tar_index *index, struct tar_entry *entry, const char *target)
{
    size_t size = strlen(target) + 1;
    char *copy = allocate(index, size);

    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, target, size);
    entry->mode = FILE_LINK | 0777;
    entry->target = copy;
    return 0;
}

int tar_entry_set_hard_link(struct tar_index *index, struct tar_entry *entry,
                            struct tar_entry *target)
{
    if (entry == target)
        return 0;
    if (target->names == NULL) {
        target->names = allocate(index, sizeof(*target->names));
        if (target->names == NULL)
            return -ENOMEM;
        *target->names = 1;
    }
    ++*target->names;
    entry->names = target->names;
    entry->serial = target->serial;
    entry->mode = target->mode;
    entry->sparse = target->sparse;
    entry->uid = target->uid;
    entry->gid = target->gid;
    entry->mtime = target->mtime;
    entry->mtime_ns = target->mtime_ns;
    if ((target->mode & FILE_TYPE) == FILE_LINK)
        entry->target = target->target;
    else
        entry->data = target->data;
    return 0;
}

void tar_entry_renew(struct tar_index *index, struct tar_entry *entry)
{
    if (entry->names == NULL)
        return;
    --*entry->names;
    entry->names = NULL;
    entry->serial = ++index->last_serial;
}

int tar_index_init(struct tar_index *index)
{
    memset(index, 0, sizeof(*index));
    index->seed = random_u32();
    index->page_limit = pages_unused() / 2;
    index->bucket_count = FIRST_BUCKETS;
    index->buckets = kernel_alloc_zeroed(FIRST_BUCKETS, sizeof(struct tar_entry *));
    index->root = index->buckets != NULL ? entry_create(index, "", 0) : NULL;
    if (index->root == NULL) {
        tar_index_destroy(index);
        return -ENOMEM;
    }
    tar_entry_set_directory(index->root);
    return 0;
}

void tar_index_destroy(struct tar_index *index)
{
    void *page = index->pages;

    while (page != NULL) {
        void *next = *(void **)page;

        page_free(page);
        page = next;
    }
    while (index->maps != NULL) {
        struct tar_map *map = index->maps;

        index->maps = map->next;
        kernel_free(map);
    }
    kernel_free(index->buckets);
    index->pages = NULL;
    index->buckets = NULL;
}
