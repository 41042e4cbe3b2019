/* SPDX-License-Identifier: MIT */
/* newlib's <sys/resource.h>, and limits: of descriptors alone. */
#ifndef POSIX_SYS_RESOURCE_H
#define POSIX_SYS_RESOURCE_H

#include_next <sys/resource.h>

#define RLIMIT_NOFILE 7 /* one more than the highest descriptor that a program can get */
#define RLIM_INFINITY (~(rlim_t)0)

typedef unsigned long rlim_t;

struct rlimit {
    rlim_t rlim_cur; /* what holds */
    rlim_t rlim_max; /* what it can be set to; stays what it is */
};

int getrlimit(int resource, struct rlimit *limit);
int setrlimit(int resource, const struct rlimit *limit);

#endif
