/* SPDX-License-Identifier: MIT */
/*
 * Inside of ramfs: nodes, names, and the pages of a file.
 *
 * A file's pages hang in a radix tree of 512-way index pages that is as high as its last page
 * demands: height 0 is the one page of a small file itself, height 1 reaches 2 MiB, height 4 256
 * TiB. What was never written has no page and reads as zeros.
 */
#ifndef LIB_FS_RAMFS_H
#define LIB_FS_RAMFS_H

#include "lib/base/tree.h"
#include "lib/fs/vfs.h"

struct ramfs_pages {
    void *root;
    unsigned int height;
    size_t count; /* of pages, index pages included */
};

/*
 * What all ramfs mounts together hold, in bytes: pages, nodes, names. ramfs_reserve() answers false
 * when that would come to more than half of memory.
 */
extern size_t ramfs_used;
size_t ramfs_limit(void);
bool ramfs_reserve(size_t size);

/* The page with this index, or NULL when it is a hole. */
char *ramfs_page_find(const struct ramfs_pages *pages, uint64_t index);
/* The same, made (zeroed) if it is a hole: NULL when the limit is reached or memory is out. */
char *ramfs_page_make(struct ramfs_pages *pages, uint64_t index);
/* Free the pages from index `first` on. */
void ramfs_pages_cut(struct ramfs_pages *pages, uint64_t first);

struct ramfs_name;

struct ramfs_node {
    struct node node;
    union {
        struct ramfs_pages pages; /* of a file */
        char *target;             /* of a symbolic link */
        struct {
            struct tree_node *names; /* by cookie, the latest first */
            uint64_t next_cookie;
            struct ramfs_name *own; /* of this directory in its parent; NULL: the root, or removed */
        } directory;
    };
};

ssize_t ramfs_read(struct node *node, void *buffer, size_t length, uint64_t offset);
ssize_t ramfs_write(struct node *node, const void *buffer, size_t length, uint64_t offset);
int ramfs_resize(struct ramfs_node *file, uint64_t size);

#endif
