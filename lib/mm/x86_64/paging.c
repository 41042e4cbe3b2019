/* SPDX-License-Identifier: MIT */
/*
 * Four-level page tables, walked through the direct map. What an entry holds and how it is written
 * differs with the guest type: struct platform.
 *
 * Below 512 GiB the direct map, entered by units of 2 MiB when the page allocator's frontier
 * reaches them, so that boot does not grow with memory. The ranges of heap and stacks are mapped by
 * 4 KiB pages on demand.
 *
 * A table for the direct map must be had when no page can be allocated (the frontier waits for the
 * mapping), so spare pages are kept: a stack, linked through their first words, that is filled up
 * again after each use.
 */
#include "lib/mm/paging.h"

#include <stdbool.h>
#include <errno.h>
#include <string.h>

#include "xen/platform.h"
#include "lib/mm/x86_64/tables.h"
#include "lib/base/constant.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"

extern char image_start[], text_end[], rodata_end[], hypercall_page[], constants_start[],
    constants_end[];

#define LOW_HALF 0x800000000000ul /* no address of ours lies above */

uint64_t *paging_root CONSTANT_AFTER_BOOT;

static void **spares;
static unsigned int spares_missing, refilled;

static unsigned int level_index(uintptr_t address, unsigned int level)
{
    return address >> (PAGE_SHIFT + 9 * (level - 1)) & (PTE_COUNT - 1);
}

void paging_give_spare(void *page)
{
    *(void **)page = spares;
    spares = page;
}

uint64_t *paging_take_spare(void)
{
    void **table = spares;

    if (table == NULL)
        panic("paging: no spare table for the direct map");
    spares = *table;
    spares_missing++;
    memset(table, 0, PAGE_SIZE);
    return (uint64_t *)table;
}

void paging_refill(void)
{
    static bool refilling; /* pages_alloc_critical() ends here again */
    void *page;

    if (!spares_missing || refilling)
        return;
    refilling = true;
    while (spares_missing && (page = pages_alloc_critical(0))) {
        paging_give_spare(page);
        spares_missing--;
        refilled++;
    }
    refilling = false;
}

unsigned int paging_direct_tables(void)
{
    return refilled;
}

static uint64_t *allocate_table(void)
{
    void *table = pages_alloc_critical(0);

    return table ? memset(table, 0, PAGE_SIZE) : NULL;
}

uint64_t *paging_no_table(void)
{
    return NULL;
}

/* The table below `entry`, made if need be by `new_table`; NULL when that has none. */
static uint64_t *descend(uint64_t *entry, uint64_t *(*new_table)(void))
{
    if (!(*entry & PTE_PRESENT)) {
        uint64_t *table = new_table();

        if (table == NULL)
            return NULL;
        platform->add_table(entry, table);
    }
    return paging_page_of(*entry);
}

uint64_t *paging_entry(uintptr_t address, unsigned int last_level, uint64_t *(*new_table)(void))
{
    uint64_t *table = paging_root;

    for (unsigned int level = 4; level > last_level; level--) {
        table = descend(&table[level_index(address, level)], new_table);
        if (table == NULL)
            return NULL;
    }
    return &table[level_index(address, last_level)];
}

void paging_map_direct(uint64_t start, uint64_t end)
{
    for (uint64_t address = start & ~(UNIT_SIZE - 1); address < end; address += UNIT_SIZE) {
        uint64_t *entry = paging_entry(address, 2, paging_take_spare);

        if (!(*entry & PTE_PRESENT))
            platform->map_unit(entry, address);
    }
}

uint64_t paging_image_flags(uintptr_t address)
{
    if (address < (uintptr_t)image_start)
        return 0;
    if (address < (uintptr_t)text_end || address == (uintptr_t)hypercall_page)
        return PTE_PRESENT;
    if (address < (uintptr_t)rodata_end)
        return PTE_PRESENT | PTE_NO_EXECUTE;
    return PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE;
}

void paging_set_constants(bool writable)
{
    for (uintptr_t address = (uintptr_t)constants_start; address < (uintptr_t)constants_end;
         address += PAGE_SIZE) {
        uint64_t *entry = paging_entry(address, 1, paging_no_table);

        platform->write_page(entry, address,
                             writable ? *entry | PTE_WRITABLE : *entry & ~PTE_WRITABLE);
    }
}

int paging_map_page(uintptr_t address, void *page)
{
    uint64_t *entry = paging_entry(address, 1, allocate_table);

    if (entry == NULL)
        return -ENOMEM;
    platform->write_page(entry, address,
                         page_frame(page) << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE |
                             PTE_NO_EXECUTE);
    return 0;
}

void *paging_unmap_page(uintptr_t address)
{
    uint64_t *entry = paging_entry(address, 1, paging_no_table);
    void *page;

    if (entry == NULL || !(*entry & PTE_PRESENT))
        return NULL;
    page = paging_page_of(*entry);
    platform->write_page(entry, address, 0);
    return page;
}

void paging_free_table(uintptr_t start)
{
    uint64_t *entry = paging_entry(start, 2, paging_no_table);
    uint64_t *table;

    if (entry == NULL || !(*entry & PTE_PRESENT))
        return;
    table = paging_page_of(*entry);
    platform->remove_table(entry, start, table);
    page_free(table);
}

static bool mapped(uintptr_t address)
{
    const uint64_t *table = paging_root;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t entry = table[level_index(address, level)];

        if (!(entry & PTE_PRESENT))
            return false;
        if (entry & PTE_LARGE)
            return true;
        table = paging_page_of(entry);
    }
    return table[level_index(address, 1)] & PTE_PRESENT;
}

bool paging_readable(uintptr_t address, size_t length)
{
    uintptr_t end = address + length;

    if (end < address || end > LOW_HALF)
        return false;
    for (address &= PAGE_MASK; address < end; address += PAGE_SIZE)
        if (!mapped(address))
            return false;
    return true;
}
