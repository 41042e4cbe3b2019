/* SPDX-License-Identifier: MIT */
/*
 * Four-level page tables in native form.
 *
 * Below 512 GiB the direct map: 2 MiB pages, entered when the page allocator's frontier reaches
 * them, so that boot does not grow with memory. The 2 MiB units that hold the image are split into
 * 4 KiB pages, for their protection. The heap range (HEAP_BASE) is mapped by 4 KiB pages on demand.
 *
 * A table for the direct map must be had when no page can be allocated (the frontier waits for the
 * mapping), so one spare page is kept; a GiB needs one table, and the spare is renewed after each
 * use.
 */
#include "arch/paging.h"

#include <stdbool.h>
#include <errno.h>
#include <string.h>

#include "arch/x86_64.h"
#include "lib/pages.h"
#include "lib/printk.h"

#define ENTRIES 512
#define LARGE_SIZE 0x200000ul
#define LOW_HALF 0x800000000000ul /* no address of ours lies above */
#define ADDRESS_MASK 0x000ffffffffff000ul

extern uint64_t boot_level4[ENTRIES];
/* From the linker script: one table for each 2 MiB unit that the image touches. */
extern uint64_t image_tables[], image_tables_end[];
extern char image_start[], text_end[], rodata_end[], hypercall_page[];

static uint64_t *spare_table;

static unsigned int level_index(uintptr_t address, unsigned int level)
{
    return address >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1);
}

static uint64_t *entry_table(uint64_t entry)
{
    return (uint64_t *)(entry & ADDRESS_MASK);
}

static uint64_t *take_spare(void)
{
    uint64_t *table = spare_table;

    if (!table)
        panic("paging: no spare table for the direct map");
    spare_table = NULL;
    memset(table, 0, PAGE_SIZE);
    return table;
}

/* The table below `entry`, made if need be by `new_table`; NULL when that has none. */
static uint64_t *descend(uint64_t *entry, uint64_t *(*new_table)(void))
{
    if (!(*entry & PTE_PRESENT)) {
        uint64_t *table = new_table();

        if (!table)
            return NULL;
        *entry = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
    }
    return entry_table(*entry);
}

static uint64_t *allocate_table(void)
{
    return page_alloc_zeroed();
}

void paging_map_direct(uint64_t start, uint64_t end)
{
    for (uint64_t address = start & ~(LARGE_SIZE - 1); address < end; address += LARGE_SIZE) {
        uint64_t *level3 = entry_table(boot_level4[level_index(address, 4)]);
        uint64_t *level2 = descend(&level3[level_index(address, 3)], take_spare);
        uint64_t *entry = &level2[level_index(address, 2)];

        if (!(*entry & PTE_PRESENT))
            *entry = address | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE | PTE_NO_EXECUTE;
    }
}

void paging_refill(void)
{
    static bool refilling; /* page_alloc() ends here again */

    if (spare_table || refilling)
        return;
    refilling = true;
    spare_table = page_alloc();
    refilling = false;
}

static uint64_t image_page_flags(uintptr_t address)
{
    if (address < (uintptr_t)image_start)
        return 0;
    if (address < (uintptr_t)text_end || address == (uintptr_t)hypercall_page)
        return PTE_PRESENT;
    if (address < (uintptr_t)rodata_end)
        return PTE_PRESENT | PTE_NO_EXECUTE;
    return PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE;
}

void paging_protect_image(void)
{
    static uint64_t first_spare[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
    uint64_t *level2 = entry_table(entry_table(boot_level4[0])[0]);
    uintptr_t address = 0;

    for (uint64_t *table = image_tables; table < image_tables_end; table += ENTRIES) {
        for (unsigned int i = 0; i < ENTRIES; i++, address += PAGE_SIZE) {
            uint64_t flags = image_page_flags(address);

            table[i] = flags ? address | flags : 0;
        }
        level2[level_index(address - PAGE_SIZE, 2)] = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
    }
    /* What the entry code mapped behind the image was executable. */
    for (unsigned int i = level_index(address, 2); i < ENTRIES && level2[i]; i++)
        level2[i] |= PTE_NO_EXECUTE;
    spare_table = first_spare;
    x86_write_cr3((uintptr_t)boot_level4);
}

/*
 * The level 1 entry of a heap address; with `make`, tables are allocated on the way. NULL: there is
 * none.
 */
static uint64_t *heap_entry(uintptr_t address, bool make)
{
    uint64_t *table = boot_level4;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *entry = &table[level_index(address, level)];

        if (!make && !(*entry & PTE_PRESENT))
            return NULL;
        table = descend(entry, allocate_table);
        if (!table)
            return NULL;
    }
    return &table[level_index(address, 1)];
}

int paging_map_page(uintptr_t address, void *page)
{
    uint64_t *entry = heap_entry(address, true);

    if (!entry)
        return -ENOMEM;
    *entry = (uintptr_t)page | PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE;
    return 0;
}

void *paging_unmap_page(uintptr_t address)
{
    uint64_t *entry = heap_entry(address, false);
    void *page;

    if (!entry || !(*entry & PTE_PRESENT))
        return NULL;
    page = entry_table(*entry);
    *entry = 0;
    x86_flush_page(address);
    return page;
}

static bool mapped(uintptr_t address)
{
    const uint64_t *table = boot_level4;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t entry = table[level_index(address, level)];

        if (!(entry & PTE_PRESENT))
            return false;
        if (entry & PTE_LARGE)
            return true;
        table = entry_table(entry);
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
