/* SPDX-License-Identifier: MIT */
/*
 * tarfs: a tar archive on a block device (a disk, or the cfg's ramdisk=) as a read-only filesystem.
 *
 * Nothing is unpacked: an index of names and places is kept in memory (some 80 bytes an entry),
 * contents are read where they lie. Symbolic links are followed inside of the archive, whose root
 * they cannot leave, and never seen as such, except that readdir() tells DT_LNK. What an archive
 * may contain, and what becomes of damaged ones, is told in tarfs_scan.c.
 *
 * A disk that went and came back may hold another archive, and the index would point into the
 * middle of its files. So the headers are read once more before the first use after that, and
 * compared by a digest: the same archive is used as before, any other answers -EIO until the
 * old one is back.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "../internal.h"
#include "lib/base/printk.h"
#include "tarfs.h"
#include "lib/mm/heap.h"

#define FIRST_COOKIE 2 /* 0 and 1 are "." and ".." */
#define READ_ATTEMPTS 4u

struct tarfs {
    struct block_device *device;
    struct tar_index index;
    unsigned int generation; /* the device's, when index and archive were last compared */
    bool stale;              /* then, it held another archive */
    struct mutex checking;
    struct log_limit log;    /* for lines about that */
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
                       tarfs->stale ? "this is not the archive that was mounted: its files answer EIO"
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

static int tarfs_lookup(struct mount *mount, const char *path, void **node)
{
    struct tarfs *tarfs = mount->private_data;
    struct tar_entry *entry;
    int result = check(tarfs);

    if (result == 0)
        result = tar_index_find(&tarfs->index, path, &entry);
    if (result == 0)
        *node = entry;
    return result;
}

static int tarfs_stat(struct mount *mount, void *node, struct stat *status)
{
    const struct tar_entry *entry = node;

    (void)mount;
    status->st_ino = entry->serial;
    status->st_mode = entry->mode;
    status->st_nlink = 1;
    status->st_size = S_ISREG(entry->mode) ? (off_t)entry->data.size : 0;
    status->st_blksize = 4096;
    status->st_blocks = (blkcnt_t)((status->st_size + 511) / 512);
    status->st_mtim.tv_sec = status->st_ctim.tv_sec = status->st_atim.tv_sec = entry->mtime;
    return 0;
}

static ssize_t tarfs_read(struct mount *mount, void *node, void *buffer, size_t length,
                          off_t offset)
{
    struct tarfs *tarfs = mount->private_data;
    const struct tar_entry *entry = node;
    uint64_t at = (uint64_t)offset;
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
    for (i = FIRST_COOKIE; entry != NULL && i < position->cookie; i++)
        entry = entry->next_sibling;
    return entry;
}

static unsigned char entry_type(const struct tar_entry *entry)
{
    if (S_ISLNK(entry->mode))
        return DT_LNK;
    return S_ISDIR(entry->mode) ? DT_DIR : DT_REG;
}

static int tarfs_readdir(struct mount *mount, void *node, struct directory_position *position,
                         struct directory_entry *entry)
{
    const struct tar_entry *directory = node, *child;

    (void)mount;
    if (position->cookie < FIRST_COOKIE) {
        directory_entry_set(entry, "..", (size_t)position->cookie + 1, DT_DIR, directory->serial);
        position->cookie++;
        return 1;
    }
    child = child_at(directory, position);
    if (child == NULL)
        return 0;
    directory_entry_set(entry, child->name, child->name_length, entry_type(child), child->serial);
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

static const struct filesystem_operations tarfs_operations = {
    .lookup = tarfs_lookup,
    .statvfs = tarfs_statvfs,
    .unmount = tarfs_unmount,
    .stat = tarfs_stat,
    .read = tarfs_read,
    .readdir = tarfs_readdir,
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
    if (result != 0) {
        tar_index_destroy(&tarfs->index);
        kernel_free(tarfs);
        return result;
    }
    mount->operations = &tarfs_operations;
    mount->private_data = tarfs;
    return 0;
}

static const struct filesystem_type tarfs_type = {
    .name = "tarfs",
    .needs_device = true,
    .mount = tarfs_mount,
};
FILESYSTEM_TYPE(tarfs, tarfs_type);
