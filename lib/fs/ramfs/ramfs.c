/* SPDX-License-Identifier: MIT */
/*
 * ramfs: files and directories in memory, the root of every image with a VFS.
 *
 * Nodes form a tree; a name and its node are one object, so there are no hard links. An unlinked
 * node lives until its last user is gone. All ramfs mounts together take at most half of the memory
 * that was free when the first was mounted, so that a full file system does not starve the network;
 * then writing answers ENOSPC.
 *
 * A listing is by cookies that grow with each name that is added and are never used again, so names
 * that are removed meanwhile cause no other to be skipped.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "../internal.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "ramfs.h"

#define FIRST_COOKIE 2 /* 0 and 1 are "." and ".." */

static ino_t last_inode;

static struct ramfs_node *node_at(struct list *link)
{
    return container_of(link, struct ramfs_node, link);
}

static struct ramfs_node *node_create(const char *name, size_t length, mode_t mode)
{
    struct ramfs_node *node = kernel_alloc_zeroed(1, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->name = kernel_copy_text(name, length);
    if (node->name == NULL) {
        kernel_free(node);
        return NULL;
    }
    list_init(&node->link);
    list_init(&node->children);
    node->next_cookie = FIRST_COOKIE;
    node->references = 1;
    node->mode = mode;
    node->inode = ++last_inode;
    node->modified = node->changed = clock_realtime();
    return node;
}

static void node_put(struct ramfs_node *node)
{
    if (--node->references > 0)
        return;
    ramfs_pages_cut(&node->pages, 0);
    kernel_free(node->name);
    kernel_free(node);
}

static void touch(struct ramfs_node *directory)
{
    directory->modified = directory->changed = clock_realtime();
}

static void attach(struct ramfs_node *directory, struct ramfs_node *node)
{
    node->parent = directory;
    node->cookie = directory->next_cookie++;
    list_append(&directory->children, &node->link);
    touch(directory);
}

static void detach(struct ramfs_node *node)
{
    touch(node->parent);
    node->parent = NULL;
    list_remove(&node->link);
}

static struct ramfs_node *child(const struct ramfs_node *directory, const char *name, size_t length)
{
    struct list *link, *next;

    list_for_each(link, next, &directory->children) {
        const char *candidate = node_at(link)->name;

        if (strncmp(candidate, name, length) == 0 && candidate[length] == '\0')
            return node_at(link);
    }
    return NULL;
}

/*
 * Walk to the directory that holds the path's last component; *name is that component, "" for the
 * root itself. -ENOENT, -ENOTDIR.
 */
static int walk(struct mount *mount, const char *path, struct ramfs_node **directory,
                const char **name, size_t *length)
{
    struct ramfs_node *node = mount->private_data;

    *length = path_component(&path, name);
    while (*path != '\0') {
        node = child(node, *name, *length);
        if (node == NULL)
            return -ENOENT;
        if (!S_ISDIR(node->mode))
            return -ENOTDIR;
        *length = path_component(&path, name);
    }
    *directory = node;
    return 0;
}

/* The node of a path, without a reference. */
static int find(struct mount *mount, const char *path, struct ramfs_node **node)
{
    const char *name;
    size_t length;
    int result = walk(mount, path, node, &name, &length);

    if (result == 0 && length > 0)
        *node = child(*node, name, length);
    return result == 0 && *node == NULL ? -ENOENT : result;
}

static int ramfs_lookup(struct mount *mount, const char *path, void **found)
{
    struct ramfs_node *node;
    int result = find(mount, path, &node);

    if (result != 0)
        return result;
    node->references++;
    *found = node;
    return 0;
}

static int add(struct mount *mount, const char *path, mode_t mode, struct ramfs_node **made)
{
    struct ramfs_node *directory;
    const char *name;
    size_t length;
    int result = walk(mount, path, &directory, &name, &length);

    if (result != 0)
        return result;
    if (length == 0 || child(directory, name, length) != NULL)
        return -EEXIST;
    *made = node_create(name, length, mode);
    if (*made == NULL)
        return -ENOSPC;
    attach(directory, *made);
    return 0;
}

static int ramfs_create(struct mount *mount, const char *path, mode_t mode, void **node)
{
    struct ramfs_node *made;
    int result = add(mount, path, S_IFREG | mode, &made);

    if (result != 0)
        return result;
    made->references++;
    *node = made;
    return 0;
}

static int ramfs_mkdir(struct mount *mount, const char *path, mode_t mode)
{
    struct ramfs_node *made;

    return add(mount, path, S_IFDIR | mode, &made);
}

/* The VFS has checked that the name exists and is of the right kind. */
static int ramfs_remove(struct mount *mount, const char *path)
{
    struct ramfs_node *node;
    int result = find(mount, path, &node);

    if (result != 0)
        return result;
    if (!list_empty(&node->children))
        return -ENOTEMPTY;
    detach(node);
    node_put(node);
    return 0;
}

/*
 * Put the node in the place of `victim` (or of nothing) under its new name. Nothing can fail here.
 */
static void move(struct ramfs_node *node, struct ramfs_node *directory, char *name,
                 struct ramfs_node *victim)
{
    if (victim != NULL) {
        detach(victim);
        node_put(victim);
    }
    detach(node);
    kernel_free(node->name);
    node->name = name;
    attach(directory, node);
    node->changed = clock_realtime();
}

static int ramfs_rename(struct mount *mount, const char *from, const char *to)
{
    struct ramfs_node *source, *target, *node, *victim;
    const char *old_name, *name;
    size_t old_length, length;
    char *copy;
    int result = walk(mount, from, &source, &old_name, &old_length);

    if (result == 0)
        result = walk(mount, to, &target, &name, &length);
    if (result != 0)
        return result;
    node = child(source, old_name, old_length);
    victim = child(target, name, length);
    if (node == NULL)
        return -ENOENT;
    if (victim != NULL && !list_empty(&victim->children))
        return -ENOTEMPTY;
    copy = kernel_copy_text(name, length);
    if (copy == NULL)
        return -ENOSPC;
    move(node, target, copy, victim);
    return 0;
}

static void set_time(struct timespec *time, uint64_t nanoseconds)
{
    time->tv_sec = (time_t)(nanoseconds / 1000000000u);
    time->tv_nsec = (long)(nanoseconds % 1000000000u);
}

static int ramfs_stat(struct mount *mount, void *found, struct stat *status)
{
    const struct ramfs_node *node = found;

    (void)mount;
    status->st_ino = node->inode;
    status->st_mode = node->mode;
    status->st_nlink = node->parent == NULL && node->name[0] != '\0' ? 0 : 1; /* unlinked: 0 */
    status->st_size = (off_t)node->size;
    status->st_blksize = PAGE_SIZE;
    status->st_blocks = (blkcnt_t)((node->size + 511) / 512);
    set_time(&status->st_mtim, node->modified);
    set_time(&status->st_atim, node->modified);
    set_time(&status->st_ctim, node->changed);
    return 0;
}

static int ramfs_readdir(struct mount *mount, void *found, struct directory_position *position,
                         struct directory_entry *entry)
{
    const struct ramfs_node *directory = found;
    struct list *link, *next;

    (void)mount;
    if (position->cookie < FIRST_COOKIE) {
        const struct ramfs_node *up = directory->parent != NULL ? directory->parent : directory;
        size_t dots = (size_t)position->cookie + 1;

        directory_entry_set(entry, "..", dots, DT_DIR, dots == 1 ? directory->inode : up->inode);
        position->cookie++;
        return 1;
    }
    list_for_each(link, next, &directory->children) {
        const struct ramfs_node *node = node_at(link);

        if (node->cookie < position->cookie)
            continue;
        directory_entry_set(entry, node->name, strlen(node->name),
                            S_ISDIR(node->mode) ? DT_DIR : DT_REG, node->inode);
        position->cookie = node->cookie + 1;
        return 1;
    }
    return 0;
}

static ssize_t ramfs_read_node(struct mount *mount, void *node, void *buffer, size_t length,
                               off_t offset)
{
    (void)mount;
    return ramfs_read(node, buffer, length, offset);
}

static ssize_t ramfs_write_node(struct mount *mount, void *node, const void *buffer, size_t length,
                                off_t offset)
{
    (void)mount;
    return ramfs_write(node, buffer, length, offset);
}

static int ramfs_truncate(struct mount *mount, void *node, off_t length)
{
    (void)mount;
    return ramfs_resize(node, length);
}

static void ramfs_release(struct mount *mount, void *node)
{
    (void)mount;
    node_put(node);
}

static int ramfs_statvfs(struct mount *mount, struct statvfs *status)
{
    size_t left = ramfs_usage.limit - ramfs_usage.pages;

    (void)mount;
    memset(status, 0, sizeof(*status));
    status->f_bsize = status->f_frsize = PAGE_SIZE;
    status->f_blocks = ramfs_usage.limit;
    status->f_bfree = status->f_bavail = left < pages_unused() ? left : pages_unused();
    status->f_namemax = VFS_NAME_MAX;
    return 0;
}

/* Depth first, without recursion: go down to a leaf, free it, go on with its parent. */
static void ramfs_unmount(struct mount *mount)
{
    struct ramfs_node *node = mount->private_data;

    while (node != NULL) {
        struct list *first = list_first(&node->children);
        struct ramfs_node *parent = node->parent;

        if (first != NULL) {
            node = node_at(first);
            continue;
        }
        if (parent != NULL)
            detach(node);
        node_put(node);
        node = parent;
    }
}

static const struct filesystem_operations ramfs_operations = {
    .lookup = ramfs_lookup,
    .create = ramfs_create,
    .mkdir = ramfs_mkdir,
    .unlink = ramfs_remove,
    .rmdir = ramfs_remove,
    .rename = ramfs_rename,
    .statvfs = ramfs_statvfs,
    .unmount = ramfs_unmount,
    .release = ramfs_release,
    .stat = ramfs_stat,
    .read = ramfs_read_node,
    .write = ramfs_write_node,
    .truncate = ramfs_truncate,
    .readdir = ramfs_readdir,
};

static int ramfs_mount(struct mount *mount, struct block_device *device)
{
    struct ramfs_node *root = node_create("", 0, S_IFDIR | 0755);

    (void)device;
    if (root == NULL)
        return -ENOMEM;
    if (ramfs_usage.limit == 0)
        ramfs_usage.limit = pages_unused() / 2;
    mount->operations = &ramfs_operations;
    mount->private_data = root;
    return 0;
}

static const struct filesystem_type ramfs_type = {
    .name = "ramfs",
    .mount = ramfs_mount,
};
FILESYSTEM_TYPE(ramfs, ramfs_type);
