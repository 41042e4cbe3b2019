/* SPDX-License-Identifier: MIT */
/* write() and its relatives. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/file/io.h"

ssize_t file_write(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (file->operations->write == NULL)
        return -EINVAL;
    return file->operations->write(file, vector, count, offset);
}

ssize_t descriptor_writev(int descriptor, const struct iovec *vector, int count, off_t offset)
{
    struct file *file = descriptor_get(descriptor);
    ssize_t result;

    if (file == NULL)
        return -EBADF;
    result = file_write(file, vector, count, offset);
    file_put(file);
    thread_give_way();
    return result;
}

ssize_t descriptor_write(int descriptor, const void *buffer, size_t length)
{
    struct iovec vector = { (void *)buffer, length < IO_MAXIMUM ? length : IO_MAXIMUM };

    return descriptor_writev(descriptor, &vector, 1, -1);
}

_READ_WRITE_RETURN_TYPE write(int descriptor, const void *buffer, size_t length)
{
    return (_READ_WRITE_RETURN_TYPE)posix_result(descriptor_write(descriptor, buffer, length));
}
