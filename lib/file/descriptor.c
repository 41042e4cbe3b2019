/* SPDX-License-Identifier: MIT */
/* Calls on one descriptor that move no data. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/file/attributes.h"
#include "lib/file/file.h"

int close(int descriptor)
{
    return (int)posix_result(descriptor_close(descriptor));
}

off_t descriptor_seek(int descriptor, off_t offset, int whence)
{
    struct file *file = descriptor_get(descriptor);
    off_t result;

    if (file == NULL)
        return -EBADF;
    result = file->operations->seek != NULL ? file->operations->seek(file, offset, whence)
                                            : -ESPIPE;
    file_put(file);
    return result;
}

off_t lseek(int descriptor, off_t offset, int whence)
{
    return posix_result(descriptor_seek(descriptor, offset, whence));
}

int descriptor_stat(int descriptor, struct file_attributes *attributes)
{
    struct file *file = descriptor_get(descriptor);
    int result = 0;

    if (file == NULL)
        return -EBADF;
    memset(attributes, 0, sizeof(*attributes));
    if (file->operations->stat != NULL)
        result = file->operations->stat(file, attributes);
    file_put(file);
    return result;
}

static int set_nonblocking(struct file *file, const int *value)
{
    if (*value != 0)
        file->flags |= O_NONBLOCK;
    else
        file->flags &= ~O_NONBLOCK;
    return 0;
}

int descriptor_ioctl(int descriptor, unsigned long request, void *argument)
{
    struct file *file = descriptor_get(descriptor);
    int result = -ENOTTY;

    if (file == NULL)
        return -EBADF;
    if (request == FIONBIO)
        result = set_nonblocking(file, argument);
    else if (file->operations->ioctl != NULL)
        result = file->operations->ioctl(file, request, argument);
    file_put(file);
    return result;
}

int ioctl(int descriptor, unsigned long request, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    return (int)posix_result(descriptor_ioctl(descriptor, request, argument));
}

int isatty(int descriptor)
{
    int result = descriptor_ioctl(descriptor, FILE_IOCTL_TERMINAL, NULL);

    if (result == 0)
        return 1;
    posix_result(result == -EBADF ? -EBADF : -ENOTTY);
    return 0;
}

int ftruncate(int descriptor, off_t length)
{
    struct file *file = descriptor_get(descriptor);
    int result = -EINVAL;

    if (file == NULL)
        return (int)posix_result(-EBADF);
    if (length >= 0 && (file->flags & O_ACCMODE) != O_RDONLY && file->operations->truncate != NULL)
        result = file->operations->truncate(file, length);
    file_put(file);
    return (int)posix_result(result);
}

int fsync(int descriptor)
{
    struct file *file = descriptor_get(descriptor);
    int result = -EINVAL;

    if (file == NULL)
        return (int)posix_result(-EBADF);
    if (file->operations->sync != NULL)
        result = file->operations->sync(file);
    file_put(file);
    return (int)posix_result(result);
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}
