/* SPDX-License-Identifier: MIT */
/* dup(), dup2() and fcntl(). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "lib/file/file.h"

/* What F_SETFL may change. */
#define CHANGEABLE_FLAGS (O_APPEND | O_NONBLOCK)

static int duplicate(int descriptor, int minimum)
{
    struct file *file = descriptor_get(descriptor);
    int result;

    if (file == NULL)
        return -EBADF;
    result = minimum < 0 || (unsigned int)minimum >= descriptor_limit()
                 ? -EINVAL
                 : descriptor_install(file, minimum);
    if (result < 0)
        file_put(file);
    return result;
}

int dup(int descriptor)
{
    return (int)posix_result(duplicate(descriptor, 0));
}

int dup2(int descriptor, int wanted)
{
    struct file *file = descriptor_get(descriptor);
    int result;

    if (file == NULL)
        return (int)posix_result(-EBADF);
    if (descriptor == wanted) {
        file_put(file);
        return wanted;
    }
    result = descriptor_replace(wanted, file);
    if (result < 0)
        file_put(file);
    return (int)posix_result(result);
}

static int duplicate_close_on_exec(int descriptor, int minimum)
{
    int result = duplicate(descriptor, minimum);

    if (result >= 0)
        descriptor_set_flags(result, FD_CLOEXEC);
    return result;
}

static int status_flags(int descriptor, bool set, int flags)
{
    struct file *file = descriptor_get(descriptor);
    int result;

    if (file == NULL)
        return -EBADF;
    if (set)
        file->flags = (file->flags & ~CHANGEABLE_FLAGS) | (flags & CHANGEABLE_FLAGS);
    result = set ? 0 : file->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
    file_put(file);
    return result;
}

static int control(int descriptor, int command, int argument)
{
    switch (command) {
    case F_DUPFD:
        return duplicate(descriptor, argument);
    case F_DUPFD_CLOEXEC:
        return duplicate_close_on_exec(descriptor, argument);
    case F_GETFD:
        return descriptor_flags(descriptor);
    case F_SETFD:
        return descriptor_set_flags(descriptor, argument);
    case F_GETFL:
        return status_flags(descriptor, false, 0);
    case F_SETFL:
        return status_flags(descriptor, true, argument);
    default:
        return -EINVAL;
    }
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    int argument;

    va_start(arguments, command);
    argument = va_arg(arguments, int);
    va_end(arguments);
    return (int)posix_result(control(descriptor, command, argument));
}
