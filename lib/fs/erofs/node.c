/* SPDX-License-Identifier: MIT */
/*
 * EROFS: a read-only file system made by mkfs.erofs, as nodes.
 *
 * A file's pages are in the page cache by its node. What lies in one place on the disk, as most
 * files do, is read straight into them; the rest (the last part of small files, holes, what is
 * compressed) goes through a buffer. The file system's own structures are read through the disk's
 * pages. What cannot be true is EUCLEAN, at the file that it is found at.
 *
 * A disk that went and came back may hold something else. Its superblock, which has a number drawn
 * at random by mkfs.erofs and a checksum, is compared before the next use: the same one goes on, any
 * other answers EIO until the old one is back.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "../internal.h"
#include "erofs.h"
#include "lib/base/printk.h"
#include "lib/fs/disk_cache.h"
#include "lib/fs/page_cache.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"

#define READ_ATTEMPTS 4u

struct erofs_mount {
    struct erofs erofs;
    unsigned int generation; /* the device's, when the superblock was last compared */
    bool stale;              /* then, it was another */
    struct log_limit log;
};

struct erofs_node {
    struct node node;
    struct erofs_inode inode;
    struct page_mapping pages; /* of regular files */
    unsigned int generation;   /* the device's, that the pages are of */
};

static const struct node_operations file_operations, directory_operations, link_operations,
    special_operations;

static struct erofs_node *erofs_node_of(struct node *node)
{
    return container_of(node, struct erofs_node, node);
}

static struct erofs_mount *mount_of(const struct node *node)
{
    return node->mount->private_data;
}

/* Is it what was mounted that is on the device now? 0, -EIO, or the device's error. */
static int check(struct erofs_mount *of)
{
    unsigned int generation = of->erofs.device->generation;
    struct erofs_superblock super;
    int error;

    if (generation == of->generation)
        return of->stale ? -EIO : 0;
    error = disk_read_all(of->erofs.device, EROFS_SUPERBLOCK_OFFSET, &super, sizeof(super));
    if (error != 0)
        return error;
    of->stale = memcmp(&super, &of->erofs.super, sizeof(super)) != 0;
    of->generation = generation;
    printk_limited(&of->log, "erofs: %s: %s", of->erofs.device->name,
                   of->stale ? "this is not what was mounted: its files answer EIO"
                             : "this is what was mounted");
    return of->stale ? -EIO : 0;
}

static const struct node_operations *operations_of(uint32_t mode)
{
    switch (mode & FILE_TYPE) {
    case FILE_REGULAR:
        return &file_operations;
    case FILE_DIRECTORY:
        return &directory_operations;
    case FILE_LINK:
        return &link_operations;
    default:
        return &special_operations;
    }
}

static void fill_in(struct file_attributes *attributes, const struct erofs_inode *inode)
{
    bool sized = (inode->mode & FILE_TYPE) == FILE_REGULAR ||
                 (inode->mode & FILE_TYPE) == FILE_DIRECTORY ||
                 (inode->mode & FILE_TYPE) == FILE_LINK;

    attributes->inode = inode->nid;
    attributes->size = sized ? inode->size : 0;
    attributes->blocks = (attributes->size + 511) / 512;
    attributes->special = sized ? 0 : inode->where;
    attributes->accessed = attributes->modified = attributes->changed = inode->modified;
    attributes->mode = inode->mode;
    attributes->links = inode->links;
    attributes->uid = inode->uid;
    attributes->gid = inode->gid;
    attributes->block_size = PAGE_SIZE;
}

static void run_done(struct block_request *request)
{
    int error = request->result == -ENXIO ? -EUCLEAN : request->result;

    page_run_done(container_of(request, struct page_run, request), error);
}

/* In one place: the last page's part is rounded up to whole sectors. */
static void read_straight(struct page_mapping *mapping, struct page_run *run, uint64_t address)
{
    size_t mask = mapping->device->sector_size - 1;
    size_t more = -run->length & mask;

    run->vector[run->count - 1].iov_len += more;
    disk_settle(mapping->device, address, run->length + more);
    run->request = (struct block_request){
        .operation = BLOCK_READ,
        .offset = address,
        .length = run->length + more,
        .vector = run->vector,
        .done = run_done,
    };
    block_submit(mapping->device, &run->request);
}

static int read_through_buffer(const struct erofs *erofs, const struct erofs_inode *inode,
                               struct page_run *run)
{
    char *buffer = kernel_alloc(run->length);
    size_t done = 0;
    int error;

    if (buffer == NULL)
        return -ENOMEM;
    error = erofs_read(erofs, inode, run->index << PAGE_SHIFT, buffer, run->length);
    for (unsigned int i = 0; error == 0 && i < run->count; done += run->vector[i++].iov_len)
        memcpy(run->vector[i].iov_base, buffer + done, run->vector[i].iov_len);
    kernel_free(buffer);
    return error;
}

static void read_pages(struct page_mapping *mapping, struct page_run *run)
{
    struct erofs_node *node = container_of(mapping, struct erofs_node, pages);
    const struct erofs *erofs = &mount_of(&node->node)->erofs;
    struct erofs_piece piece = { .hole = true };
    int error = 0;

    if (!erofs_is_compressed(&node->inode))
        error = erofs_map(erofs, &node->inode, run->index << PAGE_SHIFT, &piece);
    if (error == 0 && !piece.hole && piece.length >= run->length &&
        (piece.address & (mapping->device->sector_size - 1)) == 0)
        read_straight(mapping, run, piece.address);
    else
        page_run_done(run, error != 0 ? error : read_through_buffer(erofs, &node->inode, run));
}

static const struct page_operations page_operations = { .read = read_pages };

static int make_node(struct mount *mount, uint64_t nid, struct node **made)
{
    struct erofs_mount *of = mount->private_data;
    struct erofs_inode inode;
    struct erofs_node *node;
    int error;

    *made = node_find(mount, nid);
    if (*made != NULL)
        return 0;
    error = erofs_read_inode(&of->erofs, nid, &inode);
    if (error != 0)
        return error;
    *made = node_find(mount, nid); /* somebody may have made it while we waited */
    if (*made != NULL)
        return 0;
    node = kernel_alloc(sizeof(*node));
    if (node == NULL)
        return -ENOMEM;
    node_init(&node->node, mount, operations_of(inode.mode));
    fill_in(&node->node.attributes, &inode);
    node->inode = inode;
    node->generation = of->erofs.device->generation;
    page_mapping_init(&node->pages, &page_operations, of->erofs.device, of->erofs.device->name,
                      inode.size);
    node_insert(&node->node);
    *made = &node->node;
    return 0;
}

static void erofs_release(struct node *node)
{
    node_remove(node);
    page_mapping_destroy(&erofs_node_of(node)->pages);
    kernel_free(erofs_node_of(node));
}

static int erofs_lookup(struct node *directory, const struct name *name, struct node **node)
{
    struct erofs_mount *of = mount_of(directory);
    uint64_t nid;
    int error = check(of);

    if (error == 0)
        error = erofs_look_up(&of->erofs, &erofs_node_of(directory)->inode, name->text,
                              name->length, &nid);
    return error == 0 ? make_node(directory->mount, nid, node) : error;
}

/* A mode, for each type of the format. */
static const uint32_t types[] = { 0,          FILE_REGULAR, FILE_DIRECTORY, FILE_CHARACTER,
                                  FILE_BLOCK, FILE_FIFO,    FILE_SOCKET,    FILE_LINK };

static int erofs_readdir(struct node *directory, struct directory_position *position,
                         struct directory_entry *entry)
{
    struct erofs_mount *of = mount_of(directory);
    uint64_t cookie = (uint64_t)position->cookie;
    struct erofs_name name;
    int result = check(of);

    if (result == 0)
        result = erofs_next(&of->erofs, &erofs_node_of(directory)->inode, &cookie, &name);
    if (result != 1)
        return result;
    directory_entry_set(entry, name.text, name.length,
                        name.type < sizeof(types) / sizeof(types[0]) ? types[name.type] : 0,
                        name.nid);
    position->cookie = (off_t)cookie;
    return 1;
}

static int erofs_name_of(struct node *directory, char *text)
{
    const struct erofs *erofs = &mount_of(directory)->erofs;
    struct erofs_inode parent;
    struct erofs_name name;
    uint64_t position = 0, nid;
    int result = erofs_look_up(erofs, &erofs_node_of(directory)->inode, "..", 2, &nid);

    if (result == 0)
        result = erofs_read_inode(erofs, nid, &parent);
    if (result != 0)
        return result;
    while ((result = erofs_next(erofs, &parent, &position, &name)) == 1)
        if (name.nid == directory->attributes.inode && strcmp(name.text, ".") != 0 &&
            strcmp(name.text, "..") != 0) {
            memcpy(text, name.text, name.length + 1);
            return 0;
        }
    return result != 0 ? result : -ENOENT;
}

static int erofs_target(struct node *node, char **target)
{
    struct erofs_mount *of = mount_of(node);
    const struct erofs_inode *inode = &erofs_node_of(node)->inode;
    int error = check(of);

    if (error != 0)
        return error;
    if (inode->size == 0 || inode->size >= VFS_PATH_MAX)
        return -EUCLEAN;
    *target = kernel_alloc(inode->size + 1);
    if (*target == NULL)
        return -ENOMEM;
    error = erofs_read(&of->erofs, inode, 0, *target, inode->size);
    (*target)[inode->size] = '\0';
    if (error != 0)
        kernel_free(*target);
    return error;
}

/* The names that are cached know nothing of a disk that was swapped. */
static int erofs_refresh(struct node *node)
{
    return check(mount_of(node));
}

static ssize_t read_once(struct erofs_node *node, void *buffer, size_t length, uint64_t offset)
{
    struct erofs_mount *of = mount_of(&node->node);
    int error = check(of);

    if (error != 0)
        return error;
    if (node->generation != of->generation) {
        page_cache_forget(&node->pages, 0, UINT64_MAX);
        node->generation = of->generation;
    }
    return page_cache_read(&node->pages, offset, buffer, length);
}

/* Again if the disk was swapped while we waited for it. */
static ssize_t erofs_file_read(struct node *file, void *buffer, size_t length, uint64_t offset)
{
    struct erofs_node *node = erofs_node_of(file);

    if (offset >= node->inode.size)
        return 0;
    if (length > node->inode.size - offset)
        length = node->inode.size - offset;
    for (unsigned int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        ssize_t result = read_once(node, buffer, length, offset);

        if (mount_of(file)->erofs.device->generation == node->generation)
            return result;
    }
    return -EIO;
}

static const struct node_operations file_operations = {
    .read = erofs_file_read,
    .refresh = erofs_refresh,
    .release = erofs_release,
};

static const struct node_operations directory_operations = {
    .lookup = erofs_lookup,
    .readdir = erofs_readdir,
    .name_of = erofs_name_of,
    .refresh = erofs_refresh,
    .release = erofs_release,
};

static const struct node_operations link_operations = {
    .target = erofs_target,
    .refresh = erofs_refresh,
    .release = erofs_release,
};

/* Devices and the like of others: only their attributes are of interest. */
static const struct node_operations special_operations = {
    .refresh = erofs_refresh,
    .release = erofs_release,
};

static int erofs_statvfs(struct mount *mount, struct statvfs *status)
{
    const struct erofs *erofs = &((struct erofs_mount *)mount->private_data)->erofs;

    memset(status, 0, sizeof(*status));
    status->f_bsize = status->f_frsize = 1ul << erofs->block_bits;
    status->f_blocks = erofs->super.blocks;
    status->f_files = erofs->super.inodes;
    status->f_flag = ST_RDONLY;
    status->f_namemax = VFS_NAME_MAX;
    return 0;
}

static void erofs_unmount(struct mount *mount)
{
    kernel_free(mount->private_data);
}

static const struct mount_operations mount_operations = {
    .statvfs = erofs_statvfs,
    .unmount = erofs_unmount,
};

static int find_root(struct mount *mount)
{
    struct erofs_mount *of = mount->private_data;
    int error = make_node(mount, of->erofs.super.root, &mount->root);

    if (error == 0 && !node_is(mount->root, FILE_DIRECTORY)) {
        node_put(mount->root);
        error = -EUCLEAN;
    }
    if (error != 0)
        printk("erofs: %s: the root directory cannot be read (error %d)", of->erofs.device->name,
               -error);
    return error;
}

/* A disk that holds no EROFS is for the next type to look at, and so no line is said. */
static int erofs_mount(struct mount *mount, struct block_device *device)
{
    struct erofs_mount *of = kernel_alloc_zeroed(1, sizeof(*of));
    int error = of != NULL ? erofs_open(&of->erofs, device) : -ENOMEM;

    if (error == 0) {
        of->generation = device->generation;
        mount->operations = &mount_operations;
        mount->private_data = of;
        mount->read_only = true;
        error = find_root(mount);
    }
    if (error != 0)
        kernel_free(of);
    return error;
}

static const struct filesystem_type erofs_type = {
    .name = "erofs",
    .needs_device = true,
    .mount = erofs_mount,
};
FILESYSTEM_TYPE(erofs, erofs_type);
