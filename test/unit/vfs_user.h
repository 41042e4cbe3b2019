/* SPDX-License-Identifier: MIT */
/* What tests of file systems say to the VFS, by absolute paths and in one call. */
#ifndef TEST_VFS_USER_H
#define TEST_VFS_USER_H

#include <string.h>

#include "lib/fs/vfs.h"

static inline int attributes_of(const char *path, struct file_attributes *attributes)
{
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    if (result != 0)
        return result;
    result = node_attributes(node, attributes);
    node_put(node);
    return result;
}

static inline int stat_of(const char *path)
{
    struct file_attributes attributes;

    return attributes_of(path, &attributes);
}

static inline int make_directory(const char *path, uint32_t mode)
{
    struct node_wish wish = { .mode = FILE_DIRECTORY | mode };

    return vfs_create(NULL, path, &wish);
}

static inline int make_link(const char *target, const char *path)
{
    struct node_wish wish = { .mode = FILE_LINK | 0777, .target = target };

    return vfs_create(NULL, path, &wish);
}

static inline int link_to(const char *from, const char *to)
{
    struct node *node;
    int result = vfs_find(NULL, from, VFS_NOFOLLOW, &node);

    if (result != 0)
        return result;
    result = vfs_link(node, NULL, to);
    node_put(node);
    return result;
}

static inline int change_directory(const char *path)
{
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    if (result != 0)
        return result;
    result = vfs_chdir(node);
    node_put(node);
    return result;
}

static inline int truncate_path(const char *path, uint64_t size)
{
    struct file_attributes attributes = { .size = size };
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    if (result != 0)
        return result;
    result = node_set_attributes(node, &attributes, ATTRIBUTE_SIZE);
    node_put(node);
    return result;
}

#endif
