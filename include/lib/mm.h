/* SPDX-License-Identifier: MIT */
/*
 * Set-up of the page allocator (boot only), and the heap that malloc() grows on.
 */
#ifndef LIB_MM_H
#define LIB_MM_H

#include <stddef.h>
#include <stdint.h>

struct boot_memory;

/* Take over the free RAM; called once, before any page is asked for. */
void pages_init(const struct boot_memory *memory, unsigned int count);

/*
 * Move the end of the heap by `change` bytes, mapping or giving back whole pages. Returns the old
 * end, or NULL when memory is out (nothing has changed) or the heap would end before its start. Any
 * context.
 */
void *heap_grow(intptr_t change);

/* Pages that the heap holds now. */
size_t heap_pages(void);

#endif
