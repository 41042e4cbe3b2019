/* SPDX-License-Identifier: MIT */
/*
 * The kernel's heap: blocks of any size, aligned to 16 bytes. The C library's allocator serves it,
 * so that there is one heap; rooms of the kernel ask here, and need no errno.
 *
 * NULL means that memory is out, and nothing else. Nothing blocks; any context.
 */
#ifndef LIB_MM_HEAP_H
#define LIB_MM_HEAP_H

#include <stddef.h>

void *kernel_alloc(size_t size);
/* `count` times `size` bytes of zeroes. */
void *kernel_alloc_zeroed(size_t count, size_t size);
/* The first `length` bytes of a text, none of which is NUL, with a NUL behind them. */
char *kernel_copy_text(const char *text, size_t length);

/* NULL is taken, and is nothing. */
void kernel_free(void *block);

/*
 * Bytes of the heap that a block occupies, with what the allocator keeps beside it: for whoever
 * counts what one user of the heap has taken.
 */
size_t kernel_block_size(void *block);

#endif
