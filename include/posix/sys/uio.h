/* SPDX-License-Identifier: MIT */
/* <sys/uio.h> (POSIX.1-2017, and the pread/pwrite forms that Linux and the BSDs have). */
#ifndef POSIX_SYS_UIO_H
#define POSIX_SYS_UIO_H

#include <stddef.h>
#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t readv(int descriptor, const struct iovec *vector, int count);
ssize_t writev(int descriptor, const struct iovec *vector, int count);
ssize_t preadv(int descriptor, const struct iovec *vector, int count, off_t offset);
ssize_t pwritev(int descriptor, const struct iovec *vector, int count, off_t offset);

#endif
