/* SPDX-License-Identifier: MIT */
/*
 * The working directory: a node, with a reference; NULL stands for the root. Its path is put
 * together when somebody asks, from the names of the directories above.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static struct node *working;

struct node *vfs_working_directory(void)
{
    return working != NULL ? node_get(working) : vfs_root();
}

int vfs_chdir(struct node *node)
{
    struct node *root = vfs_root(), *old = working;

    if (root != NULL)
        node_put(root);
    if (!node_is(node, FILE_DIRECTORY))
        return -ENOTDIR;
    working = node != root ? node_get(node) : NULL;
    if (old != NULL)
        node_put(old);
    return 0;
}

/* Put "/name" before what is at `*start`. */
static int prepend(char *path, size_t *start, const char *name)
{
    size_t length = strlen(name);

    if (length + 1 > *start)
        return -ENAMETOOLONG;
    *start -= length + 1;
    path[*start] = '/';
    memcpy(path + *start + 1, name, length);
    return 0;
}

/* One directory up: its name before the path; takes over the reference and gives one. */
static int climb(struct node **directory, char *path, size_t *start)
{
    struct node *below = vfs_below(*directory), *parent;
    char name[VFS_NAME_MAX + 1];
    int result = below->attributes.links > 0 ? below->operations->name_of(below, name) : -ENOENT;

    if (result == 0)
        result = prepend(path, start, name);
    if (result == 0)
        result = vfs_parent(*directory, &parent);
    if (result != 0)
        return result;
    node_put(*directory);
    *directory = parent;
    return 0;
}

int vfs_node_path(struct node *directory, char *path, size_t *start)
{
    struct node *below;
    int result = 0;

    node_get(directory);
    *start = VFS_PATH_MAX - 1;
    path[*start] = '\0';
    while (result == 0 && (below = vfs_below(directory), below != below->mount->root))
        result = climb(&directory, path, start);
    node_put(directory);
    if (result == 0 && path[*start] == '\0')
        path[--*start] = '/';
    return result;
}

int vfs_getcwd(char *buffer, size_t size)
{
    struct node *directory = vfs_working_directory();
    char path[VFS_PATH_MAX];
    size_t start;
    int result;

    if (directory == NULL)
        return -ENOENT;
    result = vfs_node_path(directory, path, &start);
    node_put(directory);
    if (result == 0 && sizeof(path) - start > size)
        result = -ERANGE;
    if (result != 0)
        return result;
    memcpy(buffer, path + start, sizeof(path) - start);
    return (int)(sizeof(path) - start);
}
