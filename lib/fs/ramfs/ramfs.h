/* SPDX-License-Identifier: MIT */
/*
 * Inside of ramfs: nodes with their names, and the pages of a file.
 *
 * A file's pages hang in a radix tree of 512-way index pages that is as high as its last page
 * demands: height 0 is the one page of a small file itself, height 1 reaches 2 MiB, height 4 256
 * TiB. What was never written has no page and reads as zeros.
 */
#ifndef LIB_VFS_RAMFS_H
#define LIB_VFS_RAMFS_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/list.h"

struct ramfs_pages {
    void *root;
    unsigned int height;
};

/* All of the ramfs mounts together hold at most so many pages. */
struct ramfs_usage {
    size_t pages, limit;
};
extern struct ramfs_usage ramfs_usage;

/* The page with this index, or NULL when it is a hole. */
char *ramfs_page_find(const struct ramfs_pages *pages, uint64_t index);
/* The same, made (zeroed) if it is a hole: NULL when the limit is reached or memory is out. */
char *ramfs_page_make(struct ramfs_pages *pages, uint64_t index);
/* Free the pages from index `first` on. */
void ramfs_pages_cut(struct ramfs_pages *pages, uint64_t first);

struct ramfs_node {
    struct list link;           /* among the parent's children, by age */
    struct list children;       /* of a directory */
    struct ramfs_node *parent;  /* NULL: unlinked, or the root */
    struct ramfs_pages pages;   /* of a file */
    uint64_t size;
    uint64_t modified, changed; /* clock_realtime() */
    ino_t inode;
    off_t cookie;               /* place in the parent's listing; never used again there */
    off_t next_cookie;          /* of a directory */
    unsigned int references;    /* one for the name, one for each user */
    mode_t mode;
    char *name;
};

ssize_t ramfs_read(struct ramfs_node *node, char *buffer, size_t length, off_t offset);
ssize_t ramfs_write(struct ramfs_node *node, const char *buffer, size_t length, off_t offset);
int ramfs_resize(struct ramfs_node *node, off_t length);

#endif
