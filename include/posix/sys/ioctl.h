/* SPDX-License-Identifier: MIT */
/* <sys/ioctl.h>: the requests that files here understand. The numbers are Linux'. */
#ifndef POSIX_SYS_IOCTL_H
#define POSIX_SYS_IOCTL_H

#define FIONREAD 0x541b /* int *: bytes that can be read now */
#define FIONBIO 0x5421  /* int *: nonzero sets O_NONBLOCK, zero clears it */

int ioctl(int descriptor, unsigned long request, ...);

#endif
