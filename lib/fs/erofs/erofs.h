/* SPDX-License-Identifier: MIT */
/*
 * Inside of EROFS. node.c makes nodes of what the rest finds on the disk; nothing that the disk
 * says is followed before it is checked: what cannot be is -EUCLEAN, and each loop has an end that
 * does not depend on the disk's word alone.
 */
#ifndef LIB_FS_EROFS_H
#define LIB_FS_EROFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "lib/block/blockdev.h"

struct erofs {
    struct block_device *device;
    unsigned int block_bits;
    uint64_t metadata;  /* bytes on the disk */
    int64_t build_time; /* nanoseconds */
    uint32_t features;
    struct erofs_superblock super;
};

struct erofs_inode {
    uint64_t nid;
    uint64_t size;
    int64_t modified; /* nanoseconds */
    uint32_t mode, links, uid, gid;
    uint32_t where;
    enum erofs_layout layout;
    uint64_t behind; /* bytes on the disk: what follows the inode and its attributes */
};

/* A piece of a file in one place. */
struct erofs_piece {
    uint64_t address; /* on the disk; nothing if it is a hole */
    uint64_t length;
    bool hole;
};

/* super.c: 0; -EINVAL: no EROFS; others are told in a line. */
int erofs_open(struct erofs *erofs, struct block_device *device);
/* Bytes of the disk, outside of which is -EUCLEAN. */
int erofs_read_disk(const struct erofs *erofs, uint64_t address, void *buffer, size_t length);

/* inode.c */
int erofs_read_inode(const struct erofs *erofs, uint64_t nid, struct erofs_inode *inode);

/* data.c */
static inline bool erofs_is_compressed(const struct erofs_inode *inode)
{
    return inode->layout == EROFS_COMPRESSED_FULL || inode->layout == EROFS_COMPRESSED_COMPACT;
}
/* Where the piece at `offset` (inside of the file) lies; not of compressed files. */
int erofs_map(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
              struct erofs_piece *piece);
/* Any part that is inside of the file. */
int erofs_read(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
               void *buffer, size_t length);

/* compressed.c, index.c */
int erofs_read_compressed(const struct erofs *erofs, const struct erofs_inode *inode,
                          uint64_t offset, void *buffer, size_t length);

/* A logical cluster, as its index tells it. */
struct erofs_lcluster {
    enum erofs_cluster kind;
    uint32_t offset; /* of a head: where its data begins in the cluster */
    uint32_t block;  /* of a head: where the compressed data lies */
    uint32_t back;   /* of another: clusters back to its head, or to one that knows */
    uint32_t blocks; /* of the first behind a head: compressed blocks, or 0 */
};
struct erofs_index {
    const struct erofs *erofs;
    uint64_t address; /* of the first entry */
    uint64_t clusters;
    unsigned int cluster_bits;
    bool compact, two_bytes, big;
};
int erofs_index_open(const struct erofs *erofs, const struct erofs_inode *inode,
                     struct erofs_index *index);
int erofs_index_get(const struct erofs_index *index, uint64_t number,
                    struct erofs_lcluster *cluster);

/* directory.c: the nid behind a name: 0, -ENOENT. */
int erofs_look_up(const struct erofs *erofs, const struct erofs_inode *directory, const char *name,
                  size_t length, uint64_t *nid);
struct erofs_name {
    uint64_t nid;
    unsigned int type; /* of the format */
    size_t length;
    char text[256]; /* terminated */
};
#define EROFS_POSITION_BITS 12 /* of an entry in its block */
/* The entry at *position, which moves: 1, or 0 at the end. */
int erofs_next(const struct erofs *erofs, const struct erofs_inode *directory, uint64_t *position,
               struct erofs_name *name);

#endif
