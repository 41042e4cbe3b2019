/* SPDX-License-Identifier: MIT */
/* What the parts of the VFS share with one another. */
#ifndef LIB_VFS_INTERNAL_H
#define LIB_VFS_INTERNAL_H

#include "lib/fs/vfs.h"

/*
 * Resolve "." and ".." and doubled slashes of `path`, relative to the normal path `from`, into
 * `normal` (VFS_PATH_MAX bytes). *directory: the path ended in a slash or dots, so it must name a
 * directory. check(prefix), if not NULL, is asked before a ".." takes back a component; its error
 * ends it. -ENOENT (empty path), -ENAMETOOLONG.
 */
int path_normalise(const char *from, const char *path, char *normal, bool *directory,
                   int (*check)(const char *prefix));
/* The next component of a relative normal path: its length; *path moves behind it and its slash. */
size_t path_component(const char **path, const char **name);

/* Where a path leads. */
struct location {
    struct mount *mount;
    const char *relative; /* to the mount, inside of `path` */
    bool directory;       /* must be one */
    char path[VFS_PATH_MAX];
};
int vfs_locate(const char *path, struct location *location);
/* Is there a mount below this normal path? */
bool mount_below(const char *path);
/* The mount for a normal path, and the rest of it. NULL before the root is mounted. */
struct mount *mount_of(const char *path, const char **relative);
/* The node that a location names, with a reference, and its status. */
int vfs_node(const struct location *location, void **node, struct stat *status);
void vfs_release(struct mount *mount, void *node);

/* An open file on a node; takes the node's reference over when it succeeds. */
int vfs_file_create(const struct location *location, void *node, const struct stat *status,
                    int flags, struct file **file);

/* Fill in an entry's name, type and inode. */
void directory_entry_set(struct directory_entry *entry, const char *name, size_t length,
                         unsigned char type, ino_t inode);

#endif
