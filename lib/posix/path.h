/* SPDX-License-Identifier: MIT */
/* Shared by the entry points that take a path. */
#ifndef LIB_POSIX_PATH_H
#define LIB_POSIX_PATH_H

#include "lib/fs/vfs.h"

/* The file mode creation mask, see umask(). */
extern mode_t creation_mask;

/*
 * Join the path of the directory behind `directory` and a relative path into `joined` (VFS_PATH_MAX
 * bytes) when that is needed; *result is the path to use. For AT_FDCWD and absolute paths that is
 * `path` itself. -EBADF, -ENOTDIR, -ENAMETOOLONG.
 */
int path_at(int directory, const char *path, char *joined, const char **result);

#endif
