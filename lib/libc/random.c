/* SPDX-License-Identifier: MIT */
/*
 * The application's ways to the generator of random numbers: getrandom() and getentropy() as Linux
 * documents them, arc4random() as OpenBSD does (in place of newlib's, which has a generator of its
 * own). The generator is seeded before the application starts, so nothing blocks.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/random/random.h"

#define KNOWN_FLAGS (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)
#define GETRANDOM_MAX 33554431u /* what Linux gives at most */
#define GETENTROPY_MAX 256u

static int fail(int error)
{
    errno = error;
    return -1;
}

ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
    if (flags & ~KNOWN_FLAGS || (flags & GRND_RANDOM && flags & GRND_INSECURE))
        return fail(EINVAL);
    if (!buffer && length)
        return fail(EFAULT);
    if (length > GETRANDOM_MAX)
        length = GETRANDOM_MAX;
    random_bytes(buffer, length);
    return length;
}

int getentropy(void *buffer, size_t length)
{
    if (length > GETENTROPY_MAX)
        return fail(EIO);
    if (!buffer && length)
        return fail(EFAULT);
    random_bytes(buffer, length);
    return 0;
}

uint32_t arc4random(void)
{
    return random_u32();
}

void arc4random_buf(void *buffer, size_t length)
{
    random_bytes(buffer, length);
}

/* Numbers below 2^32 mod bound are drawn again: the rest is a multiple of bound. */
uint32_t arc4random_uniform(uint32_t bound)
{
    uint32_t number, least = bound ? -bound % bound : 0;

    do
        number = random_u32();
    while (number < least);
    return bound ? number % bound : 0;
}
