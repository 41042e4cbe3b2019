/* SPDX-License-Identifier: MIT */
/*
 * Inside of the page cache: the pages, their hash table and their order of use. read.c and write.c
 * decide what to do with them; nothing here waits.
 *
 * A page is hashed (can be found) from its creation until it is dropped: evicted, void, or failed
 * to be read. References keep a dropped page's memory until the last one who looks at it is done.
 * Only pages without references are in the order of use, so that who looks for one to evict never
 * meets another.
 */
#ifndef LIB_FS_CACHE_PAGES_H
#define LIB_FS_CACHE_PAGES_H

#include "lib/fs/page_cache.h"
#include "lib/mm/pages.h"

/* The hashed page, or NULL. No reference is taken. */
struct cached_page *page_find(const struct page_mapping *mapping, uint64_t index);
/*
 * A new hashed page in state reading, with one reference; evicts when it must. NULL when no page
 * can be had.
 */
struct cached_page *page_create(struct page_mapping *mapping, uint64_t index);
void page_get(struct cached_page *page);
/* Somebody with a reference came to the page: if not the first, and after a while, it is kept. */
void page_used(struct cached_page *page);
/* Of a hashed page that no page table shows. Freed now, or by the last page_cache_put(). */
void page_drop(struct cached_page *page);
/* It leaves the page tables; it may be dirty now. */
void page_unmap(struct cached_page *page);
/* Has the mapping grown since its end cut this page off? What is behind that is not known. */
bool page_is_short(const struct cached_page *page);
size_t page_cache_limit(void);

/* read.c: the page as page_cache_get(), for who wants all up to page `last`. */
int page_cache_get_ahead(struct page_mapping *mapping, uint64_t index, uint64_t last,
                         struct cached_page **page);
void page_cache_reads(struct page_cache_statistics *statistics);

/* write.c: start to write all that is dirty, of all mappings. Any context. */
void page_cache_start_writes(void);
size_t page_cache_unwritten(void);
/* Dirty pages are void. Any context. */
void page_cache_lose_dirty(struct page_mapping *mapping);

#endif
