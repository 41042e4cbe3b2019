/* SPDX-License-Identifier: MIT */
/* statvfs() and fstatvfs(). */
#include <errno.h>
#include <sys/statvfs.h>

#include "lib/fs/vfs.h"

int statvfs(const char *path, struct statvfs *status)
{
    return (int)posix_result(vfs_statvfs(path, status));
}

int fstatvfs(int descriptor, struct statvfs *status)
{
    struct file *file = descriptor_get(descriptor);
    int result;

    if (file == NULL)
        return (int)posix_result(-EBADF);
    result = vfs_file_statvfs(file, status);
    file_put(file);
    return (int)posix_result(result);
}
