/* SPDX-License-Identifier: MIT */
/*
 * Open files of every kind (VFS files, directories, sockets, the console) behind one table of
 * operations, and the table of descriptors.
 *
 * A struct file is embedded in its kind's own struct and is reference counted: each descriptor
 * holds one reference, and so does each call in progress, so that close() during a blocked read()
 * is safe. operations->release is called when the last reference goes. All operations return 0 or a
 * count (>= 0), or -errno; none touches errno. Threads only.
 */
#ifndef LIB_FILE_FILE_H
#define LIB_FILE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sched/sched.h"

struct file_attributes;
struct file;
struct iovec;

/*
 * Directories. A position is a cookie that the directory's kind understands, 0 at the start; `hint`
 * is its own short cut to the place that `cookie` names, reset to NULL by whoever changes the
 * cookie. `type` is a DT_… value of <dirent.h>.
 */
struct directory_position {
    off_t cookie;
    const void *hint;
};
struct directory_entry {
    ino_t inode;
    unsigned char type;
    char name[256];
};

/* For operations->ioctl: 0 when the file is a terminal (isatty()). */
#define FILE_IOCTL_TERMINAL 0x5413ul

struct file_operations {
    /*
     * offset < 0: at the file's own position, which moves. Streams ignore it. Any pointer may be
     * NULL: -EINVAL, or what POSIX says of the call.
     */
    ssize_t (*read)(struct file *file, const struct iovec *vector, int count, off_t offset);
    ssize_t (*write)(struct file *file, const struct iovec *vector, int count, off_t offset);
    off_t (*seek)(struct file *file, off_t offset, int whence);         /* NULL: -ESPIPE */
    int (*stat)(struct file *file, struct file_attributes *attributes); /* starts as zeroes */
    int (*truncate)(struct file *file, off_t length);
    int (*sync)(struct file *file);
    int (*ioctl)(struct file *file, unsigned long request, void *argument); /* NULL: -ENOTTY */
    /*
     * The next entry of a directory: 1, or 0 at its end; file->position is the cookie. NULL:
     * -ENOTDIR.
     */
    int (*readdir)(struct file *file, struct directory_entry *entry);
    /*
     * The events of <poll.h> that hold now. poll() sleeps on wait_queue's answer; NULL means the
     * file is always ready. The queue is woken, with wake_all(), whenever an event may have become
     * true: poll() asks again only then. What is ready does not answer -EAGAIN, and the other way
     * round (test/unit/readiness.h).
     */
    short (*poll)(struct file *file, short events);
    struct wait_queue *(*wait_queue)(struct file *file);
    void (*release)(struct file *file); /* frees the struct */
};

struct file {
    const struct file_operations *operations;
    unsigned int references;
    int flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, … of <fcntl.h>; fcntl(F_SETFL) changes them */
    off_t position;
};

/* With one reference, the caller's. */
void file_init(struct file *file, const struct file_operations *operations, int flags);
struct file *file_get(struct file *file);
void file_put(struct file *file);

/*
 * Descriptors are numbers below a limit, which a program may set to at most DESCRIPTORS_MAX. The
 * first limit is what an fd_set of <sys/select.h> has room for. A limit below what is in use closes
 * nothing.
 */
#define DESCRIPTORS_MAX (1u << 20)
#define DESCRIPTORS_AT_FIRST 1024u
unsigned int descriptor_limit(void);
/* 0 or -EINVAL. */
int descriptor_set_limit(unsigned int limit);

/*
 * Lowest free descriptor >= minimum for `file`; takes over the caller's reference. -EMFILE or
 * -ENOMEM: nothing has changed.
 */
int descriptor_install(struct file *file, int minimum);
/* The file behind a descriptor with a reference of its own, or NULL (EBADF). file_put() it. */
struct file *descriptor_get(int descriptor);
/* Remove from the table and drop the table's reference: 0 or -EBADF. */
int descriptor_close(int descriptor);
/*
 * dup2(): put `file` (reference taken over) at `descriptor`, closing what was there: the descriptor,
 * -EBADF or -ENOMEM.
 */
int descriptor_replace(int descriptor, struct file *file);
unsigned int descriptors_in_use(void);
/* FD_CLOEXEC of a descriptor, kept for fcntl() alone: there is no exec(). -EBADF. */
int descriptor_flags(int descriptor);
int descriptor_set_flags(int descriptor, int flags);

/*
 * The calls of the POSIX entry points without errno, on a file or a descriptor. -EBADF when the
 * descriptor is not open or not open for this; -EINVAL when the file's kind has no such operation.
 */
ssize_t file_read(struct file *file, const struct iovec *vector, int count, off_t offset);
ssize_t file_write(struct file *file, const struct iovec *vector, int count, off_t offset);
ssize_t descriptor_read(int descriptor, void *buffer, size_t length);
ssize_t descriptor_write(int descriptor, const void *buffer, size_t length);
off_t descriptor_seek(int descriptor, off_t offset, int whence);
int descriptor_stat(int descriptor, struct file_attributes *attributes);
int descriptor_ioctl(int descriptor, unsigned long request, void *argument);

/* The console opened once more (/dev/console), with flags of its own: 0 or -ENOMEM. */
int console_file_open(int flags, struct file **file);

/*
 * The end of the application: close every descriptor, and write back every filesystem if there are
 * any.
 */
void files_close_all(void);

/*
 * Set errno from a negative result: returns result when >= 0, otherwise -1 with errno = -result.
 * For the POSIX entry points.
 */
long posix_result(long result);

#endif
