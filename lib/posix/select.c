/* SPDX-License-Identifier: MIT */
/*
 * select(), on top of poll(): only the descriptors whose bits are set become entries. What makes a
 * descriptor ready depends on the sets that it is in: the other end's hanging up is something to
 * read, but nothing to write and no exceptional condition.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>

#include "lib/file/file.h"
#include "lib/file/poll.h"

#define READABLE (POLLIN | POLLHUP | POLLERR)
#define WRITABLE (POLLOUT | POLLERR)

static bool wanted(int descriptor, fd_set *set)
{
    return set != NULL && FD_ISSET(descriptor, set);
}

static nfds_t gather(int limit, fd_set *read, fd_set *write, fd_set *except, struct pollfd *entries)
{
    nfds_t count = 0;
    int i;

    for (i = 0; i < limit; i++) {
        short events = (wanted(i, read) ? READABLE : 0) | (wanted(i, write) ? WRITABLE : 0) |
                       (wanted(i, except) ? POLLPRI : 0);

        if (events != 0)
            entries[count++] = (struct pollfd){ .fd = i, .events = events };
    }
    return count;
}

/* Set the bit in `set` if any of `events` holds; returns 1 for each bit set. */
static int answer(fd_set *set, const struct pollfd *entry, short asked, short events)
{
    if ((entry->events & asked) == 0 || (entry->revents & events) == 0)
        return 0;
    FD_SET(entry->fd, set);
    return 1;
}

static void clear(int limit, fd_set *set)
{
    int i;

    for (i = 0; set != NULL && i < limit; i++)
        FD_CLR(i, set);
}

static int scatter(int limit, fd_set *read, fd_set *write, fd_set *except,
                   const struct pollfd *entries, nfds_t count)
{
    int bits = 0;
    nfds_t i;

    for (i = 0; i < count; i++) {
        if ((entries[i].revents & POLLNVAL) != 0)
            return -EBADF;
    }
    clear(limit, read);
    clear(limit, write);
    clear(limit, except);
    for (i = 0; i < count; i++) {
        bits += answer(read, &entries[i], POLLIN, READABLE);
        bits += answer(write, &entries[i], POLLOUT, WRITABLE);
        bits += answer(except, &entries[i], POLLPRI, POLLPRI);
    }
    return bits;
}

static int select_until(int limit, fd_set *read, fd_set *write, fd_set *except, uint64_t deadline)
{
    struct pollfd *entries;
    nfds_t count;
    int result;

    if (limit < 0 || limit > FD_SETSIZE)
        return -EINVAL;
    entries = malloc((size_t)(limit + 1) * sizeof(*entries));
    if (entries == NULL)
        return -ENOMEM;
    count = gather(limit, read, write, except, entries);
    result = poll_until(entries, count, POLLNVAL, deadline);
    if (result >= 0)
        result = scatter(limit, read, write, except, entries, count);
    free(entries);
    return result;
}

static uint64_t deadline_of(uint64_t seconds, uint64_t nanoseconds)
{
    if (seconds == 0 && nanoseconds == 0)
        return 0;
    if (seconds > 1000000000u)
        return DEADLINE_NEVER;
    return deadline_after(SECONDS(seconds) + nanoseconds);
}

int select(int limit, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout)
{
    uint64_t deadline = DEADLINE_NEVER;

    if (timeout != NULL) {
        if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
            return (int)posix_result(-EINVAL);
        deadline = deadline_of((uint64_t)timeout->tv_sec, (uint64_t)timeout->tv_usec * 1000u);
    }
    return (int)posix_result(select_until(limit, read, write, except, deadline));
}

/* Signals are not delivered here, so there is no mask to change. */
int pselect(int limit, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
            const sigset_t *mask)
{
    uint64_t deadline = DEADLINE_NEVER;

    (void)mask;
    if (timeout != NULL) {
        if (timeout->tv_sec < 0 || timeout->tv_nsec < 0)
            return (int)posix_result(-EINVAL);
        deadline = deadline_of((uint64_t)timeout->tv_sec, (uint64_t)timeout->tv_nsec);
    }
    return (int)posix_result(select_until(limit, read, write, except, deadline));
}
