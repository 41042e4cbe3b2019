/* SPDX-License-Identifier: MIT */
/*
 * Calls on paths: find the mount, then hand the relative path to its filesystem. The rules of POSIX
 * that are the same for every filesystem (what a slash at the end means, mount points that are in
 * use, names that cannot be created) are kept here, so that a filesystem has few of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "internal.h"

static char working_directory[VFS_PATH_MAX] = "/";

static int check_directory(const char *path)
{
    struct location location = { .directory = true };
    struct stat status;
    void *node;
    int result;

    location.mount = mount_of(path, &location.relative);
    if (location.mount == NULL)
        return -ENOENT;
    result = vfs_node(&location, &node, &status);
    if (result == 0)
        vfs_release(location.mount, node);
    return result;
}

int vfs_locate(const char *path, struct location *location)
{
    int result;

    if (path == NULL)
        return -EFAULT;
    result = path_normalise(working_directory, path, location->path, &location->directory,
                            check_directory);
    if (result != 0)
        return result;
    location->mount = mount_of(location->path, &location->relative);
    return location->mount != NULL ? 0 : -ENOENT;
}

void vfs_release(struct mount *mount, void *node)
{
    if (mount->operations->release != NULL)
        mount->operations->release(mount, node);
}

int vfs_node(const struct location *location, void **node, struct stat *status)
{
    struct mount *mount = location->mount;
    int result = mount->operations->lookup(mount, location->relative, node);

    if (result != 0)
        return result;
    memset(status, 0, sizeof(*status));
    result = mount->operations->stat(mount, *node, status);
    status->st_dev = mount->device_number;
    if (result == 0 && location->directory && !S_ISDIR(status->st_mode))
        result = -ENOTDIR;
    if (result != 0)
        vfs_release(mount, *node);
    return result;
}

static int find_or_create(const struct location *location, int flags, mode_t mode, void **node,
                          struct stat *status)
{
    struct mount *mount = location->mount;
    int result = vfs_node(location, node, status);

    if (result == 0 && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
        vfs_release(mount, *node);
        return -EEXIST;
    }
    if (result != -ENOENT || (flags & O_CREAT) == 0)
        return result;
    if (location->directory)
        return -EISDIR;
    if (mount->operations->create == NULL)
        return -EROFS;
    result = mount->operations->create(mount, location->relative, mode & 07777, node);
    if (result != 0)
        return result;
    memset(status, 0, sizeof(*status));
    return mount->operations->stat(mount, *node, status);
}

/* May this node be opened so? */
static int check_open(const struct location *location, const struct stat *status, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if (!S_ISDIR(status->st_mode)) {
        if ((flags & O_DIRECTORY) != 0)
            return -ENOTDIR;
        return writes && location->mount->operations->write == NULL ? -EROFS : 0;
    }
    return writes || (flags & (O_CREAT | O_TRUNC)) != 0 ? -EISDIR : 0;
}

/* Throw away what was in a file that was just opened. */
static int cut_opened(const struct location *location, void *node, struct file *file)
{
    int result = location->mount->operations->truncate(location->mount, node, 0);

    if (result != 0)
        file_put(file);
    return result;
}

static int make_file(const struct location *location, void *node, const struct stat *status,
                     int flags, struct file **file)
{
    struct mount *mount = location->mount;
    int result = check_open(location, status, flags);

    if (result == 0)
        result = mount->operations->open != NULL
                     ? mount->operations->open(mount, node, flags, file) : -ENOTSUP;
    if (result == -ENOTSUP)
        return vfs_file_create(location, node, status, flags, file);
    if (result == 0)
        vfs_release(mount, node);
    return result;
}

int vfs_open(const char *path, int flags, mode_t mode, struct file **file)
{
    struct location location;
    struct stat status;
    void *node;
    int result = vfs_locate(path, &location);

    if (result == 0)
        result = find_or_create(&location, flags, mode, &node, &status);
    if (result != 0)
        return result;
    result = make_file(&location, node, &status, flags, file);
    if (result != 0)
        vfs_release(location.mount, node);
    else if ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY
             && S_ISREG(status.st_mode) && status.st_size > 0)
        result = cut_opened(&location, node, *file);
    return result;
}

int vfs_chdir(const char *path)
{
    struct location location;
    int result = vfs_locate(path, &location);

    if (result == 0)
        result = check_directory(location.path);
    if (result == 0)
        strcpy(working_directory, location.path);
    return result;
}

int vfs_getcwd(char *buffer, size_t size)
{
    size_t needed = strlen(working_directory) + 1;

    if (size < needed)
        return -ERANGE;
    memcpy(buffer, working_directory, needed);
    return (int)needed;
}

int vfs_stat(const char *path, struct stat *status)
{
    struct location location;
    void *node;
    int result = vfs_locate(path, &location);

    if (result == 0)
        result = vfs_node(&location, &node, status);
    if (result == 0)
        vfs_release(location.mount, node);
    return result;
}

int vfs_statvfs(const char *path, struct statvfs *status)
{
    struct location location;
    struct stat ignored;
    void *node;
    int result = vfs_locate(path, &location);

    if (result == 0)
        result = vfs_node(&location, &node, &ignored);
    if (result != 0)
        return result;
    vfs_release(location.mount, node);
    if (location.mount->operations->statvfs == NULL)
        return -ENOSYS;
    return location.mount->operations->statvfs(location.mount, status);
}

int vfs_truncate(const char *path, off_t length)
{
    struct location location;
    struct stat status;
    void *node;
    int result = vfs_locate(path, &location);

    if (length < 0)
        return -EINVAL;
    if (result == 0)
        result = vfs_node(&location, &node, &status);
    if (result != 0)
        return result;
    if (S_ISDIR(status.st_mode))
        result = -EISDIR;
    else if (location.mount->operations->truncate == NULL)
        result = -EROFS;
    else
        result = location.mount->operations->truncate(location.mount, node, length);
    vfs_release(location.mount, node);
    return result;
}
