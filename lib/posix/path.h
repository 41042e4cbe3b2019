/* SPDX-License-Identifier: MIT */
/* Shared by the entry points that take a path. */
#ifndef LIB_POSIX_PATH_H
#define LIB_POSIX_PATH_H

#include <sys/types.h>

#include "lib/fs/vfs.h"

/* The file mode creation mask, see umask(). */
extern mode_t creation_mask;

/*
 * Where the path of openat() and its kin starts: *at is NULL for AT_FDCWD and absolute paths, or else
 * the node behind `directory`, with a reference that path_end() drops. -EBADF, -ENOTDIR.
 */
int path_start(int directory, const char *path, struct node **at);
void path_end(struct node *at);
/* The node behind a descriptor, with a reference. -EBADF; -EINVAL: no file of a file system. */
int descriptor_node(int descriptor, struct node **node);
/*
 * The node of a path, with a reference, as the flags AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW say.
 * Another flag than these and those in `known`: -EINVAL.
 */
int path_find(int directory, const char *path, int flags, int known, struct node **node);

#endif
