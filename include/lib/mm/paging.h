/* SPDX-License-Identifier: MIT */
/*
 * Page tables. The direct map (address == physical address) is extended as memory comes into use;
 * heap and stacks have ranges of their own, mapped page by page. Everything but the image's text is
 * mapped no-execute; the text and constant data are read-only; the first 64 KiB are never mapped.
 * Nothing blocks; any context.
 */
#ifndef LIB_MM_PAGING_H
#define LIB_MM_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the ranges of heap and stacks start, 32 and 64 TiB of addresses; far from the direct map. */
#define HEAP_BASE 0x100000000000ul
#define STACKS_BASE 0x300000000000ul

/* What one table of the last level maps. */
#define PAGE_TABLE_REACH 0x200000ul

/*
 * Make [start, end) of the direct map usable (rounded out to 2 MiB). Cannot fail: it keeps spare
 * tables.
 */
void paging_map_direct(uint64_t start, uint64_t end);

/*
 * After paging_map_direct(), once pages can be allocated again: take new spare tables for those
 * that were used.
 */
void paging_refill(void);

/* Make the pages of what is CONSTANT_AFTER_BOOT (lib/base/constant.h) writable or read-only. */
void paging_set_constants(bool writable);

/* Pages that were taken for the direct map's tables: they stay, as that map does. */
unsigned int paging_direct_tables(void);

/*
 * True when each byte of [address, address + length) can be read; for reports, which trust nothing.
 */
bool paging_readable(uintptr_t address, size_t length);

/* Map one page of the ranges onto a page of the allocator: 0, or -ENOMEM (no table). */
int paging_map_page(uintptr_t address, void *page);

/* Undo it; returns the page that was mapped there, or NULL. */
void *paging_unmap_page(uintptr_t address);

/*
 * Give back the last level's table for PAGE_TABLE_REACH bytes from `start` of the ranges, of which
 * nothing is mapped any more. Nothing happens if there is none.
 */
void paging_free_table(uintptr_t start);

#endif
