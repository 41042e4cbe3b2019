/* SPDX-License-Identifier: MIT */
/*
 * tarfs: a tar archive on a block device (a disk, or the cfg's ramdisk=) as a read-only filesystem.
 *
 * Nothing is unpacked: an index of names and places is kept in memory (some 100 bytes an entry),
 * contents are read where they lie. Symbolic links cannot lead out of the archive, whose root is
 * what "/" in them means. Hard links share a node, which is found by their serial. What an archive
 * may contain, and what becomes of damaged ones, is told in tarfs_scan.c.
 *
 * A disk that went and came back may hold another archive, and the index would point into the
 * middle of its files. So the headers are read once more before the first use after that, and
 * compared by a digest: the same archive is used as before, any other answers -EIO until the
 * old one is back.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "../internal.h"
#include "lib/base/printk.h"
#include "tarfs.h"
#include "lib/mm/heap.h"

#define READ_ATTEMPTS 4u

struct tarfs {
    struct block_device *device;
    struct tar_index index;
    unsigned int generation; /* the device's, when index and archive were last compared */
    bool stale;              /* then, it held another archive */
    struct mutex checking;
    struct log_limit log; /* for lines about that */
};

/* Read the archive's headers again: 0 with the outcome in `stale`, or what kept us from it. */
static int compare(struct tarfs *tarfs)
{
    unsigned int generation = tarfs->device->generation;
    struct tar_index fresh;
    int result = tar_index_init(&fresh);

    if (result == 0)
        result = tar_scan(tarfs->device, &fresh, &tarfs->log);
    if (result == 0 || result == -EINVAL) {
        tarfs->stale = result != 0 || fresh.digest != tarfs->index.digest;
        tarfs->generation = generation;
        printk_limited(&tarfs->log, "tarfs: %s: %s", tarfs->device->name,
                       tarfs->stale
                           ? "this is not the archive that was mounted: its files answer EIO"
                           : "the archive is the one that was mounted");
        result = 0;
    }
    tar_index_destroy(&fresh);
    return result;
}

/* Does the index describe what is on the device now? 0, -EIO, or the device's error. */
static int check(struct tarfs *tarfs)
{
    int result = 0;

    if (tarfs->device->generation != tarfs->generation) {
        mutex_lock(&tarfs->checking);
        if (tarfs->device->generation != tarfs->generation)
            result = compare(tarfs);
        mutex_unlock(&tarfs->checking);
    }
    return result == 0 && tarfs->stale ? -EIO : result;
}

struct tarfs_node {
    struct node node;
    const struct tar_entry *entry;
};

static const struct node_operations tarfs_operations;

static const struct tar_entry *entry_of(struct node *node)
{
    return container_of(node, struct tarfs_node, node)->entry;
}

static struct tarfs *tarfs_of(struct node *node)
{
    return node->mount->private_data;
}

static int64_t time_of(const struct tar_entry *entry)
{
    int64_t time;

    if (__builtin_mul_overflow(entry->mtime, (int64_t)SECONDS(1), &time))
        return INT64_MAX;
    return time + entry->mtime_ns;
}

static uint64_t size_of(const struct tar_entry *entry)
{
    if ((entry->mode & FILE_TYPE) == FILE_REGULAR)
        return entry->data.size;
    return (entry->mode & FILE_TYPE) == FILE_LINK ? strlen(entry->target) : 0;
}

static void set_attributes(struct file_attributes *attributes, const struct tar_entry *entry)
{
    attributes->inode = entry->serial;
    attributes->mode = entry->mode;
    attributes->links = entry->names != NULL ? *entry->names : 1;
    attributes->uid = entry->uid;
    attributes->gid = entry->gid;
    attributes->size = size_of(entry);
    attributes->block_size = 4096;
    attributes->blocks = (attributes->size + TAR_BLOCK - 1) / TAR_BLOCK;
    attributes->modified = attributes->changed = attributes->accessed = time_of(entry);
}

/* The node of an entry: that which is there, or a new one. */
static int node_of(struct mount *mount, const struct tar_entry *entry, struct node **node)
{
    struct tarfs_node *made;

    *node = node_find(mount, entry->serial);
    if (*node != NULL)
        return 0;
    made = kernel_alloc(sizeof(*made));
    if (made == NULL)
        return -ENOMEM;
    node_init(&made->node, mount, &tarfs_operations);
    set_attributes(&made->node.attributes, entry);
    made->entry = entry;
    node_insert(&made->node);
    *node = &made->node;
    return 0;
}

static void tarfs_release(struct node *node)
{
    node_remove(node);
    kernel_free(container_of(node, struct tarfs_node, node));
}

static int tarfs_lookup(struct node *directory, const struct name *name, struct node **node)
{
    const struct tar_entry *entry = entry_of(directory);
    struct tarfs *tarfs = tarfs_of(directory);
    int result = check(tarfs);

    if (result != 0)
        return result;
    if (name->length == 2 && name->text[0] == '.' && name->text[1] == '.')
        entry = entry->parent;
    else
        entry = tar_index_child(&tarfs->index, entry, name->text, name->length);
    return entry != NULL ? node_of(directory->mount, entry, node) : -ENOENT;
}

/* The names that are cached know nothing of a disk that was swapped. */
static int tarfs_refresh(struct node *node)
{
    return check(tarfs_of(node));
}

static int tarfs_target(struct node *node, char **target)
{
    const char *text = entry_of(node)->target;
    int result = check(tarfs_of(node));

    if (result != 0)
        return result;
    *target = kernel_copy_text(text, strlen(text));
    return *target != NULL ? 0 : -ENOMEM;
}

static int tarfs_name_of(struct node *directory, char *name)
{
    const struct tar_entry *entry = entry_of(directory);

    memcpy(name, entry->name, entry->name_length + 1u);
    return 0;
}

static ssize_t tarfs_read(struct node *node, void *buffer, size_t length, uint64_t at)
{
    struct tarfs *tarfs = tarfs_of(node);
    const struct tar_entry *entry = entry_of(node);
    unsigned int attempt;

    if (at >= entry->data.size)
        return 0;
    if (length > entry->data.size - at)
        length = entry->data.size - at;
    /* Again if the disk was swapped while we waited for it. */
    for (attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        int result = check(tarfs);

        if (result != 0)
            return result;
        result = tar_entry_read(tarfs->device, entry, buffer, length, at);
        if (tarfs->device->generation == tarfs->generation)
            return result != 0 ? result : (ssize_t)length;
    }
    return -EIO;
}

/* The child that a cookie stands for, by counting when there is no hint. */
static const struct tar_entry *child_at(const struct tar_entry *directory,
                                        const struct directory_position *position)
{
    const struct tar_entry *entry = directory->children.first;
    off_t i;

    if (position->hint != NULL)
        return position->hint;
    for (i = DIRECTORY_FIRST_COOKIE; entry != NULL && i < position->cookie; i++)
        entry = entry->next_sibling;
    return entry;
}

static int tarfs_readdir(struct node *node, struct directory_position *position,
                         struct directory_entry *entry)
{
    const struct tar_entry *directory = entry_of(node), *child;
    const struct tar_entry *parent = directory->parent != NULL ? directory->parent : directory;

    if (directory_entry_dots(position, entry, directory->serial, parent->serial))
        return 1;
    child = child_at(directory, position);
    if (child == NULL)
        return 0;
    directory_entry_set(entry, child->name, child->name_length, child->mode, child->serial);
    position->cookie++;
    position->hint = child->next_sibling;
    return 1;
}

static int tarfs_statvfs(struct mount *mount, struct statvfs *status)
{
    const struct tarfs *tarfs = mount->private_data;

    memset(status, 0, sizeof(*status));
    status->f_bsize = status->f_frsize = TAR_BLOCK;
    status->f_blocks = tarfs->device->size / TAR_BLOCK;
    status->f_files = tarfs->index.entries;
    status->f_flag = ST_RDONLY;
    status->f_namemax = VFS_NAME_MAX;
    return 0;
}

static void tarfs_unmount(struct mount *mount)
{
    struct tarfs *tarfs = mount->private_data;

    tar_index_destroy(&tarfs->index);
    kernel_free(tarfs);
}

static const struct node_operations tarfs_operations = {
    .lookup = tarfs_lookup,
    .readdir = tarfs_readdir,
    .name_of = tarfs_name_of,
    .target = tarfs_target,
    .read = tarfs_read,
    .refresh = tarfs_refresh,
    .release = tarfs_release,
};

static const struct mount_operations tarfs_mount_operations = {
    .statvfs = tarfs_statvfs,
    .unmount = tarfs_unmount,
};

static int tarfs_mount(struct mount *mount, struct block_device *device)
{
    struct tarfs *tarfs = kernel_alloc(sizeof(*tarfs));
    int result;

    if (tarfs == NULL) {
        printk("tarfs: %s: no memory", device->name);
        return -ENOMEM;
    }
    tarfs->device = device;
    tarfs->generation = device->generation;
    tarfs->stale = false;
    mutex_init(&tarfs->checking);
    tarfs->log = (struct log_limit){ 0 };
    result = tar_index_init(&tarfs->index);
    if (result == 0)
        result = tar_scan(device, &tarfs->index, &tarfs->log);
    else
        printk("tarfs: %s: no memory for an index", device->name);
    if (result == 0)
        result = node_of(mount, tarfs->index.root, &mount->root);
    if (result != 0) {
        tar_index_destroy(&tarfs->index);
        kernel_free(tarfs);
        return result;
    }
    mount->operations = &tarfs_mount_operations;
    mount->private_data = tarfs;
    mount->read_only = mount->confined = true;
    return 0;
}

static const struct filesystem_type tarfs_type = {
    .name = "tarfs",
    .needs_device = true,
    .mount = tarfs_mount,
};
FILESYSTEM_TYPE(tarfs, tarfs_type);
