/* SPDX-License-Identifier: MIT */
/*
 * Memory pressure: who keeps memory that others could use (caches) says so here, and is asked to
 * give some back when the balloon wants pages (`xl mem-set`), or when the heap has grown into the
 * last sixteenth of memory.
 *
 * `release` is called in a thread, and not inside of malloc(): it may free() and page_free(), and
 * should not wait. It is told how many pages are wanted and returns how many it thinks it freed. A
 * kernel without the balloon (an image WITHOUT it) never asks. Threads only.
 */
#ifndef LIB_MM_MEMORY_PRESSURE_H
#define LIB_MM_MEMORY_PRESSURE_H

#include <stddef.h>

#include "lib/base/list.h"

struct memory_pressure {
    size_t (*release)(size_t pages, void *argument);
    void *argument;
    struct list link;
};

/* The caller owns the struct until it is unregistered. */
void memory_pressure_register(struct memory_pressure *pressure);
void memory_pressure_unregister(struct memory_pressure *pressure);

/* Ask until `pages` pages are free that were not, or nobody has more: how many were freed. */
size_t memory_pressure_release(size_t pages);

/*
 * For the kernel. The heap has grown: pass on that memory is low, once each time that it becomes
 * so. `listener` (any context) then sees to it that some thread calls memory_pressure_relieve().
 */
void memory_pressure_listen(void (*listener)(void));
void memory_pressure_check(void);
void memory_pressure_relieve(void);

#endif
