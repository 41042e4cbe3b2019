/* SPDX-License-Identifier: MIT */
/* The filesystem types that are linked into this image: a table that the linker collects. */
#include <string.h>

#include "lib/fs/vfs.h"

extern const struct filesystem_type *const filesystems_start[];
extern const struct filesystem_type *const filesystems_end[];

const struct filesystem_type *filesystem_type_at(unsigned int index)
{
    return filesystems_start + index < filesystems_end ? filesystems_start[index] : NULL;
}

const struct filesystem_type *filesystem_type_find(const char *name)
{
    const struct filesystem_type *type;
    unsigned int i;

    for (i = 0; (type = filesystem_type_at(i)) != NULL; i++) {
        if (strcmp(type->name, name) == 0)
            return type;
    }
    return NULL;
}
