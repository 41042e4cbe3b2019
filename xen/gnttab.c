/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 entries (8 bytes: flags, domain, frame).
 *
 * The shared table is only written, and its flags read for the two bits that say "in use". Which
 * references are free is kept in private memory: one array of links a frame, made when the frame is
 * added. References below FIRST_FREE belong to the toolstack (console, xenstore).
 */
#include "xen/gnttab.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <xen-abi/grant_table.h>

#include "arch/cpu.h"
#include "arch/platform.h"
#include "lib/pages.h"
#include "lib/printk.h"
#include "lib/sched.h"

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))
#define FRAMES_MAX 256
#define FIRST_FREE 8
#define RETRY_AFTER SECONDS(1)

_Static_assert(sizeof(grant_entry_v1_t) == 8, "the ABI's size of a version 1 entry");

struct frame {
    grant_entry_v1_t *entries; /* shared */
    uint32_t *next;            /* private: the free list's links */
};

/* A reference, with its page if it has one, that the other side did not let go. */
struct held {
    int reference;
    uint16_t domain;
    void *page;
    struct list link;
};

static struct frame frames[FRAMES_MAX];
static unsigned int frame_count;
static uint32_t first_free; /* 0: none */
static unsigned int used, quarantined, lost;
int (*gnttab_resume)(void);
static struct list held_pages = LIST_INIT(held_pages);

static void retry_held(void *unused);
static struct timer retry_timer = TIMER_INIT(retry_timer, retry_held, NULL);

static volatile grant_entry_v1_t *entry_of(int reference)
{
    return &frames[reference / ENTRIES_PER_FRAME].entries[reference % ENTRIES_PER_FRAME];
}

static uint32_t *next_of(uint32_t reference)
{
    return &frames[reference / ENTRIES_PER_FRAME].next[reference % ENTRIES_PER_FRAME];
}

static int resume(void)
{
    int error = 0;

    for (unsigned int i = 0; i < frame_count && !error; i++)
        error = platform_map_grant_frame(i, (void **)&frames[i].entries);
    if (!error)
        retry_held(NULL);
    return error;
}

/* Add a frame's references to the free list, lowest first. */
static int add_frame(void)
{
    struct frame *frame = &frames[frame_count];
    uint32_t first = frame_count * ENTRIES_PER_FRAME;
    uint32_t start = frame_count ? first : FIRST_FREE;
    int error;

    if (frame_count == FRAMES_MAX)
        return -ENOSPC;
    frame->next = malloc(ENTRIES_PER_FRAME * sizeof(*frame->next));
    if (!frame->next)
        return -ENOMEM;
    error = platform_map_grant_frame(frame_count, (void **)&frame->entries);
    if (error) {
        free(frame->next);
        frame->next = NULL;
        return error;
    }
    frame_count++;
    gnttab_resume = resume;
    for (uint32_t reference = start; reference < first + ENTRIES_PER_FRAME; reference++)
        *next_of(reference) = reference + 1;
    *next_of(first + ENTRIES_PER_FRAME - 1) = first_free;
    first_free = start;
    return 0;
}

int gnttab_take(void)
{
    int reference;

    if (!first_free && add_frame())
        return -ENOSPC;
    reference = first_free;
    first_free = *next_of(reference);
    used++;
    return reference;
}

void gnttab_release(int reference)
{
    *next_of(reference) = first_free;
    first_free = reference;
    used--;
}

void gnttab_grant_at(int reference, uint16_t domain, uint64_t frame, bool read_only)
{
    volatile grant_entry_v1_t *entry = entry_of(reference);

    entry->frame = frame;
    entry->domid = domain;
    /* Frame and domain before the flags that make the entry valid. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    entry->flags = GTF_permit_access | (read_only ? GTF_readonly : 0);
}

int gnttab_grant(uint16_t domain, uint64_t frame, bool read_only)
{
    int reference = gnttab_take();

    if (reference > 0)
        gnttab_grant_at(reference, domain, frame, read_only);
    return reference;
}

bool gnttab_in_use(int reference)
{
    return entry_of(reference)->flags & (GTF_reading | GTF_writing);
}

/*
 * Xen sets the in-use bits with an atomic operation on the same word, so that either it or we win.
 */
int gnttab_revoke(int reference)
{
    uint16_t *flags = (uint16_t *)&entry_of(reference)->flags;
    uint16_t seen = __atomic_load_n(flags, __ATOMIC_RELAXED);

    do {
        if (seen & (GTF_reading | GTF_writing))
            return -EBUSY;
    } while (
        !__atomic_compare_exchange_n(flags, &seen, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return 0;
}

int gnttab_end(int reference)
{
    int error = gnttab_revoke(reference);

    if (!error)
        gnttab_release(reference);
    return error;
}

static void retry_held(void *unused)
{
    struct list *node, *next;

    (void)unused;
    list_for_each(node, next, &held_pages) {
        struct held *held = container_of(node, struct held, link);

        if (gnttab_revoke(held->reference))
            continue;
        used++; /* gnttab_release() counts it down; it was taken out when it was set aside */
        gnttab_release(held->reference);
        page_free(held->page);
        list_remove(&held->link);
        free(held);
        quarantined--;
    }
    if (!list_empty(&held_pages))
        timer_set(&retry_timer, deadline_after(RETRY_AFTER));
}

void gnttab_end_and_free(int reference, void *page)
{
    struct held *held;

    if (!gnttab_end(reference)) {
        page_free(page);
        return;
    }
    used--;
    quarantined++;
    held = malloc(sizeof(*held));
    if (!held) {
        lost++; /* the page and its reference are, which is safe */
        return;
    }
    /* What we wrote into the entry is nobody else's to write but Xen's. */
    *held = (struct held){ reference, entry_of(reference)->domid, page, LIST_INIT(held->link) };
    list_append(&held_pages, &held->link);
    timer_set(&retry_timer, deadline_after(RETRY_AFTER));
}

unsigned int gnttab_held_by(uint16_t domain)
{
    struct list *node, *next;
    unsigned int count = lost;

    list_for_each(node, next, &held_pages)
        count += container_of(node, struct held, link)->domain == domain;
    return count;
}

unsigned int gnttab_used(void)
{
    return used;
}

unsigned int gnttab_quarantined(void)
{
    return quarantined;
}
