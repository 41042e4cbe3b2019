/* SPDX-License-Identifier: MIT */
/*
 * Page tables under PV. Entries hold machine frames, and Xen writes them for us, after it has
 * checked that no table is mapped writable. A page that becomes a table is therefore first made
 * read-only in the direct map, which is where the tables are read.
 *
 * The builder has mapped [0, some multiple of 4 MiB), with at least 512 KiB behind what it put
 * there, by 4 KiB pages that are writable and executable. The direct map beyond gets tables of
 * 4 KiB pages too: Xen offers no larger ones. Frames that are with Xen (the balloon) are not mapped.
 *
 * Frames of Xen's own (shared_info, the grant table) have a range at the end of the direct map's
 * 512 GiB.
 */
#include "xen/x86_64/pv.h"

#include <string.h>

#include "lib/mm/pages.h"
#include "lib/mm/x86_64/tables.h"
#include "xen/x86_64/pv_hypercalls.h"
#include "lib/base/printk.h"

#define XEN_FRAMES_BASE 0x7fc0000000ul
#define BATCH 64
/*
 * The largest block of pages may end in the fifth unit not mapped yet; refilling then maps one
 * more. With them may come a table of level 2, twice.
 */
#define SPARES 8
#define LIST_SPARES 2 /* a table of level 2, and one of level 1 that is not full */

/* Updates on their way to Xen. */
struct batch {
    unsigned int count;
    struct mmu_update updates[BATCH];
};

extern char rodata_end[];

uint64_t pv_frames;
static uint64_t *xen_frames_table; /* while it is out of the page tables */

static uint64_t entry_address(const uint64_t *entry)
{
    return page_frame(entry) << PAGE_SHIFT | ((uintptr_t)entry & ~PAGE_MASK);
}

/* A refusal is an error of ours: Xen needs no memory for it. */
static void update(const struct mmu_update *updates, unsigned int count)
{
    if (pv_mmu_update(updates, count))
        panic("paging: Xen refuses %lx", updates->val);
}

static void send(struct batch *batch)
{
    if (batch->count)
        update(batch->updates, batch->count);
    batch->count = 0;
}

static void add(struct batch *batch, const uint64_t *entry, uint64_t value)
{
    batch->updates[batch->count++] = (struct mmu_update){ entry_address(entry), value };
    if (batch->count == BATCH)
        send(batch);
}

static void write_entry(const uint64_t *entry, uint64_t value)
{
    struct mmu_update one = { entry_address(entry), value };

    update(&one, 1);
}

void pv_write_page(uint64_t *entry, uintptr_t address, uint64_t value)
{
    (void)entry;
    if (pv_update_va_mapping(address, value))
        panic("paging: Xen refuses %lx", value);
}

/* Map a page of the direct map anew. */
static void change_page(const void *page, uint64_t flags)
{
    pv_write_page(NULL, (uintptr_t)page,
                  page_frame(page) << PAGE_SHIFT | PTE_PRESENT | PTE_NO_EXECUTE | flags);
}

void pv_add_table(uint64_t *entry, uint64_t *table)
{
    change_page(table, 0);
    write_entry(entry, page_frame(table) << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE);
}

/* Xen flushes what the CPU knows of the table when the page's kind of use changes. */
void pv_remove_table(uint64_t *entry, uintptr_t address, uint64_t *table)
{
    (void)address;
    write_entry(entry, 0);
    change_page(table, PTE_WRITABLE);
}

/* The entry that maps a frame of ours; 0 when it is with Xen. */
static uint64_t direct_entry(uint64_t frame)
{
    uint64_t machine_frame = platform_p2m[frame];

    if (machine_frame == PV_FRAME_ABSENT)
        return 0;
    return machine_frame << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE;
}

void pv_map_unit(uint64_t *level2_entry, uint64_t address)
{
    uint64_t *table = paging_take_spare();
    uint64_t frame = address >> PAGE_SHIFT;

    for (unsigned int i = 0; i < PTE_COUNT && frame < pv_frames; i++, frame++)
        table[i] = direct_entry(frame);
    pv_add_table(level2_entry, table);
}

static void flush_all(void)
{
    struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

    pv_mmuext_op(&flush);
}

void pv_map_frames(uint64_t frame, uint64_t count, bool present)
{
    struct batch batch = { .count = 0 };

    for (; count > 0; frame++, count--) {
        const uint64_t *entry = paging_entry(frame << PAGE_SHIFT, 1, paging_no_table);

        if (entry)
            add(&batch, entry, present ? direct_entry(frame) : 0);
    }
    send(&batch);
    if (!present)
        flush_all();
}

void pv_map_list(void)
{
    struct batch batch = { .count = 0 };
    uint64_t size = pv_frames * sizeof(*platform_p2m);

    for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
        const uint64_t *entry = paging_entry(PV_LIST_BASE + offset, 1, paging_take_spare);

        add(&batch, entry, direct_entry(((uintptr_t)platform_p2m + offset) >> PAGE_SHIFT));
    }
    send(&batch);
    platform_p2m = (const uint64_t *)PV_LIST_BASE;
}

/* What stays of an entry of the builder's: tables are read-only already. */
static uint64_t protect(uint64_t entry, uintptr_t address)
{
    uint64_t flags = paging_image_flags(address);

    if (!flags || !(entry & PTE_PRESENT))
        return 0;
    return (entry & ~(flags & PTE_WRITABLE ? 0 : PTE_WRITABLE)) | (flags & PTE_NO_EXECUTE);
}

/* A unit that holds text or constants is protected page by page, another as a whole. */
static void protect_unit(struct batch *batch, uint64_t *level2_entry, uintptr_t address)
{
    uint64_t *table = paging_page_of(*level2_entry);

    if (address >= (uintptr_t)rodata_end) {
        add(batch, level2_entry, *level2_entry | PTE_NO_EXECUTE);
        return;
    }
    for (unsigned int i = 0; i < PTE_COUNT; i++, address += PAGE_SIZE) {
        uint64_t value = protect(table[i], address);

        if (value != table[i])
            add(batch, &table[i], value);
    }
}

static void protect_builders_map(void)
{
    struct batch batch = { .count = 0 };
    uintptr_t address = 0;
    uint64_t *entry;

    while ((entry = paging_entry(address, 2, paging_no_table)) && *entry & PTE_PRESENT) {
        protect_unit(&batch, entry, address);
        address += UNIT_SIZE;
    }
    send(&batch);
    flush_all();
}

/*
 * Before there are pages to refill from, the page allocator's bytes of state must be mapped, and
 * the list of frames if it is moved.
 */
static unsigned int spares_needed(uint64_t most)
{
    unsigned int list = most > pv_frames ? LIST_SPARES + pv_frames / (PTE_COUNT * PTE_COUNT) : 0;

    return SPARES + most / UNIT_SIZE + list;
}

void pv_paging_init(const struct start_info *start, uint64_t most, uint64_t *next_free)
{
    unsigned int count = spares_needed(most);

    paging_root = (uint64_t *)start->pt_base;
    protect_builders_map();
    for (unsigned int i = 0; i < count; i++, *next_free += PAGE_SIZE)
        paging_give_spare((void *)*next_free);
}

void *pv_map_xen_frame(unsigned int number, uint64_t machine_frame)
{
    uintptr_t address = XEN_FRAMES_BASE + number * PAGE_SIZE;
    uint64_t *entry = paging_entry(address, 1, paging_take_spare);

    pv_write_page(entry, address,
                  machine_frame << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE);
    return (void *)address;
}

static uint64_t *xen_frames_entry(void)
{
    return paging_entry(XEN_FRAMES_BASE, 2, paging_no_table);
}

void pv_hide_xen_frames(void)
{
    uint64_t *entry = xen_frames_entry();

    xen_frames_table = paging_page_of(*entry);
    pv_remove_table(entry, XEN_FRAMES_BASE, xen_frames_table);
}

void pv_show_xen_frames(void)
{
    pv_add_table(xen_frames_entry(), xen_frames_table);
}

void pv_forget_xen_frames(void)
{
    memset(xen_frames_table, 0, PAGE_SIZE);
    pv_show_xen_frames();
}
