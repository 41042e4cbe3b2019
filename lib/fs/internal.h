/* SPDX-License-Identifier: MIT */
/* What the parts of the VFS share with one another. */
#ifndef LIB_FS_INTERNAL_H
#define LIB_FS_INTERNAL_H

#include "lib/fs/vfs.h"

static inline bool node_is(const struct node *node, uint32_t type)
{
    return (node->attributes.mode & FILE_TYPE) == type;
}

/*
 * The cache of names. name_cache_find(): true when it knows; *node is then what the name leads to,
 * with a reference, or NULL: nothing. A pinned name stays until name_cache_forget().
 */
bool name_cache_find(struct node *directory, const struct name *name, struct node **node);
int name_cache_add(struct node *directory, const struct name *name, struct node *node, bool pinned);
void name_cache_forget(struct node *directory, const struct name *name);
/* All names that lead to nodes of this mount, or to nothing in it. */
void name_cache_forget_mount(struct mount *mount);

/* The root of all, with a reference; NULL before it is mounted. */
struct node *vfs_root(void);
/* The working directory, with a reference. */
struct node *vfs_working_directory(void);
/*
 * What shows where this node is: the root of what is mounted on it, or itself. Takes over the
 * reference, and gives one.
 */
struct node *vfs_shown(struct node *node);
/* The other way: the directory that a mount's root lies on. Without references. */
struct node *vfs_below(struct node *node);

/* What a name in a directory leads to: not through a mount that covers it, nor for ".". */
int vfs_child(struct node *directory, const struct name *name, struct node **node);
/* The parent of a directory, across mounts; that of the root is itself. */
int vfs_parent(struct node *directory, struct node **parent);

/* The absolute path of a directory, at path + *start of VFS_PATH_MAX bytes. */
int vfs_node_path(struct node *directory, char *path, size_t *start);

/*
 * The directory that a mount at this absolute path lies on, with a reference. What is missing is
 * made, or, where the file system below does not allow that, stands in the cache of names alone.
 */
int mount_point_make(const char *path, struct node **point);
/* Nothing is mounted there any more. Drops the reference. */
void mount_point_leave(struct node *point);

/* Where a path leads. */
struct walk {
    struct node *directory; /* that holds the last component, with a reference */
    struct name last;       /* of the path; "." for a path that names no component */
    bool slash;             /* behind the last component: it must be a directory */
    struct node *node;      /* with a reference; NULL: there is nothing, or WALK_PARENT */
    char *text;             /* where `last` lies when links were followed; else NULL */
    unsigned int links;
    const char *confined; /* up to here, the path is a link's that cannot lead out of its mount */
    struct node *confined_to; /* that mount's root */
};
enum walk_end { WALK_NOFOLLOW, WALK_FOLLOW, WALK_PARENT };
/* `path` must live as long as `walk`. When this fails, there is nothing to end. */
int walk_path(struct walk *walk, struct node *at, const char *path, enum walk_end end);
void walk_finish(struct walk *walk);

/* For the last component: is it "." or ".."? */
bool name_is_dots(const struct name *name);
/* May names change in this directory? It was not removed, and its file system can be written. */
int vfs_may_change(const struct node *directory, const void *operation);
/* Names have changed: for this one, look anew. */
void vfs_changed(struct node *directory, const struct name *name);
/* Make what is wished, under mount->changing: -EEXIST. */
int vfs_make(struct node *directory, const struct name *name, const struct node_wish *wish,
             struct node **node);

/* An open file on a node; takes the node's reference over when it succeeds. */
int vfs_file_create(struct node *node, int flags, struct file **file);

#endif
