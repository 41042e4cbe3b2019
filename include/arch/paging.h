/* SPDX-License-Identifier: MIT */
/*
 * Page tables. The direct map (address == physical address) is extended as memory comes into use;
 * the heap has a range of its own, mapped page by page. Everything but the image's text is mapped
 * no-execute; the text and constant data are read-only; the first 64 KiB are never mapped. Nothing
 * blocks; any context.
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the heap's range starts; far from the direct map. */
#define HEAP_BASE 0x100000000000ul

/* Give the image's sections their protection; called once by the entry code. */
void paging_protect_image(void);

/*
 * Make [start, end) of the direct map usable (rounded out to 2 MiB). Cannot fail: it keeps a spare
 * table.
 */
void paging_map_direct(uint64_t start, uint64_t end);

/*
 * After paging_map_direct(), once pages can be allocated again: take a new spare table if the last
 * one was used.
 */
void paging_refill(void);

/*
 * True when each byte of [address, address + length) can be read; for reports, which trust nothing.
 */
bool paging_readable(uintptr_t address, size_t length);

/* Map one page of the heap range onto a page of the allocator: 0, or -ENOMEM (no table). */
int paging_map_page(uintptr_t address, void *page);

/* Undo it; returns the page that was mapped there, or NULL. */
void *paging_unmap_page(uintptr_t address);

#endif
