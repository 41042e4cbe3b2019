/* SPDX-License-Identifier: MIT */
/*
 * Compiles lib/posix beside the host's C library: our entry points, and the test's calls to them, get
 * symbols of their own ("xl_open"). "// CFLAGS: -include test/unit/posix_names.h".
 */
#ifndef TEST_POSIX_NAMES_H
#define TEST_POSIX_NAMES_H

#define _READ_WRITE_RETURN_TYPE ssize_t
#define directory_stream __dirstream

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* The host's take an enumeration. */
#define getrlimit xl_getrlimit
#define setrlimit xl_setrlimit
int getrlimit(int resource, struct rlimit *limit);
int setrlimit(int resource, const struct rlimit *limit);

#define OURS(name) extern __typeof__(name) name __asm__("xl_" #name)

OURS(read);
OURS(write);
OURS(pread);
OURS(pwrite);
OURS(readv);
OURS(writev);
OURS(preadv);
OURS(pwritev);
OURS(open);
OURS(openat);
OURS(creat);
OURS(umask);
OURS(close);
OURS(lseek);
OURS(fstat);
OURS(stat);
OURS(lstat);
OURS(fstatat);
OURS(access);
OURS(isatty);
OURS(ioctl);
OURS(fcntl);
OURS(dup);
OURS(dup2);
OURS(ftruncate);
OURS(truncate);
OURS(fsync);
OURS(fdatasync);
OURS(sync);
OURS(unlink);
OURS(rmdir);
OURS(rename);
OURS(mkdir);
OURS(chdir);
OURS(getcwd);
OURS(opendir);
OURS(fdopendir);
OURS(readdir);
OURS(closedir);
OURS(rewinddir);
OURS(telldir);
OURS(seekdir);
OURS(dirfd);
OURS(poll);
OURS(select);
OURS(pselect);
OURS(pipe);
OURS(pipe2);
OURS(fchdir);
OURS(link);
OURS(linkat);
OURS(symlink);
OURS(symlinkat);
OURS(readlink);
OURS(readlinkat);
OURS(mkdirat);
OURS(unlinkat);
OURS(renameat);
OURS(faccessat);
OURS(chmod);
OURS(fchmod);
OURS(fchmodat);
OURS(chown);
OURS(lchown);
OURS(fchown);
OURS(fchownat);
OURS(futimens);
OURS(utimensat);
OURS(utimes);
OURS(statvfs);
OURS(fstatvfs);

#endif
