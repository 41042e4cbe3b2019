/* SPDX-License-Identifier: MIT */
/* <poll.h> (POSIX.1-2017). The values are Linux'. */
#ifndef POSIX_POLL_H
#define POSIX_POLL_H

#include <sys/types.h>

#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020
#define POLLRDNORM 0x040
#define POLLRDBAND 0x080
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200
#define POLLRDHUP 0x2000

typedef unsigned int nfds_t;

struct pollfd {
    int fd;
    short events;
    short revents;
};

/* timeout in milliseconds; negative: none */
int poll(struct pollfd *descriptors, nfds_t count, int timeout);

#endif
