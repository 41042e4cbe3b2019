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
#define SYMBOLIC_LINKS_MAXIMUM 8u

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

    while (entry != NULL && (entry->hash != hash || entry->parent != parent
                             || entry->name_length != length
                             || memcmp(entry->name, name, length) != 0))
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
    entry->mode = S_IFREG | 0444;
    entry->serial = (uint32_t)++index->entries;
    entry->name_length = (uint8_t)length;
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    return entry;
}

struct tar_entry *tar_index_add(struct tar_index *index, struct tar_entry *parent,
                                const char *name, size_t length)
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
    if (S_ISDIR(entry->mode))
        return;
    entry->mode = S_IFDIR | 0555;
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
    entry->mode = S_IFLNK | 0777;
    entry->target = copy;
    return 0;
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

/*
 * Put a link's target in the place of the path up to `done`: `path` becomes the path to go on with.
 * The archive's root is the root that ".." and "/" cannot leave.
 */
static int splice_link(char *path, size_t name_start, const char *rest, const char *target)
{
    char from[VFS_PATH_MAX], normal[VFS_PATH_MAX];
    bool directory;
    int result;

    from[0] = '/';
    memcpy(from + 1, path, name_start);
    from[name_start > 0 ? name_start : 1] = '\0'; /* without the slash behind the directory */
    result = path_normalise(from, target, normal, &directory, NULL);
    if (result != 0)
        return result;
    if (strlen(normal) + 1 + strlen(rest) >= VFS_PATH_MAX)
        return -ENAMETOOLONG;
    if (*rest != '\0') {
        strcat(normal, "/");
        strcat(normal, rest);
    }
    strcpy(path, normal + strspn(normal, "/"));
    return 0;
}

/* Walk until a link or the end: *link_start tells where the link's name starts, or is SIZE_MAX. */
static int walk(const struct tar_index *index, const char *path, struct tar_entry **entry,
                size_t *link_start, const char **rest)
{
    const char *start = path, *name;

    *entry = index->root;
    *link_start = SIZE_MAX;
    while (*path != '\0') {
        size_t length = path_component(&path, &name);

        if (!S_ISDIR((*entry)->mode))
            return -ENOTDIR;
        *entry = tar_index_child(index, *entry, name, length);
        if (*entry == NULL)
            return -ENOENT;
        if (S_ISLNK((*entry)->mode)) {
            *link_start = (size_t)(name - start);
            *rest = path;
            return 0;
        }
    }
    return 0;
}

int tar_index_find(struct tar_index *index, const char *path, struct tar_entry **entry)
{
    char buffer[VFS_PATH_MAX];
    unsigned int links = 0;
    size_t link_start;
    const char *rest;
    int result = walk(index, path, entry, &link_start, &rest);

    if (result != 0 || link_start == SIZE_MAX)
        return result;
    strcpy(buffer, path);
    rest = buffer + (rest - path);
    while (result == 0 && link_start != SIZE_MAX) {
        if (links++ == SYMBOLIC_LINKS_MAXIMUM)
            return -ELOOP;
        result = splice_link(buffer, link_start, rest, (*entry)->target);
        if (result == 0)
            result = walk(index, buffer, entry, &link_start, &rest);
    }
    return result;
}
