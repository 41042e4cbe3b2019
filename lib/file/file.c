/* SPDX-License-Identifier: MIT */
/*
 * Open files and the table of descriptors.
 *
 * The table's slots each hold one reference. first_free is a lower bound of the lowest free slot,
 * so that finding one does not walk over all that are taken.
 */
#include <errno.h>
#include <string.h>

#include "lib/file/file.h"

static struct file *table[FILE_DESCRIPTORS];
static unsigned char close_on_exec[FILE_DESCRIPTORS / 8];
static int first_free;
static unsigned int in_use;

void file_init(struct file *file, const struct file_operations *operations, int flags)
{
    file->operations = operations;
    file->references = 1;
    file->flags = flags;
    file->position = 0;
}

struct file *file_get(struct file *file)
{
    file->references++;
    return file;
}

void file_put(struct file *file)
{
    if (--file->references == 0)
        file->operations->release(file);
}

static bool is_open(int descriptor)
{
    return descriptor >= 0 && descriptor < FILE_DESCRIPTORS && table[descriptor] != NULL;
}

static void set_close_on_exec(int descriptor, bool set)
{
    unsigned char bit = (unsigned char)(1u << (descriptor % 8));

    if (set)
        close_on_exec[descriptor / 8] |= bit;
    else
        close_on_exec[descriptor / 8] &= (unsigned char)~bit;
}

int descriptor_install(struct file *file, int minimum)
{
    int descriptor = minimum > first_free ? minimum : first_free;

    while (descriptor < FILE_DESCRIPTORS && table[descriptor] != NULL)
        descriptor++;
    if (descriptor >= FILE_DESCRIPTORS)
        return -EMFILE;
    table[descriptor] = file;
    set_close_on_exec(descriptor, false);
    in_use++;
    if (minimum <= first_free)
        first_free = descriptor + 1;
    return descriptor;
}

struct file *descriptor_get(int descriptor)
{
    return is_open(descriptor) ? file_get(table[descriptor]) : NULL;
}

int descriptor_close(int descriptor)
{
    struct file *file;

    if (!is_open(descriptor))
        return -EBADF;
    file = table[descriptor];
    table[descriptor] = NULL;
    in_use--;
    if (descriptor < first_free)
        first_free = descriptor;
    file_put(file);
    return 0;
}

int descriptor_replace(int descriptor, struct file *file)
{
    struct file *old;

    if (descriptor < 0 || descriptor >= FILE_DESCRIPTORS)
        return -EBADF;
    old = table[descriptor];
    table[descriptor] = file;
    set_close_on_exec(descriptor, false);
    if (old != NULL)
        file_put(old);
    else
        in_use++;
    return descriptor;
}

unsigned int descriptors_in_use(void)
{
    return in_use;
}

int descriptor_flags(int descriptor)
{
    if (!is_open(descriptor))
        return -EBADF;
    return (close_on_exec[descriptor / 8] >> (descriptor % 8)) & 1;
}

int descriptor_set_flags(int descriptor, int flags)
{
    if (!is_open(descriptor))
        return -EBADF;
    set_close_on_exec(descriptor, (flags & 1) != 0);
    return 0;
}

long posix_result(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
