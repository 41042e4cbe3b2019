/* SPDX-License-Identifier: MIT */
/*
 * devfs: /dev. Character devices from a table, and every registered block device by its name, as
 * raw bytes through the page cache, or past it with O_DIRECT (of any alignment).
 *
 * A device's number is its place: first the table, then the disks as they came. It is the inode, the
 * cookie in the listing, and what st_rdev tells. Nodes are made when somebody asks for one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../internal.h"
#include "lib/fs/disk_cache.h"
#include "lib/mm/heap.h"
#include "lib/random/random.h"

struct character_device {
    const char *name;
    uint32_t mode;
    ssize_t (*read)(void *buffer, size_t length);
    ssize_t (*write)(size_t length);
};

struct devfs_node {
    struct node node;
    const struct character_device *character;
    struct block_device *block; /* neither: the root */
    bool direct;                /* past the cache: one open file's own node */
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
#define ROOT_INODE 1u

static const struct node_operations devfs_operations;

static struct devfs_node *devfs_node_of(struct node *node)
{
    return container_of(node, struct devfs_node, node);
}

/* What stands at a place: a table's entry, or a disk. False: nothing does. */
static bool device_at(uint64_t inode, const struct character_device **character,
                      struct block_device **block)
{
    size_t place = (size_t)inode - DIRECTORY_FIRST_COOKIE;

    *character = place < CHARACTERS ? &characters[place] : NULL;
    *block = place < CHARACTERS ? NULL : block_at((unsigned int)(place - CHARACTERS));
    return *character != NULL || *block != NULL;
}

static const char *device_name(const struct character_device *character,
                               const struct block_device *block)
{
    return character != NULL ? character->name : block->name;
}

static int devfs_refresh(struct node *node)
{
    const struct block_device *block = devfs_node_of(node)->block;

    if (block == NULL)
        return 0;
    node->attributes.mode = FILE_BLOCK | (block->read_only ? 0440 : 0660);
    node->attributes.size = block->size;
    return 0;
}

static struct devfs_node *devfs_node_create(struct mount *mount, uint64_t inode)
{
    struct devfs_node *made = kernel_alloc_zeroed(1, sizeof(*made));
    struct file_attributes *attributes;

    if (made == NULL)
        return NULL;
    node_init(&made->node, mount, &devfs_operations);
    attributes = &made->node.attributes;
    attributes->inode = attributes->special = inode;
    attributes->links = 1;
    attributes->block_size = 4096;
    attributes->mode = FILE_DIRECTORY | 0555;
    if (inode != ROOT_INODE)
        device_at(inode, &made->character, &made->block);
    if (made->character != NULL)
        attributes->mode = FILE_CHARACTER | made->character->mode;
    devfs_refresh(&made->node);
    return made;
}

static int devfs_lookup(struct node *directory, const struct name *name, struct node **node)
{
    const struct character_device *character;
    struct block_device *block;
    struct devfs_node *made;
    uint64_t inode;

    for (inode = DIRECTORY_FIRST_COOKIE; device_at(inode, &character, &block); inode++) {
        const char *text = device_name(character, block);

        if (strncmp(text, name->text, name->length) == 0 && text[name->length] == '\0')
            break;
    }
    if (character == NULL && block == NULL)
        return -ENOENT;
    *node = node_find(directory->mount, inode);
    if (*node != NULL)
        return 0;
    made = devfs_node_create(directory->mount, inode);
    if (made == NULL)
        return -ENOMEM;
    node_insert(&made->node);
    *node = &made->node;
    return 0;
}

static void devfs_release(struct node *node)
{
    if (!devfs_node_of(node)->direct && node != node->mount->root)
        node_remove(node);
    kernel_free(devfs_node_of(node));
}

/* As much of a transfer as lies inside of the device. */
static size_t clamp(const struct block_device *device, size_t length, uint64_t offset)
{
    uint64_t left = offset < device->size ? device->size - offset : 0;

    return length < left ? length : (size_t)left;
}

static ssize_t devfs_read(struct node *read, void *buffer, size_t length, uint64_t offset)
{
    const struct devfs_node *node = devfs_node_of(read);

    if (node->character != NULL)
        return node->character->read(buffer, length);
    length = clamp(node->block, length, offset);
    if (length == 0)
        return 0;
    return node->direct ? disk_read_direct(node->block, offset, buffer, length)
                        : disk_read(node->block, offset, buffer, length);
}

static ssize_t devfs_write(struct node *written, const void *buffer, size_t length, uint64_t offset)
{
    const struct devfs_node *node = devfs_node_of(written);
    size_t part;

    if (node->character != NULL)
        return node->character->write(length);
    part = clamp(node->block, length, offset);
    if (part == 0 && length > 0)
        return -ENOSPC;
    return node->direct ? disk_write_direct(node->block, offset, buffer, part)
                        : disk_write(node->block, offset, buffer, part);
}

/* A disk that is gone keeps nobody from flushing the others, and was told of when it went. */
static int devfs_sync_all(struct mount *mount)
{
    struct block_device *device;
    unsigned int i;
    int first = 0;

    (void)mount;
    for (i = 0; (device = block_at(i)) != NULL; i++) {
        int result = disk_sync(device);

        if (first == 0 && result != -ENODEV)
            first = result;
    }
    return first;
}

static int devfs_sync(struct node *node)
{
    struct block_device *block = devfs_node_of(node)->block;

    return block != NULL ? disk_sync(block) : 0;
}

static int devfs_readdir(struct node *directory, struct directory_position *position,
                         struct directory_entry *entry)
{
    const struct character_device *character;
    struct block_device *block;
    const char *name;

    (void)directory;
    if (directory_entry_dots(position, entry, ROOT_INODE, ROOT_INODE))
        return 1;
    if (!device_at((uint64_t)position->cookie, &character, &block))
        return 0;
    name = device_name(character, block);
    directory_entry_set(entry, name, strlen(name), character != NULL ? FILE_CHARACTER : FILE_BLOCK,
                        (uint64_t)position->cookie);
    position->cookie++;
    return 1;
}

/* What is past the cache goes by a node of its own, and lives as long as the open file. */
static int open_direct(struct node *node, int flags, struct file **file)
{
    struct devfs_node *own = devfs_node_create(node->mount, node->attributes.inode);
    int result = -ENOMEM;

    if (own == NULL)
        return -ENOMEM;
    own->direct = true;
    result = vfs_file_create(&own->node, flags, file);
    if (result != 0)
        node_put(&own->node);
    return result;
}

static int devfs_open(struct node *node, int flags, struct file **file)
{
    const struct devfs_node *opened = devfs_node_of(node);

    if (opened->block != NULL && (flags & O_DIRECT) != 0)
        return open_direct(node, flags, file);
    if (opened->character == NULL || opened->character->read != NULL)
        return -ENOTSUP;
    return console_file_open(flags, file);
}

static const struct node_operations devfs_operations = {
    .lookup = devfs_lookup,
    .readdir = devfs_readdir,
    .read = devfs_read,
    .write = devfs_write,
    .sync = devfs_sync,
    .open = devfs_open,
    .refresh = devfs_refresh,
    .release = devfs_release,
};

static const struct mount_operations devfs_mount_operations = {
    .sync = devfs_sync_all,
};

static int devfs_mount(struct mount *mount, struct block_device *device)
{
    struct devfs_node *root = devfs_node_create(mount, ROOT_INODE);

    (void)device;
    if (root == NULL)
        return -ENOMEM;
    mount->operations = &devfs_mount_operations;
    mount->root = &root->node;
    mount->quick_names = true;
    return 0;
}

static const struct filesystem_type devfs_type = {
    .name = "devfs",
    .mount = devfs_mount,
};
FILESYSTEM_TYPE(devfs, devfs_type);
