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

size_t ramfs_used;

size_t ramfs_limit(void)
{
    return pages_total() / 2 * PAGE_SIZE;
}

bool ramfs_reserve(size_t size)
{
    size_t limit = ramfs_limit();

    if (size > limit || ramfs_used > limit - size)
        return false;
    ramfs_used += size;
    return true;
}

static void *allocate(struct ramfs_pages *pages)
{
    void *page;

    if (!ramfs_reserve(PAGE_SIZE))
        return NULL;
    page = page_alloc_zeroed();
    if (page != NULL)
        pages->count++;
    else
        ramfs_used -= PAGE_SIZE;
    return page;
}

static void release(struct ramfs_pages *pages, void *page)
{
    page_free(page);
    pages->count--;
    ramfs_used -= PAGE_SIZE;
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
        higher = allocate(pages);
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
            *place = allocate(pages);
        if (*place == NULL || level == 0)
            return (char *)*place;
        place = (void **)*place + slot(index, level - 1);
    }
}

/*
 * Free what lies at or above `first` (relative to this subtree); true when the whole subtree went.
 */
static bool cut(struct ramfs_pages *pages, void *page, unsigned int level, uint64_t first)
{
    uint64_t child_reach = level > 0 ? (uint64_t)1 << ((level - 1) * FANOUT_SHIFT) : 0;
    void **children = page;
    unsigned int i;

    for (i = 0; level > 0 && i < FANOUT; i++) {
        uint64_t start = i * child_reach;

        if (children[i] == NULL || start + child_reach <= first)
            continue;
        if (cut(pages, children[i], level - 1, first > start ? first - start : 0))
            children[i] = NULL;
    }
    if (first == 0)
        release(pages, page);
    return first == 0;
}

void ramfs_pages_cut(struct ramfs_pages *pages, uint64_t first)
{
    if (pages->root != NULL && (first == 0 || reaches(pages->height, first)) &&
        cut(pages, pages->root, pages->height, first))
        pages->root = NULL;
    if (pages->root == NULL)
        pages->height = 0;
}

static size_t part_of_page(uint64_t offset, size_t length)
{
    size_t part = PAGE_SIZE - (offset & (PAGE_SIZE - 1));

    return part < length ? part : length;
}

/* The size, the pages or both have changed. */
static void settle(struct ramfs_node *file, uint64_t size)
{
    struct file_attributes *attributes = &file->node.attributes;

    attributes->size = size;
    attributes->blocks = file->pages.count * (PAGE_SIZE / 512);
    attributes->modified = attributes->changed = (int64_t)clock_realtime();
}

ssize_t ramfs_read(struct node *node, void *buffer, size_t length, uint64_t offset)
{
    const struct ramfs_node *file = container_of(node, struct ramfs_node, node);
    char *to = buffer;
    size_t done = 0;

    if (offset >= node->attributes.size)
        return 0;
    if (length > node->attributes.size - offset)
        length = node->attributes.size - offset;
    while (done < length) {
        const char *page = ramfs_page_find(&file->pages, offset >> PAGE_SHIFT);
        size_t part = part_of_page(offset, length - done);

        if (page != NULL)
            memcpy(to + done, page + (offset & (PAGE_SIZE - 1)), part);
        else
            memset(to + done, 0, part);
        done += part;
        offset += part;
    }
    return (ssize_t)done;
}

ssize_t ramfs_write(struct node *node, const void *buffer, size_t length, uint64_t offset)
{
    struct ramfs_node *file = container_of(node, struct ramfs_node, node);
    const char *from = buffer;
    size_t done = 0;

    if (length == 0)
        return 0;
    if (offset >= MAXIMUM_SIZE)
        return -EFBIG;
    if (length > MAXIMUM_SIZE - offset)
        length = MAXIMUM_SIZE - offset;
    while (done < length) {
        char *page = ramfs_page_make(&file->pages, offset >> PAGE_SHIFT);
        size_t part = part_of_page(offset, length - done);

        if (page == NULL)
            break;
        memcpy(page + (offset & (PAGE_SIZE - 1)), from + done, part);
        done += part;
        offset += part;
    }
    if (done == 0)
        return -ENOSPC;
    settle(file, offset > node->attributes.size ? offset : node->attributes.size);
    return (ssize_t)done;
}

/* Bytes behind the end are zero at all times, so that growing again shows zeros. */
int ramfs_resize(struct ramfs_node *file, uint64_t size)
{
    size_t inside = size & (PAGE_SIZE - 1);

    if (size > MAXIMUM_SIZE)
        return -EFBIG;
    if (size < file->node.attributes.size) {
        char *last = inside != 0 ? ramfs_page_find(&file->pages, size >> PAGE_SHIFT) : NULL;

        if (last != NULL)
            memset(last + inside, 0, PAGE_SIZE - inside);
        ramfs_pages_cut(&file->pages, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
    }
    settle(file, size);
    return 0;
}
