/* SPDX-License-Identifier: MIT */
/*
 * poll().
 *
 * Each file is asked once, and as long as none is ready, registered with at once: a reference (so
 * that a close() by another thread cannot free a wait queue below us) and an entry in its queue.
 * Nothing blocks between asking and registering, so no wake-up is lost. A wake-up puts the file's
 * entry into a list; only who is in that is asked again, and registers again if it is not ready. The
 * memory for entries is kept from one call to the next: see spare.
 */
#include "lib/file/poll.h"

#include <errno.h>

#include "lib/file/file.h"
#include "lib/mm/heap.h"

/* What files that are always ready are ready for: by POSIX, for select() in all three sets. */
#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI)
#define ON_STACK 4u
#define SPARE_MAX 1024u

struct entry {
    struct wait_entry wait; /* in the file's queue or among the poller's woken entries */
    struct poller *poller;
    struct file *file;
    struct pollfd *descriptor;
};

struct poller {
    struct wait_queue queue; /* for this thread, when an entry is woken */
    struct list woken;
    struct entry *entries; /* NULL: it only looks */
    nfds_t used;
    short unasked;
};

/* One block for whoever comes first; a second poller at the same time allocates its own. */
static struct entry *spare;
static nfds_t spare_capacity;

static short ask(const struct poller *poller, struct file *file, short events)
{
    const struct file_operations *operations = file->operations;
    short wanted = events | poller->unasked;

    return (operations->poll ? operations->poll(file, wanted) : ALWAYS_READY) & wanted;
}

static void entry_woken(struct wait_entry *wait)
{
    struct entry *entry = container_of(wait, struct entry, wait);

    list_append(&entry->poller->woken, &wait->link);
    wake_all(&entry->poller->queue);
}

static void register_entry(struct entry *entry)
{
    if (entry->file->operations->wait_queue)
        wait_queue_add(entry->file->operations->wait_queue(entry->file), &entry->wait);
}

/* Takes over the reference to the file. */
static void add_entry(struct poller *poller, struct file *file, struct pollfd *descriptor)
{
    struct entry *entry = &poller->entries[poller->used++];

    *entry = (struct entry){ .poller = poller, .file = file, .descriptor = descriptor };
    wait_entry_init(&entry->wait, entry_woken);
    register_entry(entry);
}

static bool look_at(struct poller *poller, struct pollfd *descriptor, bool only_look)
{
    struct file *file = descriptor_get(descriptor->fd);

    descriptor->revents = 0;
    if (descriptor->fd >= 0)
        descriptor->revents = file ? ask(poller, file, descriptor->events)
                                   : POLLNVAL & poller->unasked;
    if (file && (descriptor->revents || only_look))
        file_put(file);
    else if (file)
        add_entry(poller, file, descriptor);
    return descriptor->revents != 0;
}

/* One pass over all descriptors: the number of ready ones. */
static int look(struct poller *poller, struct pollfd *descriptors, nfds_t count)
{
    int ready = 0;

    for (nfds_t i = 0; i < count; i++)
        ready += look_at(poller, &descriptors[i], !poller->entries || ready > 0);
    return ready;
}

static int look_at_woken(struct poller *poller)
{
    struct list *first;
    int ready = 0;

    while ((first = list_first(&poller->woken)) != NULL) {
        struct entry *entry = container_of(first, struct entry, wait.link);

        wait_queue_remove(&entry->wait);
        entry->descriptor->revents = ask(poller, entry->file, entry->descriptor->events);
        if (entry->descriptor->revents)
            ready++;
        else
            register_entry(entry);
    }
    return ready;
}

static int sleep_until_ready(struct poller *poller, uint64_t deadline)
{
    int ready = 0;

    while (ready == 0 && wait_until(&poller->queue, !list_empty(&poller->woken), deadline) == 0)
        ready = look_at_woken(poller);
    return ready;
}

static void remove_entries(struct poller *poller)
{
    for (nfds_t i = 0; i < poller->used; i++) {
        wait_queue_remove(&poller->entries[i].wait);
        file_put(poller->entries[i].file);
    }
}

static struct entry *take_memory(nfds_t count)
{
    struct entry *block = spare;

    if (spare_capacity < count)
        return kernel_alloc(count * sizeof(*block));
    spare = NULL;
    spare_capacity = 0;
    return block;
}

static void give_memory(struct entry *block, nfds_t count)
{
    if (count <= spare_capacity || count > SPARE_MAX) {
        kernel_free(block);
        return;
    }
    kernel_free(spare);
    spare = block;
    spare_capacity = count;
}

static int poll_with(struct entry *entries, struct pollfd *descriptors, nfds_t count, short unasked,
                     uint64_t deadline)
{
    struct poller poller = { .entries = entries, .unasked = unasked };
    int ready;

    wait_queue_init(&poller.queue);
    list_init(&poller.woken);
    ready = look(&poller, descriptors, count);
    if (ready == 0 && entries)
        ready = sleep_until_ready(&poller, deadline);
    remove_entries(&poller);
    return ready;
}

int poll_until(struct pollfd *descriptors, nfds_t count, short unasked, uint64_t deadline)
{
    struct entry on_stack[ON_STACK], *block;
    int ready;

    if (count > descriptor_limit())
        return -EINVAL;
    thread_give_way();
    if (deadline == 0)
        return poll_with(NULL, descriptors, count, unasked, 0);
    if (count <= ON_STACK)
        return poll_with(on_stack, descriptors, count, unasked, deadline);
    block = take_memory(count);
    ready = poll_with(block, descriptors, count, unasked, deadline);
    if (!block)
        return ready > 0 ? ready : -ENOMEM;
    give_memory(block, count);
    return ready;
}

uint64_t poll_deadline(int timeout)
{
    if (timeout < 0)
        return DEADLINE_NEVER;
    return timeout == 0 ? 0 : deadline_after(MILLISECONDS(timeout));
}

int poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    return (int)posix_result(poll_until(descriptors, count, POLL_UNASKED, poll_deadline(timeout)));
}
