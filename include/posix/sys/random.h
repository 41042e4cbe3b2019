/* SPDX-License-Identifier: MIT */
/* <sys/random.h> of Linux. The generator is always seeded, so the flags change nothing. */
#ifndef POSIX_SYS_RANDOM_H
#define POSIX_SYS_RANDOM_H

#include <sys/types.h>

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u

/*
 * Up to 33,554,431 bytes; the number given. EINVAL: an unknown flag, or both GRND_RANDOM and
 * GRND_INSECURE; EFAULT: no buffer.
 */
ssize_t getrandom(void *buffer, size_t length, unsigned int flags);
/* At most 256 bytes (EIO). */
int getentropy(void *buffer, size_t length);

#endif
