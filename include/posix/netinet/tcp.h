/* SPDX-License-Identifier: MIT */
/* <netinet/tcp.h>: options of level IPPROTO_TCP. The values are Linux'. */
#ifndef POSIX_NETINET_TCP_H
#define POSIX_NETINET_TCP_H

#define TCP_NODELAY 1
#define TCP_MAXSEG 2    /* read only */
#define TCP_CORK 3      /* small segments wait until it is cleared */
#define TCP_KEEPIDLE 4  /* seconds */
#define TCP_KEEPINTVL 5 /* seconds */
#define TCP_KEEPCNT 6

#endif
