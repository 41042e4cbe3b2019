/* SPDX-License-Identifier: MIT */
/* The end of the application's files. */
#include "lib/file/file.h"

void files_close_all(void)
{
    for (int descriptor = 0; descriptors_in_use() > 0; descriptor++)
        descriptor_close(descriptor);
}
