/* SPDX-License-Identifier: MIT */
/* Where the paths of the calls with "at" start. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>

int descriptor_node(int descriptor, struct node **node)
{
    struct file *file = descriptor_get(descriptor);

    if (file == NULL)
        return -EBADF;
    *node = vfs_file_node(file);
    if (*node != NULL)
        node_get(*node);
    file_put(file);
    return *node != NULL ? 0 : -EINVAL;
}

int path_start(int directory, const char *path, struct node **at)
{
    int result;

    *at = NULL;
    if (directory == AT_FDCWD || path == NULL || path[0] == '/')
        return 0;
    result = descriptor_node(directory, at);
    return result == -EINVAL ? -ENOTDIR : result;
}

void path_end(struct node *at)
{
    if (at != NULL)
        node_put(at);
}

int path_find(int directory, const char *path, int flags, int known, struct node **node)
{
    enum vfs_links links = flags & AT_SYMLINK_NOFOLLOW ? VFS_NOFOLLOW : VFS_FOLLOW;
    struct node *at;
    int result;

    if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | known)) != 0)
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) != 0 && path != NULL && path[0] == '\0')
        return directory == AT_FDCWD ? vfs_find(NULL, ".", VFS_FOLLOW, node)
                                     : descriptor_node(directory, node);
    result = path_start(directory, path, &at);
    if (result != 0)
        return result;
    result = vfs_find(at, path, links, node);
    path_end(at);
    return result;
}
