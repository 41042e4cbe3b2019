/* SPDX-License-Identifier: MIT */
/* The contents of ramfs files: see ramfs.h for the tree. */
#include <errno.h>
#include <string.h>

#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "ramfs.h"

#define FANOUT_SHIFT 9u
#define FANOUT (1u << FANOUT_SHIFT)
#define MAXIMUM_HEIGHT 4u
#define MAXIMUM_SIZE ((uint64_t)1 << (PAGE_SHIFT + MAXIMUM_HEIGHT * FANOUT_SHIFT))

struct ramfs_usage ramfs_usage;

static void *allocate(void)
{
    void *page = ramfs_usage.pages < ramfs_usage.limit ? page_alloc_zeroed() : NULL;

    if (page != NULL)
        ramfs_usage.pages++;
    return page;
}

static void release(void *page)
{
    page_free(page);
    ramfs_usage.pages--;
}

/* Does a tree of this height have a place for this index? */
static bool reaches(unsigned int height, uint64_t index)
{
    return index >> (height * FANOUT_SHIFT) == 0;
}

static unsigned int slot(uint64_t index, unsigned int level)
{
    return (index >> (level * FANOUT_SHIFT)) & (FANOUT - 1);
}

char *ramfs_page_find(const struct ramfs_pages *pages, uint64_t index)
{
    void *page = pages->root;
    unsigned int level;

    if (!reaches(pages->height, index))
        return NULL;
    for (level = pages->height; level > 0 && page != NULL; level--)
        page = ((void **)page)[slot(index, level - 1)];
    return page;
}

static bool grow(struct ramfs_pages *pages)
{
    void **higher;

    if (pages->root != NULL) {
        higher = allocate();
        if (higher == NULL)
            return false;
        higher[0] = pages->root;
        pages->root = higher;
    }
    pages->height++;
    return true;
}

char *ramfs_page_make(struct ramfs_pages *pages, uint64_t index)
{
    void **place = &pages->root;
    unsigned int level;

    while (!reaches(pages->height, index)) {
        if (!grow(pages))
            return NULL;
    }
    for (level = pages->height;; level--) {
        if (*place == NULL)
            *place = allocate();
        if (*place == NULL || level == 0)
            return (char *)*place;
        place = (void **)*place + slot(index, level - 1);
    }
}

/*
 * Free what lies at or above `first` (relative to this subtree); true when the whole subtree went.
 */
static bool cut(void *page, unsigned int level, uint64_t first)
{
    uint64_t child_reach = level > 0 ? (uint64_t)1 << ((level - 1) * FANOUT_SHIFT) : 0;
    void **children = page;
    unsigned int i;

    for (i = 0; level > 0 && i < FANOUT; i++) {
        uint64_t start = i * child_reach;

        if (children[i] == NULL || start + child_reach <= first)
            continue;
        if (cut(children[i], level - 1, first > start ? first - start : 0))
            children[i] = NULL;
    }
    if (first == 0)
        release(page);
    return first == 0;
}

void ramfs_pages_cut(struct ramfs_pages *pages, uint64_t first)
{
    if (pages->root != NULL && (first == 0 || reaches(pages->height, first))
        && cut(pages->root, pages->height, first))
        pages->root = NULL;
    if (pages->root == NULL)
        pages->height = 0;
}

static size_t part_of_page(uint64_t offset, size_t length)
{
    size_t part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));

    return part < length ? part : length;
}

ssize_t ramfs_read(struct ramfs_node *node, char *buffer, size_t length, off_t offset)
{
    uint64_t at = (uint64_t)offset;
    size_t done = 0;

    if (at >= node->size)
        return 0;
    if (length > node->size - at)
        length = node->size - at;
    while (done < length) {
        const char *page = ramfs_page_find(&node->pages, at >> PAGE_SHIFT);
        size_t part = part_of_page(at, length - done);

        if (page != NULL)
            memcpy(buffer + done, page + (at & (PAGE_SIZE - 1)), part);
        else
            memset(buffer + done, 0, part);
        done += part;
        at += part;
    }
    return (ssize_t)done;
}

ssize_t ramfs_write(struct ramfs_node *node, const char *buffer, size_t length, off_t offset)
{
    uint64_t at = (uint64_t)offset;
    size_t done = 0;

    if (length == 0)
        return 0;
    if (at >= MAXIMUM_SIZE)
        return -EFBIG;
    if (length > MAXIMUM_SIZE - at)
        length = MAXIMUM_SIZE - at;
    while (done < length) {
        char *page = ramfs_page_make(&node->pages, at >> PAGE_SHIFT);
        size_t part = part_of_page(at, length - done);

        if (page == NULL)
            break;
        memcpy(page + (at & (PAGE_SIZE - 1)), buffer + done, part);
        done += part;
        at += part;
    }
    if (done == 0)
        return -ENOSPC;
    if (at > node->size)
        node->size = at;
    node->modified = node->changed = clock_realtime();
    return (ssize_t)done;
}

/* Bytes behind the end are zero at all times, so that growing again shows zeros. */
int ramfs_resize(struct ramfs_node *node, off_t length)
{
    uint64_t size = (uint64_t)length;
    size_t inside = size & (PAGE_SIZE - 1);

    if (length < 0)
        return -EINVAL;
    if (size > MAXIMUM_SIZE)
        return -EFBIG;
    if (size < node->size) {
        char *last = inside != 0 ? ramfs_page_find(&node->pages, size >> PAGE_SHIFT) : NULL;

        if (last != NULL)
            memset(last + inside, 0, PAGE_SIZE - inside);
        ramfs_pages_cut(&node->pages, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
    }
    node->size = size;
    node->modified = node->changed = clock_realtime();
    return 0;
}
