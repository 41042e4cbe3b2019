/* SPDX-License-Identifier: MIT */
/*
 * Memory that goes to Xen and comes back, as the page allocator sees it; xen/domain/balloon.c decides.
 *
 * Absent frames belong to the allocator's regions and not to it: they are in neither of its totals,
 * and nothing reads or writes them. No call here asks Xen for anything. Nothing blocks; any
 * context.
 */
#ifndef LIB_MM_BALLOON_H
#define LIB_MM_BALLOON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * At boot, when the domain has `count` frames less than its memory map shows: so many, from the
 * end of what was never handed out, are absent from now on. Costs the same for any number.
 */
void pages_withhold(size_t count);

/*
 * Absent frames at the end of region `index` (0, 1, …), perhaps none: [*start, *end). False: there
 * is no such region.
 */
bool pages_withheld(unsigned int index, uint64_t *start, uint64_t *end);

/*
 * Take a block of at most 2^*order frames out of the allocator, of what was never handed out
 * first: its first frame, with its order in *order. 0: there is none. What was once handed out is
 * zeroed: Xen gives it to others as it is.
 */
uint64_t pages_withdraw(unsigned int *order);

/*
 * A block of at most 2^*order frames that is absent, likewise; it stays so until pages_restore()
 * gives it to the allocator, which also undoes pages_withdraw().
 */
uint64_t pages_find_absent(unsigned int *order);
void pages_restore(uint64_t frame, unsigned int order);

#endif
