/* SPDX-License-Identifier: MIT */
/*
 * Nodes: what file systems are made of for the rest of the kernel. A node is one file, directory,
 * symbolic link or device, whatever names lead to it. A file system embeds struct node in its own
 * struct, makes one when a name is looked up, and frees it when nobody refers to it any more.
 *
 * Who does what: the walk along a path, the cache of names, mounts, and POSIX' rules that are the
 * same everywhere are the VFS' ("lib/fs/vfs.h"). A file system knows one component of one directory
 * at a time.
 *
 * Locking: operations that change names are called by one thread at a time in each mount. All others
 * may be called while another operation of the same file system sleeps.
 *
 * Everything here: threads only, 0 or a count, or -errno.
 */
#ifndef LIB_FS_NODE_H
#define LIB_FS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/list.h"
#include "lib/block/blockdev.h"
#include "lib/file/attributes.h"
#include "lib/file/file.h"
#include "lib/mm/hash.h"
#include "lib/sched/sched.h"

/* With the terminating NUL, as PATH_MAX; without, as NAME_MAX. */
#define VFS_PATH_MAX 1024
#define VFS_NAME_MAX 255

struct mount;
struct node;
struct statvfs;

/* One component of a path: 1 to VFS_NAME_MAX bytes, no slash. Not terminated. */
struct name {
    const char *text;
    size_t length;
};

/* What a new node shall be. */
struct node_wish {
    uint32_t mode;      /* with the type */
    const char *target; /* of a symbolic link: fewer than VFS_PATH_MAX bytes */
};

/* Which attributes to change; ATTRIBUTE_SIZE only of regular files. */
#define ATTRIBUTE_MODE 0x1u
#define ATTRIBUTE_UID 0x2u
#define ATTRIBUTE_GID 0x4u
#define ATTRIBUTE_SIZE 0x8u
#define ATTRIBUTE_ACCESSED 0x10u
#define ATTRIBUTE_MODIFIED 0x20u

struct node_operations {
    /*
     * Of directories. *node comes with a reference, the caller's. The name ".." asks for the parent,
     * but never in the root of a mount. -ENOENT: there is nothing of this name.
     */
    int (*lookup)(struct node *directory, const struct name *name, struct node **node);
    /* There is nothing of this name. */
    int (*create)(struct node *directory, const struct name *name, const struct node_wish *wish,
                  struct node **node);
    int (*link)(struct node *directory, const struct name *name, struct node *node);
    /* `node` is what the name leads to. -ENOTEMPTY: a directory that has entries. */
    int (*remove)(struct node *directory, const struct name *name, struct node *node);
    /* `node` gets another name, in the place of `victim` (of the same kind), or of nothing: NULL. */
    int (*rename)(struct node *from, const struct name *old_name, struct node *to,
                  const struct name *new_name, struct node *node, struct node *victim);
    /* See struct directory_position. 1: entry filled in and position moved; 0: no more. */
    int (*readdir)(struct node *directory, struct directory_position *position,
                   struct directory_entry *entry);
    /* The name of this directory in its parent, terminated, into VFS_NAME_MAX + 1 bytes. */
    int (*name_of)(struct node *directory, char *name);

    /* Of symbolic links: a text of the caller's to kernel_free(). */
    int (*target)(struct node *node, char **target);

    /*
     * Of files and devices: the number of bytes moved; less than asked for only at the end, or out
     * of space. A file system on a disk keeps a struct page_mapping beside its node for this.
     */
    ssize_t (*read)(struct node *node, void *buffer, size_t length, uint64_t offset);
    ssize_t (*write)(struct node *node, const void *buffer, size_t length, uint64_t offset);
    /* What was written to this node is on stable storage. */
    int (*sync)(struct node *node);
    /*
     * A node that makes its open file itself (a console), or wants to know the flags; otherwise NULL,
     * or answers -ENOTSUP.
     */
    int (*open)(struct node *node, int flags, struct file **file);

    /* Bring node->attributes up to date before somebody reads them. NULL: they always are. */
    int (*refresh)(struct node *node);
    /* The VFS stores them into node->attributes when this has answered 0, the size excepted. */
    int (*set_attributes)(struct node *node, const struct file_attributes *attributes,
                          unsigned int which);
    /* Nobody refers to the node: free it, and what it holds if attributes.links is 0. */
    void (*release)(struct node *node);
};
/*
 * Which may be NULL: what is of another kind of node; what changes something (the answer is then
 * -EROFS); sync (nothing to do); open, refresh.
 */

struct node {
    const struct node_operations *operations;
    struct mount *mount;
    struct mount *covered_by;  /* what is mounted here, or NULL */
    uint64_t serial;           /* of all nodes that ever were, this one's; the VFS' */
    struct hash_link by_inode; /* see node_find() */
    unsigned int references;   /* of users: what a file system keeps by itself counts nothing */
    struct file_attributes attributes;
};

/* With one reference, the caller's. Fills in all but attributes; zeroes these. */
void node_init(struct node *node, struct mount *mount, const struct node_operations *operations);
struct node *node_get(struct node *node);
void node_put(struct node *node);

/*
 * For file systems whose nodes come and go: all that are there, by mount and inode. node_find() gives
 * a reference, or NULL. Put in after attributes.inode was set, taken out by release().
 */
struct node *node_find(struct mount *mount, uint64_t inode);
void node_insert(struct node *node);
void node_remove(struct node *node);

struct mount_operations {
    int (*statvfs)(struct mount *mount, struct statvfs *status); /* NULL: -ENOSYS */
    int (*sync)(struct mount *mount);                            /* NULL: nothing to do */
    /* Nobody refers to a node any more, and the root's reference was dropped. Frees the rest. */
    void (*unmount)(struct mount *mount); /* NULL: nothing to do */
};

struct mount {
    /* Filled in by the file system's mount(). */
    const struct mount_operations *operations;
    void *private_data;
    struct node *root; /* with a reference */
    bool read_only;
    bool quick_names; /* its lookup() costs no more than the cache of names, which is left out */
    bool confined;    /* its symbolic links cannot lead out of it; "/" in them is its root */

    /* The VFS'. */
    struct node *covered; /* the directory that this lies on, with a reference; NULL: on nothing */
    const char *type;     /* "ramfs" */
    char source[16];      /* the device's name, or "" */
    uint64_t device_number; /* attributes.device of all its nodes */
    size_t references;      /* of its nodes, and of itself */
    size_t cached_names;
    unsigned int changes;  /* of names, so far: what a lookup() found before one is not cached */
    struct mutex changing; /* held around what changes names */
    struct list link;      /* oldest first */
};

/* A kind of filesystem; those linked in are found by name. */
struct filesystem_type {
    const char *name;
    bool needs_device;
    /*
     * Fill in the file system's part of `mount`. `device` is NULL when !needs_device. Says what is
     * wrong in one line of its own and answers -errno.
     */
    int (*mount)(struct mount *mount, struct block_device *device);
};

#define FILESYSTEM_TYPE(name_, type_)                                  \
    static const struct filesystem_type *const name_##_filesystem_type \
        __attribute__((used, section(".filesystems"))) = &type_

/* NULL: no such type in this image. filesystem_type_at(0), (1), … lists all, then NULL. */
const struct filesystem_type *filesystem_type_find(const char *name);
const struct filesystem_type *filesystem_type_at(unsigned int index);

#endif
