/* SPDX-License-Identifier: MIT */
/*
 * pipe(): a ring of one page between two open files.
 *
 * The pipe belongs to both ends and goes with the last. head and tail count bytes and are never
 * wrapped; head - tail is what the ring holds. Writes of up to PIPE_ATOMIC bytes, in one piece or
 * several, are never mixed with others: they wait until all of it fits. That is also when the
 * writing end is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/file/attributes.h"
#include "lib/file/file.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"

#define PIPE_CAPACITY PAGE_SIZE
#define PIPE_ATOMIC 512u /* newlib's PIPE_BUF */

struct pipe {
    struct file reader, writer;
    bool has_reader, has_writer;
    char *ring;
    size_t head, tail;
    struct wait_queue changed;
};

static size_t used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static size_t space(const struct pipe *pipe)
{
    return PIPE_CAPACITY - used(pipe);
}

/* The piece of the ring at a counter, at most `length`, up to where the ring wraps. */
static size_t contiguous(size_t counter, size_t length)
{
    size_t left = PIPE_CAPACITY - counter % PIPE_CAPACITY;

    return length < left ? length : left;
}

static size_t take(struct pipe *pipe, char *buffer, size_t length)
{
    size_t done = 0;

    length = length < used(pipe) ? length : used(pipe);
    while (done < length) {
        size_t part = contiguous(pipe->tail, length - done);

        memcpy(buffer + done, pipe->ring + pipe->tail % PIPE_CAPACITY, part);
        pipe->tail += part;
        done += part;
    }
    return done;
}

static size_t put(struct pipe *pipe, const char *buffer, size_t length)
{
    size_t done = 0;

    length = length < space(pipe) ? length : space(pipe);
    while (done < length) {
        size_t part = contiguous(pipe->head, length - done);

        memcpy(pipe->ring + pipe->head % PIPE_CAPACITY, buffer + done, part);
        pipe->head += part;
        done += part;
    }
    return done;
}

static size_t length_of(const struct iovec *vector, int count)
{
    size_t length = 0;

    for (int i = 0; i < count; i++)
        length += vector[i].iov_len;
    return length;
}

static ssize_t pipe_read(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct pipe *pipe = container_of(file, struct pipe, reader);
    size_t done = 0;
    int i;

    (void)offset;
    if (length_of(vector, count) == 0)
        return 0;
    if (used(pipe) == 0 && pipe->has_writer && (file->flags & O_NONBLOCK) != 0)
        return -EAGAIN;
    wait_until(&pipe->changed, used(pipe) > 0 || !pipe->has_writer, DEADLINE_NEVER);
    for (i = 0; i < count; i++)
        done += take(pipe, vector[i].iov_base, vector[i].iov_len);
    if (done > 0)
        wake_all(&pipe->changed);
    return (ssize_t)done;
}

/* Wait for room: 0, -EAGAIN, or -EPIPE when nobody is left to read. */
static int wait_for_space(struct pipe *pipe, size_t needed, bool nonblocking)
{
    if (nonblocking && pipe->has_reader && space(pipe) < needed)
        return -EAGAIN;
    wait_until(&pipe->changed, space(pipe) >= needed || !pipe->has_reader, DEADLINE_NEVER);
    return pipe->has_reader ? 0 : -EPIPE;
}

/*
 * All of a small write fits once there is room for it, and no other thread runs until it is in the
 * ring; a larger one waits for any room before each part.
 */
static ssize_t pipe_write(struct file *file, const struct iovec *vector, int count, off_t offset)
{
    struct pipe *pipe = container_of(file, struct pipe, writer);
    size_t length = length_of(vector, count), done = 0, in_piece = 0;
    int error = 0;

    (void)offset;
    while (done < length && error == 0) {
        size_t needed = length <= PIPE_ATOMIC ? length - done : 1, part;

        error = wait_for_space(pipe, needed, (file->flags & O_NONBLOCK) != 0);
        if (error != 0)
            break;
        part = put(pipe, (const char *)vector->iov_base + in_piece, vector->iov_len - in_piece);
        done += part;
        in_piece += part;
        if (in_piece == vector->iov_len) {
            in_piece = 0;
            vector++;
        }
        wake_all(&pipe->changed);
    }
    return done > 0 || length == 0 ? (ssize_t)done : error;
}

static int pipe_stat(struct file *file, struct file_attributes *attributes)
{
    (void)file;
    attributes->mode = FILE_FIFO | 0600;
    attributes->links = 1;
    attributes->block_size = PIPE_CAPACITY;
    return 0;
}

static int pipe_reader_ioctl(struct file *file, unsigned long request, void *argument)
{
    if (request != FIONREAD)
        return -ENOTTY;
    *(int *)argument = (int)used(container_of(file, struct pipe, reader));
    return 0;
}

static short pipe_reader_poll(struct file *file, short events)
{
    struct pipe *pipe = container_of(file, struct pipe, reader);
    short ready = pipe->has_writer ? 0 : POLLHUP;

    if (used(pipe) > 0)
        ready |= events & (POLLIN | POLLRDNORM);
    return ready;
}

static short pipe_writer_poll(struct file *file, short events)
{
    struct pipe *pipe = container_of(file, struct pipe, writer);

    if (!pipe->has_reader)
        return POLLERR;
    return space(pipe) >= PIPE_ATOMIC ? events & (POLLOUT | POLLWRNORM) : 0;
}

static struct wait_queue *pipe_reader_queue(struct file *file)
{
    return &container_of(file, struct pipe, reader)->changed;
}

static struct wait_queue *pipe_writer_queue(struct file *file)
{
    return &container_of(file, struct pipe, writer)->changed;
}

/* One end is gone: the other notices, or takes the pipe with it. */
static void end_closed(struct pipe *pipe)
{
    if (pipe->has_reader || pipe->has_writer) {
        wake_all(&pipe->changed);
        return;
    }
    page_free(pipe->ring);
    kernel_free(pipe);
}

static void pipe_reader_release(struct file *file)
{
    struct pipe *pipe = container_of(file, struct pipe, reader);

    pipe->has_reader = false;
    end_closed(pipe);
}

static void pipe_writer_release(struct file *file)
{
    struct pipe *pipe = container_of(file, struct pipe, writer);

    pipe->has_writer = false;
    end_closed(pipe);
}

static const struct file_operations pipe_reader_operations = {
    .read = pipe_read,
    .stat = pipe_stat,
    .ioctl = pipe_reader_ioctl,
    .poll = pipe_reader_poll,
    .wait_queue = pipe_reader_queue,
    .release = pipe_reader_release,
};

static const struct file_operations pipe_writer_operations = {
    .write = pipe_write,
    .stat = pipe_stat,
    .poll = pipe_writer_poll,
    .wait_queue = pipe_writer_queue,
    .release = pipe_writer_release,
};

static struct pipe *pipe_create(int flags)
{
    struct pipe *pipe = kernel_alloc_zeroed(1, sizeof(*pipe));

    if (pipe == NULL)
        return NULL;
    pipe->ring = page_alloc();
    if (pipe->ring == NULL) {
        kernel_free(pipe);
        return NULL;
    }
    wait_queue_init(&pipe->changed);
    file_init(&pipe->reader, &pipe_reader_operations, O_RDONLY | flags);
    file_init(&pipe->writer, &pipe_writer_operations, O_WRONLY | flags);
    pipe->has_reader = pipe->has_writer = true;
    return pipe;
}

static int pipe_open(int descriptors[2], int flags)
{
    struct pipe *pipe;
    struct file *writer;
    int reader_descriptor, writer_descriptor;

    if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0)
        return -EINVAL;
    pipe = pipe_create(flags & O_NONBLOCK);
    if (pipe == NULL)
        return -ENOMEM;
    writer = &pipe->writer;
    reader_descriptor = descriptor_install(&pipe->reader, 0);
    if (reader_descriptor < 0)
        file_put(&pipe->reader);
    writer_descriptor = reader_descriptor < 0 ? reader_descriptor : descriptor_install(writer, 0);
    if (writer_descriptor < 0) {
        descriptor_close(reader_descriptor);
        file_put(writer);
        return writer_descriptor;
    }
    descriptor_set_flags(reader_descriptor, (flags & O_CLOEXEC) != 0 ? FD_CLOEXEC : 0);
    descriptor_set_flags(writer_descriptor, (flags & O_CLOEXEC) != 0 ? FD_CLOEXEC : 0);
    descriptors[0] = reader_descriptor;
    descriptors[1] = writer_descriptor;
    return 0;
}

int pipe2(int descriptors[2], int flags)
{
    return (int)posix_result(pipe_open(descriptors, flags));
}

int pipe(int descriptors[2])
{
    return pipe2(descriptors, 0);
}
