/* SPDX-License-Identifier: MIT */
/*
 * What lwIP wants to know of compiler and system.
 *
 * A failed LWIP_ASSERT is a broken invariant of the stack itself: going on could corrupt memory, so
 * the guest stops with a report. Messages are left out of the image; function and line name the
 * place.
 */
#ifndef NET_ARCH_CC_H
#define NET_ARCH_CC_H

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/random/random.h"

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif

/* sys/types.h has ssize_t, but not every C library says so with this limit. */
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_INTTYPES_H 1
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#define LWIP_RAND() random_u32()
#define LWIP_PLATFORM_DIAG(arguments)
#define LWIP_PLATFORM_ASSERT(message) net_assertion_failed(__func__, __LINE__)

void net_assertion_failed(const char *function, int line) __attribute__((noreturn, cold));
void *net_memory_alloc(size_t size);
void *net_memory_calloc(size_t count, size_t size);
void net_memory_free(void *block);
uint16_t net_checksum(const void *data, int length);

#endif
