/* SPDX-License-Identifier: MIT */
/*
 * Inside of tarfs: headers (tarfs_header.c, tarfs_pax.c), the walk through an archive
 * (tarfs_scan.c), and the index of what it holds (tarfs_index.c). Formats: POSIX.1-1988 ustar,
 * POSIX.1-2001 pax, GNU tar.
 *
 * Nothing in an archive is trusted. What is wrong is told as a constant text, the "problem".
 */
#ifndef LIB_VFS_TARFS_H
#define LIB_VFS_TARFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/block/blockdev.h"
#include "lib/base/printk.h"
#include "lib/fs/vfs.h"

#define TAR_BLOCK 512u

/* Type flags. The old regular file is a NUL. */
enum tar_type {
    TAR_FILE = '0',
    TAR_HARD_LINK = '1',
    TAR_SYMBOLIC_LINK = '2',
    TAR_DIRECTORY = '5',
    TAR_CONTIGUOUS = '7',
    TAR_PAX = 'x',
    TAR_PAX_GLOBAL = 'g',
    TAR_GNU_LONG_NAME = 'L',
    TAR_GNU_LONG_LINK = 'K',
    TAR_GNU_SPARSE = 'S',
};

/* One header, decoded. Strings are terminated, and as they stand in the archive. */
struct tar_header {
    char type;
    bool sparse_goes_on; /* GNU sparse: more of its map follows in extra blocks */
    uint64_t size;
    uint64_t mtime;      /* seconds since 1970; 0 when before that */
    mode_t mode;
    char name[257];
    char link[101];
};

/* 1: decoded; 0: a block of zeros; -EINVAL with *problem. */
int tar_header_decode(const unsigned char *block, struct tar_header *header, const char **problem);

/* What extended headers say of the member that follows them. */
struct tar_extension {
    bool has_name, has_link, has_size, has_mtime;
    bool unusable; /* a name that cannot be, or a sparse file: leave the member out */
    uint64_t size, mtime;
    char name[VFS_PATH_MAX], link[VFS_PATH_MAX];
};

/* Apply the records of a pax header to `extension`: NULL, or the problem. */
const char *tar_pax_apply(const char *records, size_t length, struct tar_extension *extension);
/* Copy a name from the archive; -ENAMETOOLONG when it has no room, -EINVAL when a NUL is inside. */
int tar_copy_name(char *to, const char *name, size_t length);

/*
 * One file, directory or link of the archive. Lives in the index's arena until that is destroyed.
 */
struct tar_entry {
    struct tar_entry *parent, *next_in_bucket, *next_sibling;
    union {
        struct {
            struct tar_entry *first, *last;
        } children;          /* a directory's */
        struct {
            uint64_t offset, size;
        } data;              /* a file's, on the device */
        const char *target;  /* a symbolic link's */
    };
    int64_t mtime;
    uint32_t serial;         /* st_ino; hard links share it */
    uint16_t mode;           /* with the file type */
    uint16_t name_length;
    char name[];
};

struct tar_index {
    struct tar_entry *root;
    struct tar_entry **buckets;
    size_t bucket_count, entries;
    void *pages;             /* the arena: a chain through each page's first word */
    size_t page_count, page_limit, page_used;
    uint32_t seed;
    uint64_t digest;         /* of all that the scan has read: headers, not contents */
};

int tar_index_init(struct tar_index *index);
void tar_index_destroy(struct tar_index *index);
/*
 * The entry of a path as an archive writes it, made if need be, with the directories above it. A
 * new one is an empty file; an old one stays as it is. -EINVAL: the path is empty or leads out of
 * the archive; -ENOTDIR: something above it is no directory; -ENAMETOOLONG; -ENOMEM.
 */
int tar_index_make(struct tar_index *index, const char *path, struct tar_entry **entry);
/* The entry of an archive path, symbolic links not followed; NULL when there is none. */
struct tar_entry *tar_index_exact(struct tar_index *index, const char *path);
/* The entry of a normal relative path, symbolic links followed. -ENOENT, -ENOTDIR, -ELOOP. */
int tar_index_find(struct tar_index *index, const char *path, struct tar_entry **entry);
/* Make a directory, or a symbolic link to a copy of `target`, out of an entry. */
void tar_entry_set_directory(struct tar_entry *entry);
int tar_entry_set_link(struct tar_index *index, struct tar_entry *entry, const char *target);

/*
 * Read an archive's headers into an index, and say in one line how that went. 0 when the device
 * holds an archive, whole or up to a damaged place; otherwise -EINVAL, -ENOMEM or the device's
 * error. The log's limit is the caller's.
 */
int tar_scan(struct block_device *device, struct tar_index *index, struct log_limit *log);

#endif
