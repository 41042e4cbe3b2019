/* SPDX-License-Identifier: MIT */
/* poll() for the rest of the system: without errno, with a deadline in nanoseconds. */
#ifndef LIB_FILE_POLL_H
#define LIB_FILE_POLL_H

#include <poll.h>
#include <stdint.h>

/* What poll() reports whether asked for or not. */
#define POLL_UNASKED (POLLERR | POLLHUP | POLLNVAL)

/*
 * Wait until one of the descriptors is ready or the deadline (of clock_monotonic()) passed; a
 * deadline of 0 only looks. Ready is who has one of its events, or one of `unasked`. Fills in
 * revents. The number of ready ones, 0, -EINVAL for more than there can be descriptors, or -ENOMEM
 * when none is ready and there is no memory to wait. Threads only.
 */
int poll_until(struct pollfd *descriptors, nfds_t count, short unasked, uint64_t deadline);

/* What a timeout in milliseconds, or negative for none, is as a deadline. */
uint64_t poll_deadline(int timeout);

#endif
