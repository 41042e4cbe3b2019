/* SPDX-License-Identifier: MIT */
/*
 * Inside of tarfs: headers (tarfs_header.c, tarfs_pax.c, tarfs_block.c), the walk through an archive
 * (tarfs_scan.c), what becomes of a member (tarfs_member.c), its place in the tree (tarfs_path.c),
 * files with holes (tarfs_sparse.c), the index of it all (tarfs_index.c), and what a disk holds
 * that is no archive (tarfs_contents.c). Formats: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar.
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
#include "lib/fs/node.h"

#define TAR_BLOCK 512u

/* Type flags. The old regular file is a NUL. */
enum tar_type {
    TAR_FILE = '0',
    TAR_HARD_LINK = '1',
    TAR_SYMBOLIC_LINK = '2',
    TAR_DIRECTORY = '5',
    TAR_CHARACTER_DEVICE = '3',
    TAR_BLOCK_DEVICE = '4',
    TAR_PIPE = '6',
    TAR_CONTIGUOUS = '7',
    TAR_PAX = 'x',
    TAR_PAX_GLOBAL = 'g',
    TAR_GNU_LONG_NAME = 'L',
    TAR_GNU_LONG_LINK = 'K',
    TAR_GNU_SPARSE = 'S',
    TAR_GNU_DIRECTORY = 'D', /* of an incremental archive: a list of names is its data */
    TAR_GNU_LABEL = 'V',     /* the archive's own name */
    TAR_GNU_VOLUME = 'M',    /* the rest of a file that began on another volume */
};

/* One header, decoded. Strings are terminated, and as they stand in the archive. */
struct tar_header {
    char type;
    uint64_t size;
    int64_t mtime; /* seconds since 1970 */
    uint32_t uid, gid;
    uint32_t mode; /* permissions */
    char name[257];
    char link[101];
};

/* Does a header of this type only extend the one of the member behind it? */
bool tar_is_extension(char type);
/* 1: decoded (of an extension, type and size); 0: a block of zeros; -EINVAL with *problem. */
int tar_header_decode(const unsigned char *block, struct tar_header *header, const char **problem);

/* The sum of a block's bytes. */
uint64_t tar_block_sum(const unsigned char *block);
/* Mix data into a digest. */
uint64_t tar_digest(uint64_t digest, const unsigned char *data, size_t length);

/* An octal or binary field; false for garbage and for what is negative. An empty one is 0. */
bool tar_decode_number(const unsigned char *field, size_t size, uint64_t *value);

struct tar_index;

/* A part of a sparse file that is not a hole: where in the file, and where on the device. */
struct tar_segment {
    uint64_t offset, length, at;
};

struct tar_map {
    struct tar_map *next; /* among the index's */
    size_t count, room;
    struct tar_segment segments[];
};

/*
 * Append a segment to a map, which is made if NULL and may move. -EINVAL: it begins before the end
 * of the last one; -ENOMEM, also past the index's share of memory. On error the map is as it was.
 */
int tar_map_add(const struct tar_index *index, struct tar_map **map, uint64_t offset,
                uint64_t length);
/*
 * The segments' data lie one after another at `at`, `stored` bytes in all, for a file of `size`.
 * False when they do not fit in the one or the other.
 */
bool tar_map_place(struct tar_map *map, uint64_t at, uint64_t stored, uint64_t size);

/* What extended headers say of the member that follows them, or of all that follow. */
struct tar_extension {
    bool of_all; /* from pax global headers */
    bool has_name, has_link, has_size, has_mtime, has_uid, has_gid;
    bool sparse_name;     /* the name is a sparse file's, which `path` does not change */
    bool sparse;          /* the file's size is real_size, its data have a map */
    bool map_in_data;     /* the map stands before them (GNU's form 1.0), else it is here */
    const char *unusable; /* why the member cannot be offered, or NULL */
    uint64_t size, real_size, segment_offset;
    int64_t mtime;     /* seconds, */
    uint32_t mtime_ns; /* and what is beyond them */
    uint32_t uid, gid;
    struct tar_map *map;
    char name[VFS_PATH_MAX], link[VFS_PATH_MAX];
};

/*
 * Apply the records of a pax header to `extension`. 0; -EINVAL with the problem; -ENOMEM (the map).
 */
int tar_pax_apply(const struct tar_index *index, const char *records, size_t length,
                  struct tar_extension *extension, const char **problem);
/* Back to an extension that says nothing. */
void tar_extension_clear(struct tar_extension *extension);
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
        } children; /* a directory's */
        struct {
            union {
                uint64_t offset;           /* on the device */
                const struct tar_map *map; /* of a sparse file */
            };
            uint64_t size;
        } data;             /* a file's */
        const char *target; /* a symbolic link's */
    };
    int64_t mtime;     /* seconds */
    uint32_t mtime_ns; /* and nanoseconds */
    uint32_t uid, gid;
    uint32_t hash;   /* of the name in its directory */
    uint32_t serial; /* the inode; hard links share it */
    uint32_t *names; /* how many lead to this file, shared by them; NULL: one */
    uint16_t mode;   /* with the file type */
    uint8_t name_length;
    bool sparse;
    char name[];
};

struct tar_index {
    struct tar_entry *root;
    struct tar_entry **buckets;
    size_t bucket_count, entries;
    uint32_t last_serial;
    void *pages; /* the arena: a chain through each page's first word */
    size_t page_count, page_limit, page_used;
    struct tar_map *maps;
    uint32_t seed;
    uint64_t digest; /* of all that the scan has read: headers, not contents */
};

int tar_index_init(struct tar_index *index);
void tar_index_destroy(struct tar_index *index);
/* A directory's entry of that name, or NULL. */
struct tar_entry *tar_index_child(const struct tar_index *index, const struct tar_entry *directory,
                                  const char *name, size_t length);
/* A new one, an empty file; NULL when memory is out. */
struct tar_entry *tar_index_add(struct tar_index *index, struct tar_entry *directory,
                                const char *name, size_t length);
/* The index owns the map from here on, and is its memory's bound. */
void tar_index_keep_map(struct tar_index *index, struct tar_map *map);
/*
 * The entry becomes another name of what `target` is. And: it becomes a file of its own again, before
 * a later member of the same name is put in its place.
 */
int tar_entry_set_hard_link(struct tar_index *index, struct tar_entry *entry,
                            struct tar_entry *target);
void tar_entry_renew(struct tar_index *index, struct tar_entry *entry);
/* Make a directory, or a symbolic link to a copy of `target`, out of an entry. */
void tar_entry_set_directory(struct tar_entry *entry);
int tar_entry_set_link(struct tar_index *index, struct tar_entry *entry, const char *target);

/* Read `length` bytes of a file from `offset` on, all of them inside of it. As disk_read_all(). */
int tar_entry_read(struct block_device *device, const struct tar_entry *entry, void *buffer,
                   size_t length, uint64_t offset);

/* Paths as an archive writes them; see tarfs_path.c. */
struct tar_path {
    struct tar_entry *directory; /* where the last member lay, or NULL, */
    size_t directory_length;     /* and its path */
    char directory_path[VFS_PATH_MAX];
    char through_links[VFS_PATH_MAX];
};

/*
 * The entry of a path, made if need be, with the directories above it. A new one is an empty file;
 * an old one stays as it is. -EINVAL: the path is empty or leads out of the archive; -ENOTDIR,
 * -ENOENT, -ELOOP: where a file, a link that may lead out, a link to nothing, or one that goes in
 * circles is used as a directory; -ENAMETOOLONG; -ENOMEM.
 */
int tar_path_make(struct tar_path *path, struct tar_index *index, const char *text,
                  struct tar_entry **entry);
/* The entry that is there, by the same way; NULL when there is none. */
struct tar_entry *tar_path_find(struct tar_path *path, struct tar_index *index, const char *text);
/* What lay on the way of earlier paths may be something else now. */
void tar_path_forget(struct tar_path *path);

/* What a device holds that is no archive, by its first bytes; NULL when they are of no known kind. */
const char *tar_contents(struct block_device *device);

/*
 * Read an archive's headers into an index, and say in one line how that went. 0 when the device
 * holds an archive, whole or up to a damaged place; otherwise -EINVAL, -ENOMEM or the device's
 * error. The log's limit is the caller's.
 */
int tar_scan(struct block_device *device, struct tar_index *index, struct log_limit *log);

#endif
