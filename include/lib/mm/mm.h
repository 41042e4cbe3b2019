/* SPDX-License-Identifier: MIT */
/*
 * Set-up of the page allocator (boot only), the heap that malloc() grows on, and threads' stacks.
 * Heap and stacks lie at addresses that are chosen at random at each boot.
 */
#ifndef LIB_MM_MM_H
#define LIB_MM_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot_memory;

/* Take over the free RAM; called once, before any page is asked for. */
void pages_init(const struct boot_memory *memory, unsigned int count);

/* Choose the places of heap and stacks; called once, before either is used. */
void heap_init(void);
void stacks_init(void);

/*
 * Move the end of the heap by `change` bytes, mapping or giving back whole pages. Returns the old
 * end, or NULL when memory is out (nothing has changed) or the heap would end before its start. Any
 * context.
 */
void *heap_grow(intptr_t change);

/* Whether these bytes lie in what malloc() has been given. */
bool heap_holds(const void *start, size_t length);
/* Random and constant; for malloc()'s checks. */
extern uint64_t heap_secret;

/* Pages that the heap holds now, and page tables that it has needed. */
size_t heap_pages(void);

/* The most that stack_alloc() can be asked for. */
#define STACK_PAGES_MAX 28u

/*
 * A stack of that many pages with unmapped pages below it: its lowest address, or 0 when memory or
 * slots (16,384) are out, and nothing has changed. Its pages are not those of the direct map:
 * page_frame() of an address on a stack is wrong. Any context.
 */
uintptr_t stack_alloc(unsigned int pages);
/* Give it back; not the one in use. */
void stack_free(uintptr_t low, unsigned int pages);
/* Whether an address lies in the unmapped pages below the stack that starts at `low`. */
bool stack_is_guard(uintptr_t low, uintptr_t address);

#endif
