/* SPDX-License-Identifier: MIT */
/* read() and its relatives. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/file/io.h"

ssize_t file_read(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (file->operations->read == NULL)
        return -EINVAL;
    return file->operations->read(file, vector, count, offset);
}

ssize_t descriptor_readv(int descriptor, const struct iovec *vector, int count, off_t offset)
{
    struct file *file = descriptor_get(descriptor);
    ssize_t result;

    if (file == NULL)
        return -EBADF;
    result = file_read(file, vector, count, offset);
    file_put(file);
    thread_give_way();
    return result;
}

ssize_t descriptor_read(int descriptor, void *buffer, size_t length)
{
    struct iovec vector = { buffer, length < IO_MAXIMUM ? length : IO_MAXIMUM };

    return descriptor_readv(descriptor, &vector, 1, -1);
}

_READ_WRITE_RETURN_TYPE read(int descriptor, void *buffer, size_t length)
{
    return (_READ_WRITE_RETURN_TYPE)posix_result(descriptor_read(descriptor, buffer, length));
}
