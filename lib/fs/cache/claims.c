/* SPDX-License-Identifier: MIT */
/*
 * Claims: a transfer past the cache and the pages of its range.
 *
 * Without them, this loses a write: a thread changes 10 bytes of page P; P is read from the disk;
 * another writes P and more past the cache; the first changes P as it was read, and when P is
 * written back, what the second wrote is gone. So a claimed page is not changed, and one that was
 * read meanwhile is looked up again (operations that write past the cache forget it).
 *
 * Claims that are held never overlap, so one look at the tree finds whether a range is free: the
 * claim that begins last before the range's end also ends last.
 */
#include "claims.h"
#include "pages.h"

static struct page_claim *claim_in(const struct page_mapping *mapping, uint64_t first,
                                   uint64_t last)
{
    struct tree_node *node = tree_floor(mapping->claims, last);
    struct page_claim *claim = node != NULL ? container_of(node, struct page_claim, node) : NULL;

    return claim != NULL && claim->last >= first ? claim : NULL;
}

bool page_is_claimed(const struct page_mapping *mapping, uint64_t index)
{
    return mapping->claims != NULL && claim_in(mapping, index, index) != NULL;
}

/* The claim is gone when its owner wakes us, and may not be looked at again. */
void page_wait_unclaimed(struct page_mapping *mapping, uint64_t first, uint64_t last)
{
    struct page_claim *claim;

    while ((claim = claim_in(mapping, first, last)) != NULL)
        wait_queue_sleep(&claim->released, DEADLINE_NEVER);
}

void page_cache_claim(struct page_mapping *mapping, struct page_claim *claim, uint64_t offset,
                      uint64_t length)
{
    uint64_t first = offset >> PAGE_SHIFT;

    claim->node.key = first;
    claim->last = (offset + length - 1) >> PAGE_SHIFT;
    wait_queue_init(&claim->released);
    page_wait_unclaimed(mapping, first, claim->last);
    tree_insert(&mapping->claims, &claim->node);
    page_cache_settle(mapping, offset, length);
    page_cache_forget(mapping, offset, length);
}

void page_cache_release(struct page_mapping *mapping, struct page_claim *claim)
{
    tree_remove(&mapping->claims, &claim->node);
    wake_all(&claim->released);
}
