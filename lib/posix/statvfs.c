/* SPDX-License-Identifier: MIT */
/* statvfs() and fstatvfs(). */
#include <errno.h>
#include <sys/statvfs.h>

#include "path.h"

/* Drops the node's reference. */
static int tell(struct node *node, struct statvfs *status)
{
    int result = node_statvfs(node, status);

    node_put(node);
    return result;
}

int statvfs(const char *path, struct statvfs *status)
{
    struct node *node;
    int result = vfs_find(NULL, path, VFS_FOLLOW, &node);

    return (int)posix_result(result != 0 ? result : tell(node, status));
}

int fstatvfs(int descriptor, struct statvfs *status)
{
    struct node *node;
    int result = descriptor_node(descriptor, &node);

    if (result == -EINVAL)
        result = -ENOSYS;
    return (int)posix_result(result != 0 ? result : tell(node, status));
}
