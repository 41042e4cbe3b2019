/* SPDX-License-Identifier: MIT */
/*
 * Calls on names: stat() and relatives, access(), unlink(), rename(), mkdir(), the working
 * directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

int stat(const char *path, struct stat *status)
{
    return (int)posix_result(vfs_stat(path, status));
}

/* Symbolic links exist only in archives, and are followed there without being seen. */
int lstat(const char *path, struct stat *status)
{
    return stat(path, status);
}

int fstatat(int directory, const char *path, struct stat *status, int flags)
{
    char joined[VFS_PATH_MAX];
    const char *whole;
    int result = path_at(directory, path, joined, &whole);

    (void)flags;
    if (result == 0)
        result = vfs_stat(whole, status);
    return (int)posix_result(result);
}

/* One user, who may do everything that the file's mode allows its owner. */
static int may_access(const char *path, int mode)
{
    struct stat status;
    int result = vfs_stat(path, &status);

    if (result != 0)
        return result;
    if ((mode & X_OK) != 0 && !S_ISDIR(status.st_mode) && (status.st_mode & 0111) == 0)
        return -EACCES;
    return 0;
}

int access(const char *path, int mode)
{
    return (int)posix_result(may_access(path, mode));
}

int unlink(const char *path)
{
    return (int)posix_result(vfs_unlink(path));
}

int rmdir(const char *path)
{
    return (int)posix_result(vfs_rmdir(path));
}

int rename(const char *from, const char *to)
{
    return (int)posix_result(vfs_rename(from, to));
}

int mkdir(const char *path, mode_t mode)
{
    return (int)posix_result(vfs_mkdir(path, mode & ~creation_mask));
}

int truncate(const char *path, off_t length)
{
    return (int)posix_result(vfs_truncate(path, length));
}

int chdir(const char *path)
{
    return (int)posix_result(vfs_chdir(path));
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

void sync(void)
{
    vfs_sync();
}
