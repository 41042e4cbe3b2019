/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 entries (8 bytes: flags, domain, frame).
 *
 * The shared table is only written, and its flags read for the two bits that say "in use". Which
 * references are free, and which page is set aside behind one, is kept in private memory: one array a
 * frame, made when the frame is added, so that nothing later needs memory. References are linked
 * there by their numbers: the free ones, and those set aside, the next to be tried first. References
 * below FIRST_FREE belong to the toolstack (console, xenstore), so that 0 ends a list.
 */
#include "xen/bus/gnttab.h"

#include <errno.h>
#include <stddef.h>

#include <xen-abi/grant_table.h>

#include "arch/cpu.h"
#include "xen/platform.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "xen/hypercall.h"

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))
#define FRAMES_MAX 256
#define FIRST_FREE 8
#define RETRY_AFTER SECONDS(1)
#define RETRIES_AT_ONCE 4096u

_Static_assert(sizeof(grant_entry_v1_t) == 8, "the ABI's size of a version 1 entry");

struct reference {
    uint32_t next; /* in the free list, or in the list of those set aside */
    void *page;    /* of one set aside: to be freed with it; NULL: there is none */
};

struct frame {
    grant_entry_v1_t *entries;    /* shared */
    struct reference *references; /* private */
};

static struct frame frames[FRAMES_MAX];
static unsigned int frame_count;
static uint32_t first_free;
static uint32_t first_held, last_held; /* set aside; last_held has a meaning if there is a first */
static unsigned int used, quarantined;
int (*gnttab_resume)(void);

static void retry_held(void *unused);
static struct timer retry_timer = TIMER_INIT(retry_timer, retry_held, NULL);

static volatile grant_entry_v1_t *entry_of(int reference)
{
    return &frames[reference / ENTRIES_PER_FRAME].entries[reference % ENTRIES_PER_FRAME];
}

static struct reference *private_of(uint32_t reference)
{
    return &frames[reference / ENTRIES_PER_FRAME].references[reference % ENTRIES_PER_FRAME];
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
    frame->references = kernel_alloc_zeroed(ENTRIES_PER_FRAME, sizeof(*frame->references));
    if (!frame->references)
        return -ENOMEM;
    error = platform_map_grant_frame(frame_count, (void **)&frame->entries);
    if (error) {
        kernel_free(frame->references);
        frame->references = NULL;
        return error;
    }
    frame_count++;
    gnttab_resume = resume;
    for (uint32_t reference = start; reference < first + ENTRIES_PER_FRAME; reference++)
        private_of(reference)->next = reference + 1;
    private_of(first + ENTRIES_PER_FRAME - 1)->next = first_free;
    first_free = start;
    return 0;
}

int gnttab_take(void)
{
    int reference;

    if (!first_free && add_frame())
        return -ENOSPC;
    reference = first_free;
    first_free = private_of(reference)->next;
    used++;
    return reference;
}

void gnttab_release(int reference)
{
    private_of(reference)->next = first_free;
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

static void append_held(uint32_t reference)
{
    private_of(reference)->next = 0;
    if (first_held)
        private_of(last_held)->next = reference;
    else
        first_held = reference;
    last_held = reference;
}

static void release_held(uint32_t reference)
{
    page_free(private_of(reference)->page);
    quarantined--;
    used++; /* gnttab_release() counts it down; it was taken out when it was set aside */
    gnttab_release((int)reference);
}

/* What is still in use goes to the end, so that the next time begins with what was not tried. */
static void retry_held(void *unused)
{
    unsigned int tries = quarantined < RETRIES_AT_ONCE ? quarantined : RETRIES_AT_ONCE;

    (void)unused;
    while (tries-- > 0) {
        uint32_t reference = first_held;

        first_held = private_of(reference)->next;
        if (gnttab_revoke((int)reference) == 0)
            release_held(reference);
        else
            append_held(reference);
    }
    if (quarantined > 0)
        timer_set(&retry_timer, deadline_after(RETRY_AFTER));
}

void gnttab_end_and_free(int reference, void *page)
{
    if (!gnttab_end(reference)) {
        page_free(page);
        return;
    }
    used--;
    private_of((uint32_t)reference)->page = page;
    append_held((uint32_t)reference);
    if (quarantined++ == 0)
        timer_set(&retry_timer, deadline_after(RETRY_AFTER));
}

unsigned int gnttab_held_by(uint16_t domain)
{
    unsigned int count = 0;

    /* What we wrote into an entry is nobody else's to write but Xen's. */
    for (uint32_t i = first_held; i != 0; i = private_of(i)->next)
        count += entry_of((int)i)->domid == domain;
    return count;
}

unsigned int gnttab_limit(void)
{
    struct gnttab_query_size query = { .dom = DOMID_SELF };
    unsigned int limit = frame_count;

    if (hypercall_grant_table_op(GNTTABOP_query_size, &query, 1) == 0 && query.status == GNTST_okay)
        limit = query.max_nr_frames < FRAMES_MAX ? query.max_nr_frames : FRAMES_MAX;
    return limit * ENTRIES_PER_FRAME;
}

unsigned int gnttab_used(void)
{
    return used;
}

unsigned int gnttab_quarantined(void)
{
    return quarantined;
}
