/* SPDX-License-Identifier: MIT */
/* Calls that change what is known of a file: chmod(), chown(), times, truncate(). */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "path.h"

/* Drops the node's reference. */
static int change(struct node *node, const struct file_attributes *attributes, unsigned int which)
{
    int result = node_set_attributes(node, attributes, which);

    node_put(node);
    return (int)posix_result(result);
}

static int change_mode(int result, struct node *node, mode_t mode)
{
    struct file_attributes attributes = { .mode = mode };

    return result != 0 ? (int)posix_result(result) : change(node, &attributes, ATTRIBUTE_MODE);
}

int fchmod(int descriptor, mode_t mode)
{
    struct node *node;
    int result = descriptor_node(descriptor, &node);

    return change_mode(result, node, mode);
}

int fchmodat(int directory, const char *path, mode_t mode, int flags)
{
    struct node *node;
    int result = path_find(directory, path, flags, 0, &node);

    return change_mode(result, node, mode);
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

/* -1 leaves as it is. */
static int change_owner(int result, struct node *node, uid_t uid, gid_t gid)
{
    struct file_attributes attributes = { .uid = uid, .gid = gid };
    unsigned int which = (uid != (uid_t)-1 ? ATTRIBUTE_UID : 0) |
                         (gid != (gid_t)-1 ? ATTRIBUTE_GID : 0);

    return result != 0 ? (int)posix_result(result) : change(node, &attributes, which);
}

int fchown(int descriptor, uid_t uid, gid_t gid)
{
    struct node *node;
    int result = descriptor_node(descriptor, &node);

    return change_owner(result, node, uid, gid);
}

int fchownat(int directory, const char *path, uid_t uid, gid_t gid, int flags)
{
    struct node *node;
    int result = path_find(directory, path, flags, 0, &node);

    return change_owner(result, node, uid, gid);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/* One of the two times: 1 when it is to be set, 0 when not, -EINVAL. */
static int take_time(const struct timespec *time, int64_t *nanoseconds)
{
    int64_t seconds;

    if (time == NULL || time->tv_nsec == UTIME_NOW) {
        *nanoseconds = (int64_t)clock_realtime();
        return 1;
    }
    if (time->tv_nsec == UTIME_OMIT)
        return 0;
    if (time->tv_nsec < 0 || time->tv_nsec >= (long)SECONDS(1) ||
        __builtin_mul_overflow((int64_t)time->tv_sec, (int64_t)SECONDS(1), &seconds) ||
        __builtin_add_overflow(seconds, (int64_t)time->tv_nsec, nanoseconds))
        return -EINVAL;
    return 1;
}

/* Drops the node's reference. */
static int change_times(struct node *node, const struct timespec times[2])
{
    struct file_attributes attributes;
    int accessed = take_time(times, &attributes.accessed);
    int modified = take_time(times != NULL ? &times[1] : NULL, &attributes.modified);

    if (accessed < 0 || modified < 0) {
        node_put(node);
        return (int)posix_result(-EINVAL);
    }
    return change(node, &attributes,
                  (accessed > 0 ? ATTRIBUTE_ACCESSED : 0) |
                      (modified > 0 ? ATTRIBUTE_MODIFIED : 0));
}

int futimens(int descriptor, const struct timespec times[2])
{
    struct node *node;
    int result = descriptor_node(descriptor, &node);

    return result != 0 ? (int)posix_result(result) : change_times(node, times);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
    struct node *node;
    int result = path_find(directory, path, flags, 0, &node);

    return result != 0 ? (int)posix_result(result) : change_times(node, times);
}

int utimes(const char *path, const struct timeval times[2])
{
    struct timespec spec[2];

    for (int i = 0; times != NULL && i < 2; i++)
        spec[i] = (struct timespec){ times[i].tv_sec, times[i].tv_usec * 1000 };
    return utimensat(AT_FDCWD, path, times != NULL ? spec : NULL, 0);
}

int truncate(const char *path, off_t length)
{
    struct file_attributes attributes = { .size = (uint64_t)length };
    struct node *node;
    int result = length >= 0 ? vfs_find(NULL, path, VFS_FOLLOW, &node) : -EINVAL;

    return result != 0 ? (int)posix_result(result) : change(node, &attributes, ATTRIBUTE_SIZE);
}
