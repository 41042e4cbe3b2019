/* SPDX-License-Identifier: MIT */
/*
 * The cache of names: (directory, name) to node, or to the knowledge that there is nothing. It is
 * also what keeps nodes that nobody has open, with the pages that are cached of them.
 *
 * Directories are told apart by their serial number, which no other node ever has, and not
 * referenced: names of a directory that is gone are found no more, and grow old. A sixty-fourth of
 * memory is the bound; the name that was not used for the longest time goes first.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/mm/heap.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"

#define PART_OF_MEMORY 64u

struct cached_name {
    struct hash_link link;
    struct list use; /* oldest first; itself when pinned */
    uint64_t directory;
    struct mount *mount; /* the directory's */
    struct node *node;
    size_t length;
    char text[];
};

static struct hash_table names = HASH_TABLE_INIT(names);
static struct list used = LIST_INIT(used);
static size_t bytes;

static size_t release_pages(size_t pages, void *argument);
static struct memory_pressure pressure = { .release = release_pages };

static uint32_t hash_of(const struct node *directory, const struct name *name)
{
    static uint64_t seed;

    if (seed == 0)
        seed = random_u32() | 1;
    return hash_bytes(seed ^ directory->serial << 32, name->text, name->length);
}

static struct cached_name *find(const struct node *directory, const struct name *name,
                                uint32_t hash)
{
    struct hash_link *link;

    for (link = hash_chain(&names, hash); link != NULL; link = link->next) {
        struct cached_name *cached = container_of(link, struct cached_name, link);

        if (link->hash == hash && cached->directory == directory->serial &&
            cached->length == name->length && memcmp(cached->text, name->text, name->length) == 0)
            return cached;
    }
    return NULL;
}

static void forget(struct cached_name *cached)
{
    struct node *node = cached->node;

    hash_remove(&names, &cached->link);
    list_remove(&cached->use);
    bytes -= kernel_block_size(cached);
    cached->mount->cached_names--;
    kernel_free(cached);
    if (node != NULL)
        node_put(node);
}

/* Until what is left comes to so many bytes: what that gave back. */
static size_t shrink(size_t wanted)
{
    size_t before = bytes;
    struct list *oldest;

    while (bytes > wanted && (oldest = list_first(&used)) != NULL)
        forget(container_of(oldest, struct cached_name, use));
    return before - bytes;
}

static size_t release_pages(size_t pages, void *argument)
{
    size_t wanted = pages < bytes / PAGE_SIZE ? bytes - pages * PAGE_SIZE : 0;

    (void)argument;
    return shrink(wanted) / PAGE_SIZE;
}

bool name_cache_find(struct node *directory, const struct name *name, struct node **node)
{
    struct cached_name *cached = find(directory, name, hash_of(directory, name));

    if (cached == NULL)
        return false;
    if (!list_empty(&cached->use)) {
        list_remove(&cached->use);
        list_append(&used, &cached->use);
    }
    *node = cached->node != NULL ? node_get(cached->node) : NULL;
    return true;
}

int name_cache_add(struct node *directory, const struct name *name, struct node *node, bool pinned)
{
    uint32_t hash = hash_of(directory, name);
    struct cached_name *cached;

    if (find(directory, name, hash) != NULL)
        return -EEXIST;
    cached = kernel_alloc(sizeof(*cached) + name->length);
    if (cached == NULL)
        return -ENOMEM;
    if (pressure.link.next == NULL)
        memory_pressure_register(&pressure);
    cached->directory = directory->serial;
    cached->mount = directory->mount;
    cached->mount->cached_names++;
    cached->node = node != NULL ? node_get(node) : NULL;
    cached->length = name->length;
    memcpy(cached->text, name->text, name->length);
    list_init(&cached->use);
    if (!pinned)
        list_append(&used, &cached->use);
    hash_insert(&names, &cached->link, hash);
    bytes += kernel_block_size(cached);
    shrink(pages_total() * (PAGE_SIZE / PART_OF_MEMORY));
    return 0;
}

void name_cache_forget(struct node *directory, const struct name *name)
{
    struct cached_name *cached = find(directory, name, hash_of(directory, name));

    if (cached != NULL)
        forget(cached);
}

void name_cache_forget_mount(struct mount *mount)
{
    struct list going = LIST_INIT(going), *link, *next;

    list_for_each (link, next, &used) {
        if (container_of(link, struct cached_name, use)->mount == mount) {
            list_remove(link);
            list_append(&going, link);
        }
    }
    while ((link = list_first(&going)) != NULL)
        forget(container_of(link, struct cached_name, use));
}
