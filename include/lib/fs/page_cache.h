/* SPDX-License-Identifier: MIT */
/*
 * The page cache: pages of 4 KiB of files and disks, found by (mapping, page number), one bound for
 * all.
 *
 * A mapping is what has pages: a file's node or a disk embeds one. Its operations fill pages and
 * write them; all else is done here: looking up, reading ahead for who goes in order, gathering
 * what is written, writing it back, giving memory back.
 *
 * - Read ahead: who comes from the page before has a run of pages read, and the next run asked for,
 *   which nobody waits for. Runs grow up to PAGE_RUN_MAX pages. Pages that were used again after
 *   a while outlast a long read that comes through.
 * - What was written stays in memory until page_cache_sync(), for at most five seconds, or until an
 *   eighth of the cache is such; at a quarter, writers wait. A page whose writing failed is lost,
 *   and with it no other: reads show what the disk has, a line says so, and the next
 *   page_cache_sync() answers the error, once.
 * - An error of reading belongs to its page: after a run has failed, who wants one of its pages reads
 *   that alone. Errors are not cached.
 * - Memory: at most half of what is free or held here, which follows the balloon; given back under
 *   memory pressure.
 *
 * Threads only, where nothing else is said; what waits says so. 0 or a count, or -errno.
 */
#ifndef LIB_FS_PAGE_CACHE_H
#define LIB_FS_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/list.h"
#include "lib/base/printk.h"
#include "lib/base/tree.h"
#include "lib/block/blockdev.h"
#include "lib/sched/sched.h"

#define PAGE_RUN_MAX 64u

struct page_mapping;

/*
 * A page. Who has a reference (page_cache_get()) may read `data`, and change it if it calls
 * page_cache_dirty() then and does not sleep in between.
 */
struct cached_page {
    char *data;
    struct page_mapping *mapping;
    uint64_t index;          /* offset / PAGE_SIZE */
    uint32_t length;         /* valid bytes: less than a page at the end, as it was then */
    unsigned int references; /* one of them while it is dirty or being written */

    /* The cache's. */
    bool hashed; /* until it is dropped: evicted, void, or failed to be read */
    bool reading, dirty, writing;
    bool alone; /* read in a run of its own: an error is its own */
    bool used;
    bool kept;           /* used again after a while */
    uint8_t ahead;       /* first of a run of so many that nobody asked for yet */
    unsigned int mapped; /* page tables that show it */
    uint32_t first_use;  /* how many pages had been created before that */
    int error;           /* of the read, when it failed */
    unsigned int turn;   /* of the write */
    struct cached_page *chain;
    struct list use;        /* without references: oldest first */
    struct list of_mapping; /* mapped ones first */
    struct list dirty_link;
    struct wait_queue read_done;
    struct block_request request; /* for operations->write: writing back needs no memory */
    struct iovec vector;
};

/* Pages that lie one behind the other and are being read. */
struct page_run {
    struct page_mapping *mapping;
    uint64_t index; /* of the first */
    unsigned int count;
    size_t length;                /* bytes: of the last page, its valid ones */
    struct iovec *vector;         /* the pages' memory, so much of each as is valid; the rest of a
                                     page may be written, too */
    struct cached_page **pages;   /* with a reference each */
    struct block_request request; /* for operations->read */
};

struct page_operations {
    /*
     * Read the pages of a run into run->vector, and call page_run_done(), soon or later, in any
     * context. May wait. What lies in the last page behind run->length is made zero afterwards.
     */
    void (*read)(struct page_mapping *mapping, struct page_run *run);
    /*
     * Start to write page->data, and call page_written(), soon or later. In any context: does not
     * wait. NULL: its pages are never changed.
     */
    void (*write)(struct page_mapping *mapping, struct cached_page *page);
    /*
     * The page leaves all page tables that show it: each is told to page_cache_unmap(), with what
     * its dirty bit was. In any context: does not wait. NULL: its pages are never mapped.
     */
    void (*unmap)(struct page_mapping *mapping, struct cached_page *page);
};

struct page_mapping {
    const struct page_operations *operations;
    struct block_device *device; /* where it lies: gathers requests while many are made; or NULL */
    const char *name;            /* for lines about what is lost */
    uint64_t size;               /* bytes; pages behind it cannot be had. See ..._resize() */

    /* The cache's. */
    size_t cached; /* pages */
    struct list pages;
    struct list dirty;         /* longest first */
    struct list dirty_mapping; /* of all that have such */
    size_t unwritten;          /* dirty, being written, or both */
    struct tree_node *claims;
    unsigned int reading;    /* runs */
    unsigned int careful;    /* so many pages are read alone: a run has failed */
    unsigned int writing[2]; /* pages, by turn */
    unsigned int turn;
    int error; /* that no sync has told yet */
    struct log_limit log;
    struct wait_queue queue; /* for writes and runs that end */
    struct mutex syncing;
};

void page_mapping_init(struct page_mapping *mapping, const struct page_operations *operations,
                       struct block_device *device, const char *name, uint64_t size);
/* Waits for what is under way. What is not written yet is void: page_cache_sync() comes before. */
void page_mapping_destroy(struct page_mapping *mapping);
/* Another size. Pages behind a smaller one, and the page that either end cuts, are read anew. */
void page_mapping_resize(struct page_mapping *mapping, uint64_t size);

/*
 * Read `length` bytes at `offset`, any alignment. The count; less where a page behind them failed,
 * and -errno if that was the first: -ENXIO (not inside of the size), -ENOMEM (not one page to be
 * had). Waits.
 */
ssize_t page_cache_read(struct page_mapping *mapping, uint64_t offset, void *buffer, size_t length);
/* Write likewise. */
ssize_t page_cache_write(struct page_mapping *mapping, uint64_t offset, const void *buffer,
                         size_t length);
/*
 * All that was written before is where operations->write puts it, when this returns 0. Otherwise
 * the first error since the last call. Waits.
 */
int page_cache_sync(struct page_mapping *mapping);
/* Write what is not yet written of this range, and wait for that. */
void page_cache_settle(struct page_mapping *mapping, uint64_t offset, uint64_t length);
/* Of this range, pages that are not dirty or being written are out of date. Any context. */
void page_cache_forget(struct page_mapping *mapping, uint64_t offset, uint64_t length);
/* All pages are void. If some were not written yet, the next sync says so. Any context. */
void page_cache_lose(struct page_mapping *mapping);

/* The page, filled, with a reference; `*page` is set when the answer is 0. Waits. */
int page_cache_get(struct page_mapping *mapping, uint64_t index, struct cached_page **page);
void page_cache_put(struct cached_page *page);
/* The page was changed. With a reference, or while it is mapped. Any context. */
void page_cache_dirty(struct cached_page *page);
/*
 * One more page table shows the page (call with a reference; none is kept), one less. A mapped page
 * may be given back as any other: operations->unmap is called before. Any context.
 */
void page_cache_map(struct cached_page *page);
void page_cache_unmap(struct cached_page *page, bool dirty);

/*
 * For transfers past the cache: while a range of pages is claimed, nobody else claims or changes
 * them, and reads of them do not stay. Waits for the claims before it, and until the range is
 * written.
 */
struct page_claim {
    struct tree_node node; /* the first page */
    uint64_t last;
    struct wait_queue released;
};
void page_cache_claim(struct page_mapping *mapping, struct page_claim *claim, uint64_t offset,
                      uint64_t length);
void page_cache_release(struct page_mapping *mapping, struct page_claim *claim);

/* For operations. Any context. */
void page_run_done(struct page_run *run, int result);
void page_written(struct cached_page *page, int result);

/* The most pages that the cache may hold (at least 8), instead of half the memory. 0: half. */
void page_cache_set_limit(size_t pages);
/* Give back up to `pages` pages, oldest first; returns how many. Any context. */
size_t page_cache_shrink(size_t pages);

struct page_cache_statistics {
    size_t pages; /* held now */
    size_t limit;
    size_t unwritten;      /* of these; they cannot be given back at once */
    uint64_t hits, misses; /* pages asked for */
    uint64_t runs;         /* of pages that were read */
    uint64_t steps;        /* pages looked at for giving one back */
};
void page_cache_statistics(struct page_cache_statistics *statistics);

#endif
