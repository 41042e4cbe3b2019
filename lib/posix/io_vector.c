/* SPDX-License-Identifier: MIT */
/* readv(), writev(), and the calls with an offset: pread(), pwrite(), preadv(), pwritev(). */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/file/io.h"

int check_positional(int descriptor, off_t offset)
{
    struct file *file = descriptor_get(descriptor);
    int result = 0;

    if (file == NULL)
        return -EBADF;
    if (file->operations->seek == NULL)
        result = -ESPIPE;
    else if (offset < 0)
        result = -EINVAL;
    file_put(file);
    return result;
}

static int check_vector(const struct iovec *vector, int count)
{
    size_t total = 0;
    int i;

    if (count <= 0 || count > IO_VECTOR_MAXIMUM)
        return -EINVAL;
    for (i = 0; i < count; i++) {
        if (__builtin_add_overflow(total, vector[i].iov_len, &total) || total > SIZE_MAX / 2)
            return -EINVAL;
    }
    return 0;
}

ssize_t readv(int descriptor, const struct iovec *vector, int count)
{
    ssize_t result = check_vector(vector, count);

    if (result == 0)
        result = descriptor_readv(descriptor, vector, count, -1);
    return posix_result(result);
}

ssize_t writev(int descriptor, const struct iovec *vector, int count)
{
    ssize_t result = check_vector(vector, count);

    if (result == 0)
        result = descriptor_writev(descriptor, vector, count, -1);
    return posix_result(result);
}

ssize_t preadv(int descriptor, const struct iovec *vector, int count, off_t offset)
{
    ssize_t result = check_vector(vector, count);

    if (result == 0)
        result = check_positional(descriptor, offset);
    if (result == 0)
        result = descriptor_readv(descriptor, vector, count, offset);
    return posix_result(result);
}

ssize_t pwritev(int descriptor, const struct iovec *vector, int count, off_t offset)
{
    ssize_t result = check_vector(vector, count);

    if (result == 0)
        result = check_positional(descriptor, offset);
    if (result == 0)
        result = descriptor_writev(descriptor, vector, count, offset);
    return posix_result(result);
}

ssize_t pread(int descriptor, void *buffer, size_t length, off_t offset)
{
    struct iovec vector = { buffer, length < IO_MAXIMUM ? length : IO_MAXIMUM };

    return preadv(descriptor, &vector, 1, offset);
}

ssize_t pwrite(int descriptor, const void *buffer, size_t length, off_t offset)
{
    struct iovec vector = { (void *)buffer, length < IO_MAXIMUM ? length : IO_MAXIMUM };

    return pwritev(descriptor, &vector, 1, offset);
}
