/* SPDX-License-Identifier: MIT */
/* chdir(), fchdir(), getcwd(). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "path.h"

/* Drops the node's reference. */
static int change_to(struct node *node)
{
    int result = vfs_chdir(node);

    node_put(node);
    return result;
}

int chdir(const char *path)
{
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    return (int)posix_result(result != 0 ? result : change_to(node));
}

int fchdir(int descriptor)
{
    struct node *node;
    int result = descriptor_node(descriptor, &node);

    if (result == -EINVAL)
        result = -ENOTDIR;
    return (int)posix_result(result != 0 ? result : change_to(node));
}

/* With a NULL buffer memory is allocated, as glibc and the BSDs do. */
char *getcwd(char *buffer, size_t size)
{
    char *target = buffer;
    int result;

    if (buffer == NULL) {
        size = size != 0 ? size : VFS_PATH_MAX;
        target = malloc(size);
    }
    if (target == NULL)
        result = -ENOMEM;
    else
        result = size == 0 ? -EINVAL : vfs_getcwd(target, size);
    if (result >= 0)
        return target;
    if (buffer == NULL)
        free(target);
    posix_result(result);
    return NULL;
}
