/* SPDX-License-Identifier: MIT */
/* The end of the application's files. */
#include "lib/file.h"

/* Only in images with a VFS; a weak reference does not pull it in. */
int vfs_sync(void) __attribute__((weak));

void files_close_all(void)
{
    int descriptor;

    for (descriptor = 0; descriptor < FILE_DESCRIPTORS; descriptor++)
        descriptor_close(descriptor);
    if (vfs_sync != NULL)
        vfs_sync();
}
