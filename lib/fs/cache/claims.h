/* SPDX-License-Identifier: MIT */
/* Inside of the page cache: who wants to change pages looks at claims (see claims.c). */
#ifndef LIB_FS_CACHE_CLAIMS_H
#define LIB_FS_CACHE_CLAIMS_H

#include "lib/fs/page_cache.h"

bool page_is_claimed(const struct page_mapping *mapping, uint64_t index);
void page_wait_unclaimed(struct page_mapping *mapping, uint64_t first, uint64_t last);

#endif
