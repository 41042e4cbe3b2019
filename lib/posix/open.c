/* SPDX-License-Identifier: MIT */
/* open(), openat(), creat(), umask(). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "path.h"

mode_t creation_mask = 022;

mode_t umask(mode_t mask)
{
    mode_t old = creation_mask;

    creation_mask = mask & 0777;
    return old;
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    struct file *file;
    struct node *at;
    int descriptor, result = path_start(directory, path, &at);

    if (result != 0)
        return result;
    result = vfs_open(at, path, flags, mode & ~creation_mask, &file);
    path_end(at);
    if (result != 0)
        return result;
    descriptor = descriptor_install(file, 0);
    if (descriptor < 0)
        file_put(file);
    else if ((flags & O_CLOEXEC) != 0)
        descriptor_set_flags(descriptor, FD_CLOEXEC);
    return descriptor;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode = 0;

    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return (int)posix_result(open_at(AT_FDCWD, path, flags, mode));
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
    return (int)posix_result(open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode));
}
