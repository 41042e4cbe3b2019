/* SPDX-License-Identifier: MIT */
/* What newlib's <dirent.h> leaves to the system: struct dirent, its types, and DIR. */
#ifndef POSIX_SYS_DIRENT_H
#define POSIX_SYS_DIRENT_H

#include <sys/types.h>

#define _DIRENT_HAVE_D_TYPE

struct dirent {
    ino_t d_ino;
    off_t d_off; /* telldir()'s answer behind this entry */
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12

typedef struct directory_stream DIR;

#endif
