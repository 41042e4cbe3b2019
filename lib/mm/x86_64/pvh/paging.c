/* SPDX-License-Identifier: MIT */
/*
 * Page tables under PVH: native entries, written as memory is. The direct map has 2 MiB pages; the
 * units that hold the image are split into 4 KiB pages, for their protection.
 */
#include "xen/x86_64/pvh.h"

#include "lib/mm/x86_64/tables.h"
#include "lib/mm/pages.h"

extern uint64_t boot_level4[PTE_COUNT];
/* From the linker script: one table for each 2 MiB unit that the image touches. */
extern uint64_t image_tables[], image_tables_end[];

void pvh_write_page(uint64_t *entry, uintptr_t address, uint64_t value)
{
    bool flush = *entry & PTE_PRESENT;

    *entry = value;
    if (flush)
        x86_flush_page(address);
}

void pvh_add_table(uint64_t *entry, uint64_t *table)
{
    *entry = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
}

void pvh_remove_table(uint64_t *entry, uintptr_t address, uint64_t *table)
{
    (void)table;
    *entry = 0;
    x86_flush_page(address);
}

void pvh_map_unit(uint64_t *level2_entry, uint64_t address)
{
    *level2_entry = address | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE | PTE_NO_EXECUTE;
}

void pvh_paging_init(void)
{
    static uint64_t first_spare[PTE_COUNT] __attribute__((aligned(PAGE_SIZE)));
    uint64_t *entry;
    uintptr_t address = 0;

    paging_root = boot_level4;
    entry = paging_entry(0, 2, paging_no_table);
    for (uint64_t *table = image_tables; table < image_tables_end; table += PTE_COUNT) {
        for (unsigned int i = 0; i < PTE_COUNT; i++, address += PAGE_SIZE) {
            uint64_t flags = paging_image_flags(address);

            table[i] = flags ? address | flags : 0;
        }
        *entry++ = (uintptr_t)table | PTE_PRESENT | PTE_WRITABLE;
    }
    /* What the entry code mapped behind the image was executable. */
    for (; address < UNIT_SIZE * PTE_COUNT && *entry; address += UNIT_SIZE)
        *entry++ |= PTE_NO_EXECUTE;
    paging_give_spare(first_spare);
    x86_write_cr3((uintptr_t)boot_level4);
}
