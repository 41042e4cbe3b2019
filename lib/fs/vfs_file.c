/* SPDX-License-Identifier: MIT */
/*
 * An open file or directory on a filesystem's node: positions, vectors and append, the same for
 * all.
 *
 * The file holds a reference of the node until it is released.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"
#include "lib/mm/heap.h"

struct vfs_file {
    struct file file;
    struct node *node;
    const void *hint; /* see struct directory_position */
    off_t hint_cookie;
};

static struct vfs_file *vfs_file_of(struct file *file)
{
    return container_of(file, struct vfs_file, file);
}

static int vfs_file_stat(struct file *file, struct file_attributes *attributes)
{
    return node_attributes(vfs_file_of(file)->node, attributes);
}

static ssize_t vfs_file_read(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct node *node = vfs_file_of(file)->node;
    off_t at = offset < 0 ? file->position : offset;
    ssize_t done = 0, part = 0;
    int i;

    if (node_is(node, FILE_DIRECTORY))
        return -EISDIR;
    for (i = 0; i < count; i++) {
        size_t length = vector[i].iov_len;

        part = node->operations->read(node, vector[i].iov_base, length, (uint64_t)at);
        if (part < 0)
            break;
        done += part;
        at += part;
        if ((size_t)part < length)
            break;
    }
    if (offset < 0)
        file->position = at;
    return done > 0 ? done : part < 0 ? part : 0;
}

/* Where a write goes: -errno when that cannot be told. */
static off_t write_offset(struct file *file, off_t offset)
{
    struct file_attributes attributes;
    int result;

    if (offset >= 0)
        return offset;
    if ((file->flags & O_APPEND) == 0)
        return file->position;
    result = vfs_file_stat(file, &attributes);
    return result != 0 ? result : (off_t)attributes.size;
}

static ssize_t vfs_file_write(struct file *file, const struct iovec *vector, int count,
                              off_t offset)
{
    struct node *node = vfs_file_of(file)->node;
    off_t at = write_offset(file, offset);
    ssize_t done = 0, part = at < 0 ? (ssize_t)at : 0;
    int i;

    for (i = 0; i < count && part >= 0; i++) {
        size_t length = vector[i].iov_len;

        part = node->operations->write(node, vector[i].iov_base, length, (uint64_t)at);
        if (part > 0) {
            done += part;
            at += part;
        }
        if (part < 0 || (size_t)part < length)
            break;
    }
    if (offset < 0 && at >= 0)
        file->position = at;
    return done > 0 ? done : part;
}

static off_t seek_base(struct file *file, int whence)
{
    struct file_attributes attributes;
    int result;

    if (whence == SEEK_SET)
        return 0;
    if (whence == SEEK_CUR)
        return file->position;
    if (whence != SEEK_END)
        return -EINVAL;
    result = vfs_file_stat(file, &attributes);
    return result != 0 ? result : (off_t)attributes.size;
}

static off_t vfs_file_seek(struct file *file, off_t offset, int whence)
{
    off_t target, base = seek_base(file, whence);

    if (base < 0)
        return base;
    if (__builtin_add_overflow(base, offset, &target))
        return -EOVERFLOW;
    if (target < 0)
        return -EINVAL;
    file->position = target;
    return target;
}

static int vfs_file_truncate(struct file *file, off_t length)
{
    struct file_attributes attributes = { .size = (uint64_t)length };
    struct node *node = vfs_file_of(file)->node;

    if (!node_is(node, FILE_REGULAR))
        return -EINVAL;
    return node_set_attributes(node, &attributes, ATTRIBUTE_SIZE);
}

static int vfs_file_sync(struct file *file)
{
    struct node *node = vfs_file_of(file)->node;

    return node->operations->sync != NULL ? node->operations->sync(node) : 0;
}

static int vfs_file_readdir(struct file *file, struct directory_entry *entry)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct node *node = open_file->node;
    struct directory_position position = { file->position, open_file->hint };
    int result;

    if (!node_is(node, FILE_DIRECTORY))
        return -ENOTDIR;
    if (position.cookie != open_file->hint_cookie)
        position.hint = NULL;
    result = node->operations->readdir(node, &position, entry);
    file->position = position.cookie;
    open_file->hint = position.hint;
    open_file->hint_cookie = position.cookie;
    return result;
}

static void vfs_file_release(struct file *file)
{
    struct vfs_file *open_file = vfs_file_of(file);

    node_put(open_file->node);
    kernel_free(open_file);
}

static const struct file_operations vfs_file_operations = {
    .read = vfs_file_read,
    .write = vfs_file_write,
    .seek = vfs_file_seek,
    .stat = vfs_file_stat,
    .truncate = vfs_file_truncate,
    .sync = vfs_file_sync,
    .readdir = vfs_file_readdir,
    .release = vfs_file_release,
};

int vfs_file_create(struct node *node, int flags, struct file **file)
{
    struct vfs_file *open_file = kernel_alloc(sizeof(*open_file));

    if (open_file == NULL)
        return -ENOMEM;
    file_init(&open_file->file, &vfs_file_operations, flags);
    open_file->node = node;
    open_file->hint = NULL;
    open_file->hint_cookie = 0;
    *file = &open_file->file;
    return 0;
}

struct node *vfs_file_node(struct file *file)
{
    return file->operations == &vfs_file_operations ? vfs_file_of(file)->node : NULL;
}

void directory_entry_set(struct directory_entry *entry, const char *name, size_t length,
                         uint32_t mode, uint64_t inode)
{
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    entry->type = directory_entry_type(mode);
    entry->inode = inode;
}

bool directory_entry_dots(struct directory_position *position, struct directory_entry *entry,
                          uint64_t inode, uint64_t parent)
{
    size_t length = (size_t)position->cookie + 1;

    if (position->cookie >= DIRECTORY_FIRST_COOKIE)
        return false;
    directory_entry_set(entry, "..", length, FILE_DIRECTORY, length == 1 ? inode : parent);
    position->cookie++;
    return true;
}
