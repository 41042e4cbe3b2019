/* SPDX-License-Identifier: MIT */
/*
 * An open file or directory on a filesystem's node: positions, vectors and append, the same for
 * all.
 *
 * The file holds one reference of the node and one of the mount until it is released. A directory
 * also keeps the path that it was opened by.
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
    struct mount *mount;
    void *node;
    bool directory;
    const void *hint; /* see struct directory_position */
    off_t hint_cookie;
    char path[];      /* a directory's */
};

static struct vfs_file *vfs_file_of(struct file *file)
{
    return container_of(file, struct vfs_file, file);
}

static int vfs_file_stat(struct file *file, struct stat *status)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;
    int result;

    memset(status, 0, sizeof(*status));
    result = mount->operations->stat(mount, open_file->node, status);
    status->st_dev = mount->device_number;
    return result;
}

static ssize_t vfs_file_read(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;
    off_t at = offset < 0 ? file->position : offset;
    ssize_t done = 0, part = 0;
    int i;

    if (open_file->directory)
        return -EISDIR;
    for (i = 0; i < count; i++) {
        size_t length = vector[i].iov_len;

        part = mount->operations->read(mount, open_file->node, vector[i].iov_base, length, at);
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
    struct stat status;
    int result;

    if (offset >= 0)
        return offset;
    if ((file->flags & O_APPEND) == 0)
        return file->position;
    result = vfs_file_stat(file, &status);
    return result != 0 ? result : status.st_size;
}

static ssize_t vfs_file_write(struct file *file, const struct iovec *vector, int count,
                              off_t offset)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;
    off_t at = write_offset(file, offset);
    ssize_t done = 0, part = at < 0 ? (ssize_t)at : 0;
    int i;

    for (i = 0; i < count && part >= 0; i++) {
        size_t length = vector[i].iov_len;

        part = mount->operations->write(mount, open_file->node, vector[i].iov_base, length, at);
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
    struct stat status;
    int result;

    if (whence == SEEK_SET)
        return 0;
    if (whence == SEEK_CUR)
        return file->position;
    if (whence != SEEK_END)
        return -EINVAL;
    result = vfs_file_stat(file, &status);
    return result != 0 ? result : status.st_size;
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
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;

    if (open_file->directory || mount->operations->truncate == NULL)
        return -EINVAL;
    return mount->operations->truncate(mount, open_file->node, length);
}

static int vfs_file_sync(struct file *file)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;

    return mount->operations->sync != NULL ? mount->operations->sync(mount, open_file->node) : 0;
}

static int vfs_file_readdir(struct file *file, struct directory_entry *entry)
{
    struct vfs_file *open_file = vfs_file_of(file);
    struct mount *mount = open_file->mount;
    struct directory_position position = { file->position, open_file->hint };
    int result;

    if (!open_file->directory || mount->operations->readdir == NULL)
        return -ENOTDIR;
    if (position.cookie != open_file->hint_cookie)
        position.hint = NULL;
    result = mount->operations->readdir(mount, open_file->node, &position, entry);
    file->position = position.cookie;
    open_file->hint = position.hint;
    open_file->hint_cookie = position.cookie;
    return result;
}

static void vfs_file_release(struct file *file)
{
    struct vfs_file *open_file = vfs_file_of(file);

    vfs_release(open_file->mount, open_file->node);
    open_file->mount->references--;
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

int vfs_file_create(const struct location *location, void *node, const struct stat *status,
                    int flags, struct file **file)
{
    bool directory = S_ISDIR(status->st_mode);
    size_t path_size = directory ? strlen(location->path) + 1 : 0;
    struct vfs_file *open_file = kernel_alloc(sizeof(*open_file) + path_size);

    if (open_file == NULL)
        return -ENOMEM;
    file_init(&open_file->file, &vfs_file_operations, flags);
    open_file->mount = location->mount;
    open_file->mount->references++;
    open_file->node = node;
    open_file->directory = directory;
    open_file->hint = NULL;
    open_file->hint_cookie = 0;
    memcpy(open_file->path, location->path, path_size);
    *file = &open_file->file;
    return 0;
}

int vfs_file_statvfs(struct file *file, struct statvfs *status)
{
    struct mount *mount;

    if (file->operations != &vfs_file_operations)
        return -ENOSYS;
    mount = vfs_file_of(file)->mount;
    return mount->operations->statvfs != NULL ? mount->operations->statvfs(mount, status) : -ENOSYS;
}

const char *vfs_directory_path(struct file *file)
{
    if (file->operations != &vfs_file_operations || !vfs_file_of(file)->directory)
        return NULL;
    return vfs_file_of(file)->path;
}

void directory_entry_set(struct directory_entry *entry, const char *name, size_t length,
                         unsigned char type, ino_t inode)
{
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    entry->type = type;
    entry->inode = inode;
}
