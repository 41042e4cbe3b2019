/* SPDX-License-Identifier: MIT */
/*
 * Compiles net/ beside the host's C library: our entry points, and the test's calls to them, get
 * symbols of their own ("xl_socket"). "// CFLAGS: -include test/unit/net_names.h". The host's
 * headers stay in use.
 */
#ifndef TEST_NET_NAMES_H
#define TEST_NET_NAMES_H

/* GNU's socket header takes addresses through a transparent union that our definitions do not have.
 */
#include <features.h>
#undef __USE_GNU
#include <sys/socket.h>
#define __USE_GNU 1

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#undef TCP_MSS /* lwIP's is another */

#include "posix_names.h"

extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

OURS(socket);
OURS(bind);
OURS(listen);
OURS(accept);
OURS(accept4);
OURS(connect);
OURS(shutdown);
OURS(send);
OURS(sendto);
OURS(sendmsg);
OURS(recv);
OURS(recvfrom);
OURS(recvmsg);
OURS(getsockname);
OURS(getpeername);
OURS(getsockopt);
OURS(setsockopt);
OURS(inet_aton);
OURS(inet_addr);
OURS(inet_ntoa);
OURS(inet_pton);
OURS(inet_ntop);
OURS(if_nametoindex);
OURS(if_indextoname);
OURS(getaddrinfo);
OURS(freeaddrinfo);
OURS(gai_strerror);
OURS(getnameinfo);
OURS(gethostbyname);

#undef h_errno
#define h_errno xl_h_errno
extern int h_errno;

#endif
