/* SPDX-License-Identifier: MIT */
/* The end of the application's files. */
#include "lib/file/file.h"

void files_close_all(void)
{
    int descriptor;

    for (descriptor = 0; descriptor < FILE_DESCRIPTORS; descriptor++)
        descriptor_close(descriptor);
}
