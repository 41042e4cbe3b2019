/* SPDX-License-Identifier: MIT */
/*
 * Stacks with nothing mapped around them.
 *
 * A range of two GiB is cut into slots of 32 pages. A stack lies at a random page of its slot, with
 * at least GUARD_PAGES of the slot unmapped below it: whatever overflows runs into those. (The
 * compiler makes functions with large frames touch each page on the way down,
 * -fstack-clash-protection, so that none steps over them.) Which range it is, and which of its
 * addresses comes first, is random as well.
 *
 * 16 slots share one page table; the last of them to become free gives the table back. Tables that
 * have a free slot are linked, and the first of them has the next stack; behind `tables_used` no
 * slot was ever taken.
 */
#include <stdbool.h>

#include "lib/mm/paging.h"
#include "lib/base/constant.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/random/random.h"

#define RANGE 0x80000000ul
#define RANGES 0x8000u /* that the random choice is among */
#define SLOT_PAGES 32u
#define SLOT_SIZE (SLOT_PAGES * PAGE_SIZE)
#define SLOTS (RANGE / SLOT_SIZE)
#define GUARD_PAGES 4u
#define TABLES (RANGE / PAGE_TABLE_REACH)
#define TABLE_SLOTS (PAGE_TABLE_REACH / SLOT_SIZE)
#define TABLE_FULL ((1u << TABLE_SLOTS) - 1)

static uintptr_t base CONSTANT_AFTER_BOOT;     /* the range's start */
static uintptr_t rotation CONSTANT_AFTER_BOOT; /* where in the range slot 0 lies */

static struct table {
    uint16_t taken; /* a bit for each slot */
    uint16_t next;  /* in the list; TABLES ends it */
} tables[TABLES];
static unsigned int first_with_room = TABLES, tables_used;

void stacks_init(void)
{
    base = STACKS_BASE + random_u32() % RANGES * RANGE;
    rotation = random_u32() % (RANGE / PAGE_TABLE_REACH) * PAGE_TABLE_REACH;
}

static uintptr_t slot_start(unsigned int slot)
{
    return base + (rotation + slot * SLOT_SIZE) % RANGE;
}

static unsigned int slot_of(uintptr_t address)
{
    return (address - base - rotation) % RANGE / SLOT_SIZE;
}

static void add_to_list(unsigned int table)
{
    tables[table].next = first_with_room;
    first_with_room = table;
}

/* SLOTS when all are taken. */
static unsigned int take_slot(void)
{
    unsigned int table, bit;

    if (first_with_room == TABLES && tables_used < TABLES)
        add_to_list(tables_used++);
    table = first_with_room;
    if (table == TABLES)
        return SLOTS;
    bit = __builtin_ctz(~(unsigned int)tables[table].taken);
    tables[table].taken |= 1u << bit;
    if (tables[table].taken == TABLE_FULL)
        first_with_room = tables[table].next;
    return table * TABLE_SLOTS + bit;
}

static void free_slot(unsigned int slot)
{
    unsigned int table = slot / TABLE_SLOTS;

    if (tables[table].taken == TABLE_FULL)
        add_to_list(table);
    tables[table].taken &= ~(1u << slot % TABLE_SLOTS);
    if (tables[table].taken == 0)
        paging_free_table(slot_start(table * TABLE_SLOTS));
}

static void unmap(uintptr_t low, unsigned int pages)
{
    while (pages--)
        page_free(paging_unmap_page(low + pages * PAGE_SIZE));
}

/* On failure, nothing is mapped. */
static bool map(uintptr_t low, unsigned int pages)
{
    for (unsigned int i = 0; i < pages; i++) {
        void *page = page_alloc();

        if (page == NULL || paging_map_page(low + i * PAGE_SIZE, page)) {
            page_free(page);
            unmap(low, i);
            return false;
        }
    }
    return true;
}

uintptr_t stack_alloc(unsigned int pages)
{
    unsigned int slot = take_slot(), spare = SLOT_PAGES - GUARD_PAGES - pages;
    uintptr_t low;

    if (slot == SLOTS)
        return 0;
    low = slot_start(slot) + (GUARD_PAGES + random_u32() % (spare + 1)) * PAGE_SIZE;
    if (!map(low, pages)) {
        free_slot(slot);
        return 0;
    }
    return low;
}

void stack_free(uintptr_t low, unsigned int pages)
{
    unmap(low, pages);
    free_slot(slot_of(low));
}

bool stack_is_guard(uintptr_t low, uintptr_t address)
{
    return address < low && address >= slot_start(slot_of(low));
}
