/* SPDX-License-Identifier: MIT */
/* Calls that change names: mkdir(), unlink(), rmdir(), rename(), link(), symlink(); readlink(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mm/heap.h"
#include "path.h"

static int create_at(int directory, const char *path, const struct node_wish *wish)
{
    struct node *at;
    int result = path_start(directory, path, &at);

    if (result == 0) {
        result = vfs_create(at, path, wish);
        path_end(at);
    }
    return (int)posix_result(result);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    struct node_wish wish = {
        .mode = FILE_DIRECTORY | (mode & ~creation_mask & FILE_PERMISSIONS),
    };

    return create_at(directory, path, &wish);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int directory, const char *path)
{
    struct node_wish wish = { .mode = FILE_LINK | 0777, .target = target };
    size_t length = strnlen(target, VFS_PATH_MAX);

    if (length == 0 || length == VFS_PATH_MAX)
        return (int)posix_result(length == 0 ? -ENOENT : -ENAMETOOLONG);
    return create_at(directory, path, &wish);
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

int unlinkat(int directory, const char *path, int flags)
{
    struct node *at;
    int result = (flags & ~AT_REMOVEDIR) == 0 ? path_start(directory, path, &at) : -EINVAL;

    if (result == 0) {
        result = flags & AT_REMOVEDIR ? vfs_rmdir(at, path) : vfs_unlink(at, path);
        path_end(at);
    }
    return (int)posix_result(result);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    struct node *from_at, *to_at = NULL;
    int result = path_start(from_directory, from, &from_at);

    if (result == 0)
        result = path_start(to_directory, to, &to_at);
    if (result == 0)
        result = vfs_rename(from_at, from, to_at, to);
    path_end(from_at);
    path_end(to_at);
    return (int)posix_result(result);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* Without AT_SYMLINK_FOLLOW the new name leads to the link, and not to where that leads. */
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    int find = (flags & ~AT_SYMLINK_FOLLOW) ^ (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW);
    struct node *node = NULL, *to_at = NULL;
    int result = path_find(from_directory, from, find, 0, &node);

    if (result == 0)
        result = path_start(to_directory, to, &to_at);
    if (result == 0)
        result = vfs_link(node, to_at, to);
    path_end(node);
    path_end(to_at);
    return (int)posix_result(result);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

ssize_t readlinkat(int directory, const char *restrict path, char *restrict buffer, size_t size)
{
    struct node *node;
    char *target;
    size_t length;
    int result = path_find(directory, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0, &node);

    if (result != 0)
        return posix_result(result);
    result = size > 0 ? node_target(node, &target) : -EINVAL;
    node_put(node);
    if (result != 0)
        return posix_result(result);
    length = strlen(target);
    if (length > size)
        length = size;
    memcpy(buffer, target, length);
    kernel_free(target);
    return (ssize_t)length;
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    return readlinkat(AT_FDCWD, path, buffer, size);
}

void sync(void)
{
    vfs_sync();
}
