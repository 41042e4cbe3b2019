/* SPDX-License-Identifier: MIT */
/* Shared by the POSIX entry points that move data. */
#ifndef LIB_POSIX_IO_H
#define LIB_POSIX_IO_H

#include "lib/file/file.h"

/* newlib's read() and write() return int: one call moves at most this, as a short count. */
#define IO_MAXIMUM 0x7ffff000u
/* As IOV_MAX: the most elements of one readv(). */
#define IO_VECTOR_MAXIMUM 1024

/*
 * On a descriptor: offset < 0 is the file's position; offset_given says that pread() or pwrite()
 * asked.
 */
ssize_t descriptor_readv(int descriptor, const struct iovec *vector, int count, off_t offset);
ssize_t descriptor_writev(int descriptor, const struct iovec *vector, int count, off_t offset);
/* pread() and pwrite(): -EINVAL for a negative offset, -ESPIPE when the file has no positions. */
int check_positional(int descriptor, off_t offset);

#endif
