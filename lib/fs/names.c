/* SPDX-License-Identifier: MIT */
/* Calls that change names: mkdir, unlink, rmdir, rename. */
#include <errno.h>
#include <string.h>

#include "internal.h"

int vfs_mkdir(const char *path, mode_t mode)
{
    struct location location;
    int result = vfs_locate(path, &location);

    if (result != 0)
        return result;
    if (*location.relative == '\0')
        return -EEXIST;
    if (location.mount->operations->mkdir == NULL) {
        struct stat status;

        return vfs_stat(path, &status) == 0 ? -EEXIST : -EROFS;
    }
    return location.mount->operations->mkdir(location.mount, location.relative, mode & 07777);
}

/* Find a name that is to vanish: it must exist, and neither be nor contain a mount point. */
static int locate_existing(const char *path, struct location *location, struct stat *status)
{
    void *node;
    int result = vfs_locate(path, location);

    if (result == 0)
        result = vfs_node(location, &node, status);
    if (result != 0)
        return result;
    vfs_release(location->mount, node);
    return *location->relative == '\0' || mount_below(location->path) ? -EBUSY : 0;
}

int vfs_unlink(const char *path)
{
    struct location location;
    struct stat status;
    int result = locate_existing(path, &location, &status);

    if (result != 0)
        return result;
    if (S_ISDIR(status.st_mode))
        return -EPERM;
    if (location.mount->operations->unlink == NULL)
        return -EROFS;
    return location.mount->operations->unlink(location.mount, location.relative);
}

static bool ends_in_dot(const char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] == '/')
        length--;
    return length > 0 && path[length - 1] == '.' && (length == 1 || path[length - 2] == '/');
}

int vfs_rmdir(const char *path)
{
    struct location location;
    struct stat status;
    int result = locate_existing(path, &location, &status);

    if (result != 0)
        return result;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    if (ends_in_dot(path))
        return -EINVAL;
    if (location.mount->operations->rmdir == NULL)
        return -EROFS;
    return location.mount->operations->rmdir(location.mount, location.relative);
}

/* POSIX' table of what may replace what. */
static int check_replace(const struct location *to, bool from_directory)
{
    struct stat status;
    void *node;
    int result = vfs_node(to, &node, &status);

    if (result != 0)
        return result == -ENOENT ? 0 : result;
    vfs_release(to->mount, node);
    if (S_ISDIR(status.st_mode) != from_directory)
        return from_directory ? -ENOTDIR : -EISDIR;
    return *to->relative == '\0' || mount_below(to->path) ? -EBUSY : 0;
}

int vfs_rename(const char *from, const char *to)
{
    struct location source, target;
    struct stat status;
    int result = locate_existing(from, &source, &status);
    size_t length;

    if (result == 0)
        result = vfs_locate(to, &target);
    if (result == 0 && target.mount != source.mount)
        result = -EXDEV;
    if (result == 0)
        result = check_replace(&target, S_ISDIR(status.st_mode));
    if (result == 0 && target.directory && !S_ISDIR(status.st_mode))
        result = -ENOTDIR;
    if (result != 0 || strcmp(source.path, target.path) == 0)
        return result;
    length = strlen(source.path);
    if (strncmp(target.path, source.path, length) == 0 && target.path[length] == '/')
        return -EINVAL;
    if (source.mount->operations->rename == NULL)
        return -EROFS;
    return source.mount->operations->rename(source.mount, source.relative, target.relative);
}
