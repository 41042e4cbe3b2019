/* SPDX-License-Identifier: MIT */
/*
 * devfs: /dev. Character devices from a table, and every registered block device by its name, as
 * raw bytes through the block cache, or past it with O_DIRECT (of any alignment).
 *
 * A node is allocated by each lookup and freed by its release; there is no tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../internal.h"
#include "lib/block/blockcache.h"
#include "lib/random/random.h"
#include "lib/mm/heap.h"

struct character_device {
    const char *name;
    mode_t mode;
    ssize_t (*read)(void *buffer, size_t length);
    ssize_t (*write)(size_t length);
};

struct devfs_node {
    ino_t inode; /* the cookie in the listing; 1 for the root */
    const struct character_device *character;
    struct block_device *block; /* neither: the root */
    bool direct;                /* past the cache: opened with O_DIRECT */
};

static ssize_t read_end(void *buffer, size_t length)
{
    (void)buffer;
    (void)length;
    return 0;
}

static ssize_t read_zeros(void *buffer, size_t length)
{
    memset(buffer, 0, length);
    return (ssize_t)length;
}

static ssize_t read_random(void *buffer, size_t length)
{
    random_bytes(buffer, length);
    return (ssize_t)length;
}

static ssize_t write_nowhere(size_t length)
{
    return (ssize_t)length;
}

static ssize_t write_full(size_t length)
{
    (void)length;
    return -ENOSPC;
}

static const struct character_device characters[] = {
    { "null", 0666, read_end, write_nowhere },
    { "zero", 0666, read_zeros, write_nowhere },
    { "full", 0666, read_zeros, write_full },
    { "random", 0666, read_random, write_nowhere },
    { "urandom", 0666, read_random, write_nowhere },
    { "console", 0620, NULL, NULL }, /* opens as the console's own file */
};
#define CHARACTERS (sizeof(characters) / sizeof(characters[0]))
#define FIRST_COOKIE 2 /* 0 and 1 are "." and ".." */

/* The device that a cookie stands for: first the table, then the block devices in their order. */
static bool device_at(size_t index, struct devfs_node *node)
{
    node->inode = (ino_t)(index + FIRST_COOKIE);
    node->character = index < CHARACTERS ? &characters[index] : NULL;
    node->block = index < CHARACTERS ? NULL : block_at((unsigned int)(index - CHARACTERS));
    return node->character != NULL || node->block != NULL;
}

static const char *node_name(const struct devfs_node *node)
{
    return node->character != NULL ? node->character->name : node->block->name;
}

static bool find(const char *name, struct devfs_node *node)
{
    size_t i;

    for (i = 0; device_at(i, node); i++) {
        if (strcmp(node_name(node), name) == 0)
            return true;
    }
    return false;
}

static int devfs_lookup(struct mount *mount, const char *path, void **found)
{
    struct devfs_node node = { .inode = 1 };
    char name[VFS_NAME_MAX + 1] = "";
    const char *rest = path, *start;
    size_t length = path_component(&rest, &start);

    (void)mount;
    memcpy(name, start, length);
    if (length > 0 && !find(name, &node))
        return -ENOENT;
    if (*rest != '\0')
        return -ENOTDIR;
    *found = kernel_alloc(sizeof(node));
    if (*found == NULL)
        return -ENOMEM;
    memcpy(*found, &node, sizeof(node));
    return 0;
}

static void devfs_release(struct mount *mount, void *node)
{
    (void)mount;
    kernel_free(node);
}

static int devfs_stat(struct mount *mount, void *found, struct stat *status)
{
    const struct devfs_node *node = found;

    (void)mount;
    status->st_ino = node->inode;
    status->st_nlink = 1;
    status->st_blksize = 4096;
    status->st_rdev = (dev_t)node->inode;
    if (node->character != NULL) {
        status->st_mode = S_IFCHR | node->character->mode;
    } else if (node->block != NULL) {
        status->st_mode = S_IFBLK | (node->block->read_only ? 0440 : 0660);
        status->st_size = (off_t)node->block->size;
    } else {
        status->st_mode = S_IFDIR | 0555;
    }
    return 0;
}

/* As much of a transfer as lies inside of the device. */
static size_t clamp(const struct block_device *device, size_t length, off_t offset)
{
    uint64_t left = (uint64_t)offset < device->size ? device->size - (uint64_t)offset : 0;

    return length < left ? length : (size_t)left;
}

static ssize_t devfs_read(struct mount *mount, void *found, void *buffer, size_t length,
                          off_t offset)
{
    const struct devfs_node *node = found;
    int result;

    (void)mount;
    if (node->character != NULL)
        return node->character->read(buffer, length);
    length = clamp(node->block, length, offset);
    if (length == 0)
        return 0;
    if (node->direct) {
        block_cache_settle(node->block, (uint64_t)offset, length);
        result = block_read_bytes(node->block, (uint64_t)offset, buffer, length);
    } else {
        result = block_cache_read(node->block, (uint64_t)offset, buffer, length);
    }
    return result != 0 ? result : (ssize_t)length;
}

static ssize_t devfs_write(struct mount *mount, void *found, const void *buffer, size_t length,
                           off_t offset)
{
    const struct devfs_node *node = found;
    size_t part;
    int result;

    (void)mount;
    if (node->character != NULL)
        return node->character->write(length);
    part = clamp(node->block, length, offset);
    if (part == 0 && length > 0)
        return -ENOSPC;
    if (node->direct) {
        block_cache_settle(node->block, (uint64_t)offset, part);
        result = block_write_bytes(node->block, (uint64_t)offset, buffer, part);
    } else {
        result = block_cache_write(node->block, (uint64_t)offset, buffer, part);
    }
    return result != 0 ? result : (ssize_t)part;
}

/* A device keeps its size; open(O_TRUNC) has no effect on one. */
static int devfs_truncate(struct mount *mount, void *node, off_t length)
{
    (void)mount;
    (void)node;
    (void)length;
    return -EINVAL;
}

/* A disk that is gone keeps nobody from flushing the others, and was told of when it went. */
static int flush_all(void)
{
    struct block_device *device;
    unsigned int i;
    int first = 0;

    for (i = 0; (device = block_at(i)) != NULL; i++) {
        int result = block_cache_sync(device);

        if (first == 0 && result != -ENODEV)
            first = result;
    }
    return first;
}

static int devfs_sync(struct mount *mount, void *found)
{
    const struct devfs_node *node = found;

    (void)mount;
    if (node == NULL)
        return flush_all();
    return node->block != NULL ? block_cache_sync(node->block) : 0;
}

static int devfs_readdir(struct mount *mount, void *found, struct directory_position *position,
                         struct directory_entry *entry)
{
    struct devfs_node node;
    const char *name;

    (void)mount;
    (void)found;
    if (position->cookie < FIRST_COOKIE) {
        directory_entry_set(entry, "..", (size_t)position->cookie + 1, DT_DIR, 1);
        position->cookie++;
        return 1;
    }
    if (!device_at((size_t)(position->cookie - FIRST_COOKIE), &node))
        return 0;
    name = node_name(&node);
    directory_entry_set(entry, name, strlen(name), node.character != NULL ? DT_CHR : DT_BLK,
                        node.inode);
    position->cookie++;
    return 1;
}

static int devfs_open(struct mount *mount, void *found, int flags, struct file **file)
{
    struct devfs_node *node = found;

    (void)mount;
    node->direct = (flags & O_DIRECT) != 0;
    if (node->character == NULL || node->character->read != NULL)
        return -ENOTSUP;
    return console_file_open(flags, file);
}

static const struct filesystem_operations devfs_operations = {
    .lookup = devfs_lookup,
    .release = devfs_release,
    .sync = devfs_sync,
    .stat = devfs_stat,
    .read = devfs_read,
    .write = devfs_write,
    .truncate = devfs_truncate,
    .readdir = devfs_readdir,
    .open = devfs_open,
};

static int devfs_mount(struct mount *mount, struct block_device *device)
{
    (void)device;
    mount->operations = &devfs_operations;
    return 0;
}

static const struct filesystem_type devfs_type = {
    .name = "devfs",
    .mount = devfs_mount,
};
FILESYSTEM_TYPE(devfs, devfs_type);
