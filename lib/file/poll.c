/* SPDX-License-Identifier: MIT */
/*
 * poll().
 *
 * First all files are asked; most calls of a busy program end there, with no allocation. Only a
 * call that must sleep takes references to the files (so that a close() by another thread cannot
 * free a wait queue below us) and registers with their queues. Nothing blocks between asking and
 * wait_many(), so no wake-up is lost. The memory for that is kept from one call to the next: see
 * spare.
 */
#include "lib/file/poll.h"

#include <errno.h>

#include "lib/file/file.h"
#include "lib/mm/heap.h"

/* Errors are reported whether asked for or not. */
#define ALWAYS_REPORTED (POLLERR | POLLHUP | POLLNVAL)
#define ON_STACK 4u

struct sleeper {
    unsigned int capacity, files, entries;
    struct file **file;
    struct wait_entry *entry;
};

/* One block for whoever comes first; a second poller at the same time allocates its own. */
static void *spare;
static unsigned int spare_capacity;

static short file_events(struct file *file, short events)
{
    const struct file_operations *operations = file->operations;

    if (operations->poll == NULL)
        return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    return operations->poll(file, events) & (events | ALWAYS_REPORTED);
}

static int ask_all(struct pollfd *descriptors, nfds_t count)
{
    int ready = 0;
    nfds_t i;

    for (i = 0; i < count; i++) {
        struct file *file = descriptor_get(descriptors[i].fd);

        descriptors[i].revents = 0;
        if (descriptors[i].fd >= 0)
            descriptors[i].revents = file != NULL ? file_events(file, descriptors[i].events)
                                                  : POLLNVAL;
        if (file != NULL)
            file_put(file);
        ready += descriptors[i].revents != 0;
    }
    return ready;
}

static void *take_memory(unsigned int capacity)
{
    void *block = spare;

    if (spare_capacity < capacity)
        return kernel_alloc(capacity * (sizeof(struct file *) + sizeof(struct wait_entry)));
    spare = NULL;
    spare_capacity = 0;
    return block;
}

static void give_memory(void *block, unsigned int capacity)
{
    if (capacity <= spare_capacity) {
        kernel_free(block);
        return;
    }
    kernel_free(spare);
    spare = block;
    spare_capacity = capacity;
}

static void hold_files(struct sleeper *sleeper, const struct pollfd *descriptors, nfds_t count)
{
    nfds_t i;

    sleeper->files = sleeper->entries = 0;
    for (i = 0; i < count; i++) {
        struct file *file = descriptor_get(descriptors[i].fd);
        struct wait_queue *queue = NULL;

        if (file == NULL)
            continue;
        sleeper->file[sleeper->files++] = file;
        if (file->operations->wait_queue != NULL)
            queue = file->operations->wait_queue(file);
        if (queue != NULL)
            sleeper->entry[sleeper->entries++].queue = queue;
    }
}

static int sleep_once(struct sleeper *sleeper, const struct pollfd *descriptors, nfds_t count,
                      uint64_t deadline)
{
    unsigned int i;
    int result;

    hold_files(sleeper, descriptors, count);
    result = wait_many(sleeper->entry, sleeper->entries, deadline);
    for (i = 0; i < sleeper->files; i++)
        file_put(sleeper->file[i]);
    return result;
}

static int sleep_until_ready(struct sleeper *sleeper, struct pollfd *descriptors, nfds_t count,
                             uint64_t deadline)
{
    int ready, result = 0;

    do {
        result = sleep_once(sleeper, descriptors, count, deadline);
        ready = ask_all(descriptors, count);
    } while (ready == 0 && result == 0);
    return ready;
}

static int sleep_allocated(struct pollfd *descriptors, nfds_t count, uint64_t deadline)
{
    void *block = take_memory((unsigned int)count);
    struct sleeper sleeper = { .capacity = (unsigned int)count, .entry = block };
    int ready;

    if (block == NULL)
        return -ENOMEM;
    sleeper.file = (struct file **)(sleeper.entry + count);
    ready = sleep_until_ready(&sleeper, descriptors, count, deadline);
    give_memory(block, (unsigned int)count);
    return ready;
}

int poll_until(struct pollfd *descriptors, nfds_t count, uint64_t deadline)
{
    struct wait_entry entries[ON_STACK];
    struct file *files[ON_STACK];
    struct sleeper sleeper = { .capacity = ON_STACK, .file = files, .entry = entries };
    int ready;

    if (count > FILE_DESCRIPTORS)
        return -EINVAL;
    ready = ask_all(descriptors, count);
    if (ready > 0 || deadline == 0)
        return ready;
    if (count <= ON_STACK)
        return sleep_until_ready(&sleeper, descriptors, count, deadline);
    return sleep_allocated(descriptors, count, deadline);
}

uint64_t poll_deadline(int timeout)
{
    if (timeout < 0)
        return DEADLINE_NEVER;
    return timeout == 0 ? 0 : deadline_after(MILLISECONDS(timeout));
}

int poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    return (int)posix_result(poll_until(descriptors, count, poll_deadline(timeout)));
}
