/* SPDX-License-Identifier: MIT */
/*
 * Open files and the table of descriptors.
 *
 * The table holds one reference for each descriptor. A struct file lies at an even address, so the
 * lowest bit of what the table holds is free for FD_CLOEXEC.
 */
#include "lib/file/file.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/base/id_table.h"
#include "lib/mm/heap.h"

_Static_assert(_Alignof(struct file) > FD_CLOEXEC, "the bit is free");
_Static_assert(DESCRIPTORS_MAX <= ID_TABLE_MAX, "the table holds them all");

static struct id_table table = { .allocate = kernel_alloc, .release = kernel_free };
static unsigned int limit = DESCRIPTORS_AT_FIRST;
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

static struct file *file_of(void *item)
{
    return (struct file *)((uintptr_t)item & ~(uintptr_t)FD_CLOEXEC);
}

static void *item_of(struct file *file, int flags)
{
    return (void *)((uintptr_t)file | (flags & FD_CLOEXEC));
}

/* What the table holds for a descriptor, or NULL. */
static void *find(int descriptor)
{
    return descriptor < 0 ? NULL : id_table_get(&table, (unsigned int)descriptor);
}

int descriptor_install(struct file *file, int minimum)
{
    int result = id_table_add(&table, (unsigned int)minimum, limit, item_of(file, 0));

    if (result < 0)
        return result == -ENOSPC ? -EMFILE : result;
    in_use++;
    return result;
}

struct file *descriptor_get(int descriptor)
{
    struct file *file = file_of(find(descriptor));

    return file ? file_get(file) : NULL;
}

int descriptor_close(int descriptor)
{
    struct file *file = file_of(find(descriptor));

    if (!file)
        return -EBADF;
    id_table_set(&table, (unsigned int)descriptor, NULL);
    in_use--;
    file_put(file);
    return 0;
}

int descriptor_replace(int descriptor, struct file *file)
{
    struct file *before = file_of(find(descriptor));
    int error;

    if (descriptor < 0 || (unsigned int)descriptor >= limit)
        return -EBADF;
    error = id_table_set(&table, (unsigned int)descriptor, item_of(file, 0));
    if (error)
        return error;
    if (before)
        file_put(before);
    else
        in_use++;
    return descriptor;
}

unsigned int descriptors_in_use(void)
{
    return in_use;
}

unsigned int descriptor_limit(void)
{
    return limit;
}

int descriptor_set_limit(unsigned int new_limit)
{
    if (new_limit > DESCRIPTORS_MAX)
        return -EINVAL;
    limit = new_limit;
    return 0;
}

int descriptor_flags(int descriptor)
{
    void *item = find(descriptor);

    return item ? (int)((uintptr_t)item & FD_CLOEXEC) : -EBADF;
}

int descriptor_set_flags(int descriptor, int flags)
{
    void *item = find(descriptor);

    if (!item)
        return -EBADF;
    return id_table_set(&table, (unsigned int)descriptor, item_of(file_of(item), flags));
}

long posix_result(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
