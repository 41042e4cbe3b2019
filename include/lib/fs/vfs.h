/* SPDX-License-Identifier: MIT */
/*
 * Files by path: mounts, and the table of operations that each filesystem fills in.
 *
 * Paths: absolute, or relative to the working directory (one for all threads). "." and ".." are
 * resolved on the text of the path, so a filesystem sees only normal paths relative to its mount
 * point: "" (the root of the mount), "a", "a/b". The mount with the longest matching prefix serves
 * a path; a mount point needs no directory below it.
 *
 * Everything here: threads only, 0 or a count or -errno, errno untouched.
 */
#ifndef LIB_FS_VFS_H
#define LIB_FS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/block/blockdev.h"
#include "lib/file/file.h"
#include "lib/base/list.h"

/* With the terminating NUL, as PATH_MAX; without, as NAME_MAX. */
#define VFS_PATH_MAX 1024
#define VFS_NAME_MAX 255

struct statvfs;
struct mount;

/*
 * A node is a filesystem's own object for one file or directory; the VFS only carries the pointer.
 * lookup() and create() give one reference, which release() takes back.
 */
struct filesystem_operations {
    /* -ENOENT, -ENOTDIR (a component that is not the last is a file), -ELOOP, -ENOMEM. */
    int (*lookup)(struct mount *mount, const char *path, void **node);
    /* Make a file; -EEXIST when there is something of this name. */
    int (*create)(struct mount *mount, const char *path, mode_t mode, void **node);
    int (*mkdir)(struct mount *mount, const char *path, mode_t mode);
    int (*unlink)(struct mount *mount, const char *path);
    int (*rmdir)(struct mount *mount, const char *path);
    int (*rename)(struct mount *mount, const char *from, const char *to);
    int (*statvfs)(struct mount *mount, struct statvfs *status);
    /* What was written to this node is on stable storage; with NULL, what was written to any. */
    int (*sync)(struct mount *mount, void *node);
    /* No node has a reference any more. Frees what mount() made. */
    void (*unmount)(struct mount *mount);

    void (*release)(struct mount *mount, void *node);
    int (*stat)(struct mount *mount, void *node, struct stat *status);
    /*
     * The number of bytes moved; less than asked for only at the end of the file, or out of space.
     */
    ssize_t (*read)(struct mount *mount, void *node, void *buffer, size_t length, off_t offset);
    ssize_t (*write)(struct mount *mount, void *node, const void *buffer, size_t length,
                     off_t offset);
    int (*truncate)(struct mount *mount, void *node, off_t length);
    /* See struct directory_entry. 1: entry filled in and position moved; 0: no more. */
    int (*readdir)(struct mount *mount, void *node, struct directory_position *position,
                   struct directory_entry *entry);
    /* A node that makes its open file itself (a console); otherwise NULL, or answers -ENOTSUP. */
    int (*open)(struct mount *mount, void *node, int flags, struct file **file);
};
/*
 * Which may be NULL: what changes something (the answer is then -EROFS), sync and unmount (nothing
 * to do), release (no references are counted), statvfs (-ENOSYS), open.
 */

struct mount {
    char *path;              /* normal: "/" or "/a/b" */
    const struct filesystem_operations *operations;
    void *private_data;      /* the filesystem's */
    const char *type;        /* "ramfs" */
    char source[16];         /* the device's name, or "" */
    dev_t device_number;     /* st_dev; set by the VFS in every answer of stat() */
    unsigned int references; /* open files */
    struct list link;        /* longest path first */
};

/* A kind of filesystem; those linked in are found by name. */
struct filesystem_type {
    const char *name;
    bool needs_device;
    /*
     * Fill in mount->operations and ->private_data. `device` is NULL when !needs_device. Says what
     * is wrong in one line of its own and answers -errno.
     */
    int (*mount)(struct mount *mount, struct block_device *device);
};

#define FILESYSTEM_TYPE(name_, type_)                                                        \
    static const struct filesystem_type *const name_##_filesystem_type                      \
        __attribute__((used, section(".filesystems"))) = &type_

/* NULL: no such type in this image. filesystem_type_at(0), (1), … lists all, then NULL. */
const struct filesystem_type *filesystem_type_find(const char *name);
const struct filesystem_type *filesystem_type_at(unsigned int index);

/*
 * Mount at an absolute path. type NULL: each type that takes a device is tried. source: a block
 * device's name, or NULL. Missing directories of the mount point are made where the filesystem
 * below allows it, so that it shows in listings. Failures are told in one line each.
 */
int vfs_mount(const char *path, const char *source, const char *type);
/*
 * -EBUSY while files are open on it or something is mounted below it; -EINVAL: not a mount point.
 */
int vfs_unmount(const char *path);
/* Write back everything; the first error. */
int vfs_sync(void);

/*
 * A new open file with one reference. flags and mode as for open(); -EISDIR, -ENOTDIR, -EEXIST, …
 */
int vfs_open(const char *path, int flags, mode_t mode, struct file **file);
int vfs_stat(const char *path, struct stat *status);
int vfs_statvfs(const char *path, struct statvfs *status);
int vfs_truncate(const char *path, off_t length);
int vfs_mkdir(const char *path, mode_t mode);
int vfs_unlink(const char *path);
int vfs_rmdir(const char *path);
int vfs_rename(const char *from, const char *to);
int vfs_chdir(const char *path);
/* The working directory; -ERANGE when size is too small. Returns the length with its NUL. */
int vfs_getcwd(char *buffer, size_t size);
/* Of the filesystem that an open file or directory lies on; -ENOSYS for other files. */
int vfs_file_statvfs(struct file *file, struct statvfs *status);
/* The absolute path that an open directory was opened by (for openat()), or NULL. */
const char *vfs_directory_path(struct file *file);

#endif
