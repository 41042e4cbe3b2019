/* SPDX-License-Identifier: MIT */
/* newlib's <sys/select.h>, with room for every descriptor below the first limit. */
#ifndef POSIX_SYS_SELECT_H
#define POSIX_SYS_SELECT_H

#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif

#include_next <sys/select.h>

#endif
