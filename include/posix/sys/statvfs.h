/* SPDX-License-Identifier: MIT */
/* <sys/statvfs.h> (POSIX.1-2017): what statvfs() tells of a filesystem. */
#ifndef POSIX_SYS_STATVFS_H
#define POSIX_SYS_STATVFS_H

#include <sys/types.h>

#define ST_RDONLY 1
#define ST_NOSUID 2

struct statvfs {
    unsigned long f_bsize;
    unsigned long f_frsize;
    fsblkcnt_t f_blocks;
    fsblkcnt_t f_bfree;
    fsblkcnt_t f_bavail;
    fsfilcnt_t f_files;
    fsfilcnt_t f_ffree;
    fsfilcnt_t f_favail;
    unsigned long f_fsid;
    unsigned long f_flag;
    unsigned long f_namemax;
};

int statvfs(const char *path, struct statvfs *status);
int fstatvfs(int descriptor, struct statvfs *status);

#endif
