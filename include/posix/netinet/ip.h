/* SPDX-License-Identifier: MIT */
/* <netinet/ip.h>: types of service for IP_TOS. */
#ifndef POSIX_NETINET_IP_H
#define POSIX_NETINET_IP_H

#include <netinet/in.h>

#define IPTOS_LOWDELAY 0x10
#define IPTOS_THROUGHPUT 0x08
#define IPTOS_RELIABILITY 0x04

#endif
