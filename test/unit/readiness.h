/* SPDX-License-Identifier: MIT */
/*
 * Readiness and the call that follows agree: what each kind of file must keep, whatever state it is
 * in. A test brings a file into as many states as it can, and calls this in each.
 */
#ifndef TEST_READINESS_H
#define TEST_READINESS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

static inline short readiness_of(int descriptor)
{
    struct pollfd poller = { descriptor, POLLIN | POLLOUT, 0 };

    assert_true(poll(&poller, 1, 0) >= 0);
    return poller.revents;
}

/* An open file with O_NONBLOCK. A write is of `size` bytes: as much as makes this kind ready. */
static inline void readiness_agrees(int descriptor, size_t size)
{
    static char buffer[65536];
    int mode = fcntl(descriptor, F_GETFL);
    bool ready;

    assert_true(mode & O_NONBLOCK);
    if ((mode & O_ACCMODE) != O_WRONLY) {
        ready = readiness_of(descriptor) & (POLLIN | POLLHUP | POLLERR);
        errno = 0;
        assert_int_equal(read(descriptor, buffer, 1) >= 0 || errno != EAGAIN, ready);
    }
    if ((mode & O_ACCMODE) != O_RDONLY) {
        ready = readiness_of(descriptor) & (POLLOUT | POLLHUP | POLLERR);
        errno = 0;
        assert_int_equal(write(descriptor, buffer, size) >= 0 || errno != EAGAIN, ready);
    }
}

#endif
