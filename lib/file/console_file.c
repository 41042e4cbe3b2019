/* SPDX-License-Identifier: MIT */
/* The console as an open file: descriptors 0, 1 and 2 of every image, and /dev/console. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>

#include "lib/base/init.h"
#include "lib/file/attributes.h"
#include "lib/file/file.h"
#include "lib/mm/heap.h"
#include "xen/bus/console.h"

static ssize_t console_file_read(struct file *file, const struct iovec *vector, int count,
                                 off_t offset)
{
    bool nonblocking = (file->flags & O_NONBLOCK) != 0;
    int i;

    (void)offset;
    for (i = 0; i < count; i++) {
        if (vector[i].iov_len > 0)
            return console_read(vector[i].iov_base, vector[i].iov_len, nonblocking);
    }
    return 0;
}

static ssize_t write_piece(const struct file *file, const struct iovec *piece)
{
    int result;

    if (file->flags & O_NONBLOCK)
        return console_write_now(piece->iov_base, piece->iov_len);
    result = console_write(piece->iov_base, piece->iov_len);
    return result < 0 ? result : (ssize_t)piece->iov_len;
}

static ssize_t console_file_write(struct file *file, const struct iovec *vector, int count,
                                  off_t offset)
{
    ssize_t done = 0;
    int i;

    (void)offset;
    for (i = 0; i < count; i++) {
        ssize_t result;

        if (vector[i].iov_len == 0)
            continue;
        result = write_piece(file, &vector[i]);
        if (result < 0)
            return done > 0 ? done : result;
        done += result;
        if ((size_t)result < vector[i].iov_len)
            break;
    }
    return done;
}

static int console_file_stat(struct file *file, struct file_attributes *attributes)
{
    (void)file;
    attributes->mode = FILE_CHARACTER | 0620;
    attributes->links = 1;
    attributes->special = 1;
    attributes->block_size = 1024;
    return 0;
}

static int console_file_ioctl(struct file *file, unsigned long request, void *argument)
{
    (void)file;
    (void)argument;
    return request == FILE_IOCTL_TERMINAL ? 0 : -ENOTTY;
}

static short console_file_poll(struct file *file, short events)
{
    short ready = 0;

    (void)file;
    if (console_writable())
        ready |= POLLOUT | POLLWRNORM;
    if (console_readable())
        ready |= POLLIN | POLLRDNORM;
    return events & ready;
}

static struct wait_queue *console_file_wait_queue(struct file *file)
{
    (void)file;
    return console_wait_queue();
}

static void console_file_release(struct file *file)
{
    kernel_free(file);
}

static const struct file_operations console_file_operations = {
    .read = console_file_read,
    .write = console_file_write,
    .stat = console_file_stat,
    .ioctl = console_file_ioctl,
    .poll = console_file_poll,
    .wait_queue = console_file_wait_queue,
    .release = console_file_release,
};

int console_file_open(int flags, struct file **file)
{
    *file = kernel_alloc(sizeof(**file));
    if (*file == NULL)
        return -ENOMEM;
    file_init(*file, &console_file_operations, flags);
    return 0;
}

/*
 * These three are one open file, as those that a shell gives are. It is static: the reference that it
 * is born with is never given back.
 */
static void open_standard_descriptors(void)
{
    static struct file console = {
        .operations = &console_file_operations,
        .references = 1,
        .flags = O_RDWR,
    };
    int descriptor;

    for (descriptor = 0; descriptor < 3; descriptor++)
        descriptor_replace(descriptor, file_get(&console));
}
INITCALL(descriptors, open_standard_descriptors);
