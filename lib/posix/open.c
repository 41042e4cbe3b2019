/* SPDX-License-Identifier: MIT */
/* open(), openat(), creat(), umask(). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/printk.h"
#include "path.h"

mode_t creation_mask = 022;

mode_t umask(mode_t mask)
{
    mode_t old = creation_mask;

    creation_mask = mask & 0777;
    return old;
}

static int join(int directory, const char *path, char *joined)
{
    struct file *file = descriptor_get(directory);
    const char *prefix;
    int length;

    if (file == NULL)
        return -EBADF;
    prefix = vfs_directory_path(file);
    length = prefix != NULL ? ksnprintf(joined, VFS_PATH_MAX, "%s/%s", prefix, path) : -ENOTDIR;
    file_put(file);
    if (length < 0)
        return length;
    return length < VFS_PATH_MAX ? 0 : -ENAMETOOLONG;
}

int path_at(int directory, const char *path, char *joined, const char **result)
{
    *result = path;
    if (directory == AT_FDCWD || path == NULL || path[0] == '/')
        return 0;
    if (path[0] == '\0')
        return -ENOENT;
    *result = joined;
    return join(directory, path, joined);
}

static int open_path(const char *path, int flags, mode_t mode)
{
    struct file *file;
    int descriptor, result = vfs_open(path, flags, mode & ~creation_mask, &file);

    if (result != 0)
        return result;
    descriptor = descriptor_install(file, 0);
    if (descriptor < 0)
        file_put(file);
    else if ((flags & O_CLOEXEC) != 0)
        descriptor_set_flags(descriptor, FD_CLOEXEC);
    return descriptor;
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    char joined[VFS_PATH_MAX];
    const char *whole;
    int result = path_at(directory, path, joined, &whole);

    return result != 0 ? result : open_path(whole, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode = 0;

    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return (int)posix_result(open_path(path, flags, mode));
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode = 0;

    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return (int)posix_result(open_at(directory, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return (int)posix_result(open_path(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
}
