/* SPDX-License-Identifier: MIT */
/* The kernel's heap, served by the C library's allocator: see include/lib/mm/heap.h. */
#include "lib/mm/heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u
#define BESIDE 16u /* a block's header, and the seal behind it: see malloc.c */

void *kernel_alloc(size_t size)
{
    return malloc(size);
}

void *kernel_alloc_zeroed(size_t count, size_t size)
{
    return calloc(count, size);
}

char *kernel_copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void kernel_free(void *block)
{
    free(block);
}

size_t kernel_block_size(void *block)
{
    return (malloc_usable_size(block) + BESIDE + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}
