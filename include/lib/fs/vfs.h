/* SPDX-License-Identifier: MIT */
/*
 * Files by path.
 *
 * A path starts at the root, at the working directory (one for all threads), or, when `at` is not
 * NULL, at that node, and is walked one component after the other: symbolic links are followed, up
 * to 40 of them, and mounts crossed. ".." and the working directory are nodes: a directory that is
 * renamed takes along who is in it.
 *
 * What is at the end of a path: a slash behind the last component, and "." or ".." as the last one,
 * demand a directory; calls that change names follow no symbolic link there.
 *
 * One user, who may do everything: modes and owners are kept, and only X_OK is looked at.
 *
 * Everything here: threads only, 0 or a count or -errno, errno untouched.
 */
#ifndef LIB_FS_VFS_H
#define LIB_FS_VFS_H

#include "lib/fs/node.h"

#define VFS_LINKS_MAX 40u

/*
 * Mount at an absolute path. type NULL: each type that takes a device is tried. source: a block
 * device's name, or NULL. Missing directories of the mount point are made where the filesystem
 * below allows it, so that they show in listings; where it does not, the mount works all the same.
 * What is mounted on "/" takes along what was mounted below it. Failures are told in one line each.
 */
int vfs_mount(const char *path, const char *source, const char *type);
/* -EBUSY while something of it is in use or mounted on; -EINVAL: not a mount point. */
int vfs_unmount(const char *path);
/* Write back everything; the first error. */
int vfs_sync(void);

/* How vfs_find() treats a symbolic link at the end of the path. */
enum vfs_links { VFS_NOFOLLOW, VFS_FOLLOW };
/* The node of a path, with a reference. */
int vfs_find(struct node *at, const char *path, enum vfs_links links, struct node **node);

/*
 * A new open file with one reference. flags as for open(), mode: permissions, the mask already
 * applied; -EISDIR, -ENOTDIR, -EEXIST, …
 */
int vfs_open(struct node *at, const char *path, int flags, uint32_t mode, struct file **file);

/*
 * Calls that change names. vfs_create() makes a directory or a symbolic link: -EEXIST. vfs_unlink()
 * removes all but directories (-EPERM), vfs_rmdir() empty directories.
 */
int vfs_create(struct node *at, const char *path, const struct node_wish *wish);
int vfs_unlink(struct node *at, const char *path);
int vfs_rmdir(struct node *at, const char *path);
int vfs_link(struct node *node, struct node *at, const char *path);
int vfs_rename(struct node *from_at, const char *from, struct node *to_at, const char *to);

/* Of a node that the caller has a reference of. */
int node_attributes(struct node *node, struct file_attributes *attributes);
/* -EROFS, -EINVAL (a size of what is no regular file), -EISDIR, -EFBIG, -ENOSPC. */
int node_set_attributes(struct node *node, const struct file_attributes *attributes,
                        unsigned int which);
int node_statvfs(struct node *node, struct statvfs *status);
/* Would open() for writing answer -EROFS? */
bool node_is_read_only(const struct node *node);
/* A symbolic link's text, to kernel_free(); -EINVAL: another kind. */
int node_target(struct node *node, char **target);

int vfs_chdir(struct node *node);
/* The working directory; -ERANGE when size is too small, -ENOENT when it was removed. Returns the
 * length with its NUL. */
int vfs_getcwd(char *buffer, size_t size);

/* The node of an open file or directory, without a reference; NULL: a file of another kind. */
struct node *vfs_file_node(struct file *file);

/* Fill in an entry's name, type (a mode) and inode. */
void directory_entry_set(struct directory_entry *entry, const char *name, size_t length,
                         uint32_t mode, uint64_t inode);
/* The first two entries of every directory, by cookie 0 and 1. */
#define DIRECTORY_FIRST_COOKIE 2
bool directory_entry_dots(struct directory_position *position, struct directory_entry *entry,
                          uint64_t inode, uint64_t parent);

#endif
