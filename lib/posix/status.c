/* SPDX-License-Identifier: MIT */
/*
 * stat() and its kin, access(): what is known of files, in newlib's struct stat.
 *
 * The numbers of `mode` are the same there; links above what an nlink_t holds show as its greatest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "path.h"

static struct timespec time_of(int64_t nanoseconds)
{
    int64_t second = (int64_t)SECONDS(1), rest = nanoseconds % second;

    if (rest < 0)
        rest += second;
    return (struct timespec){ (time_t)((nanoseconds - rest) / second), (long)rest };
}

static void fill_in(struct stat *status, const struct file_attributes *attributes)
{
    memset(status, 0, sizeof(*status));
    status->st_dev = attributes->device;
    status->st_ino = attributes->inode;
    status->st_mode = attributes->mode;
    status->st_nlink = attributes->links < UINT16_MAX ? (nlink_t)attributes->links : UINT16_MAX;
    status->st_uid = attributes->uid;
    status->st_gid = attributes->gid;
    status->st_rdev = attributes->special;
    status->st_size = (off_t)attributes->size;
    status->st_blksize = (blksize_t)attributes->block_size;
    status->st_blocks = (blkcnt_t)attributes->blocks;
    status->st_atim = time_of(attributes->accessed);
    status->st_mtim = time_of(attributes->modified);
    status->st_ctim = time_of(attributes->changed);
}

int fstat(int descriptor, struct stat *status)
{
    struct file_attributes attributes;
    int result = descriptor_stat(descriptor, &attributes);

    if (result == 0)
        fill_in(status, &attributes);
    return (int)posix_result(result);
}

static int status_at(int directory, const char *path, int flags, struct stat *status)
{
    struct file_attributes attributes;
    struct node *node;
    int result = path_find(directory, path, flags, 0, &node);

    if (result != 0)
        return result;
    result = node_attributes(node, &attributes);
    node_put(node);
    if (result == 0)
        fill_in(status, &attributes);
    return result;
}

int fstatat(int directory, const char *path, struct stat *status, int flags)
{
    return (int)posix_result(status_at(directory, path, flags, status));
}

int stat(const char *path, struct stat *status)
{
    return fstatat(AT_FDCWD, path, status, 0);
}

int lstat(const char *path, struct stat *status)
{
    return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

/* One user, who may do everything but run what nobody may, and write where nobody can. */
static int may_access(int directory, const char *path, int mode, int flags)
{
    struct file_attributes attributes;
    struct node *node;
    int result = path_find(directory, path, flags, AT_EACCESS, &node);

    if (result != 0)
        return result;
    result = node_attributes(node, &attributes);
    if (result == 0 && (mode & W_OK) != 0 && node_is_read_only(node))
        result = -EROFS;
    if (result == 0 && (mode & X_OK) != 0 && file_type(&attributes) != FILE_DIRECTORY &&
        (attributes.mode & 0111) == 0)
        result = -EACCES;
    node_put(node);
    return result;
}

int faccessat(int directory, const char *path, int mode, int flags)
{
    return (int)posix_result(may_access(directory, path, mode, flags));
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}
