/* SPDX-License-Identifier: MIT */
/*
 * EROFS on the disk: numbers are little-endian, as ours are.
 *
 * The superblock lies at byte 1024. Inodes, of 32 or 64 bytes, are found by their number (nid),
 * which counts slots of 32 bytes from the metadata's first block on. Behind an inode lie its
 * extended attributes, and behind these what its layout says: the last part of a file that does not
 * fill a block, the numbers of chunks, or the index of compressed clusters.
 */
#ifndef LIB_FS_EROFS_FORMAT_H
#define LIB_FS_EROFS_FORMAT_H

#include <stdint.h>

#define EROFS_SUPERBLOCK_OFFSET 1024u
#define EROFS_MAGIC 0xe0f5e1e2u
#define EROFS_SLOT 32u

#define EROFS_HAS_CHECKSUM 0x1u /* compatible features */
/* Incompatible features that are known here: zeroes before compressed data, large clusters, chunks. */
#define EROFS_ZERO_PADDING 0x1u
#define EROFS_CONFIGURATIONS 0x2u
#define EROFS_CHUNKS 0x4u
#define EROFS_KNOWN_FEATURES 0x7u

struct erofs_superblock {
    uint32_t magic;
    uint32_t checksum;
    uint32_t compatible_features;
    uint8_t block_bits;
    uint8_t slots;
    uint16_t root;
    uint64_t inodes;
    uint64_t build_time;
    uint32_t build_nanoseconds;
    uint32_t blocks;
    uint32_t metadata_block;
    uint32_t attributes_block;
    uint8_t uuid[16];
    char volume_name[16];
    uint32_t features;
    uint16_t algorithms; /* a bit each, with EROFS_CONFIGURATIONS: 1 is LZ4 */
    uint16_t devices;
    uint8_t rest[40];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_superblock) == 128, "as on the disk");

enum erofs_layout {
    EROFS_PLAIN,
    EROFS_COMPRESSED_FULL,    /* an index of 8 bytes a cluster */
    EROFS_INLINE,             /* as plain, but the last part lies behind the inode */
    EROFS_COMPRESSED_COMPACT, /* of 2 or 4 bytes */
    EROFS_CHUNKED,
    EROFS_LAYOUTS
};

#define EROFS_EXTENDED 0x1u /* in `format`; the layout is in the bits 1 to 3 */

struct erofs_inode_compact {
    uint16_t format;
    uint16_t attributes;
    uint16_t mode;
    uint16_t links;
    uint32_t size;
    uint32_t unused;
    uint32_t where; /* the first block, the number of a device, or how chunks are told */
    uint32_t number;
    uint16_t uid, gid;
    uint32_t unused_2;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_inode_compact) == 32, "as on the disk");

struct erofs_inode_extended {
    uint16_t format;
    uint16_t attributes;
    uint16_t mode;
    uint16_t unused;
    uint64_t size;
    uint32_t where;
    uint32_t number;
    uint32_t uid, gid;
    uint64_t modified;
    uint32_t modified_nanoseconds;
    uint32_t links;
    uint8_t unused_2[16];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_inode_extended) == 64, "as on the disk");

#define EROFS_CHUNK_BITS 0x1fu    /* in `where`: bits of a chunk beyond those of a block */
#define EROFS_CHUNK_INDEXES 0x20u /* eight bytes a chunk, else four */
#define EROFS_HOLE UINT32_MAX

struct erofs_chunk_index {
    uint16_t advice;
    uint16_t device;
    uint32_t block;
} __attribute__((packed));

/* Directories: each block has entries first, sorted by name, then the names. */
struct erofs_entry {
    uint64_t nid;
    uint16_t name_offset; /* that of the first tells how many there are */
    uint8_t type;         /* 1 to 7 */
    uint8_t unused;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_entry) == 12, "as on the disk");

/* Before the index of compressed clusters. */
struct erofs_compression {
    uint32_t unused;
    uint16_t advice;
    uint8_t algorithms;   /* of head 1, and in the upper half of head 2 */
    uint8_t cluster_bits; /* 0 to 2: bits of a logical cluster beyond those of a block */
} __attribute__((packed));
#define EROFS_COMPACT_2_BYTES 0x1u /* advice */
#define EROFS_BIG_CLUSTERS 0x2u    /* of head 1 */
#define EROFS_KNOWN_ADVICE 0x7u

enum erofs_cluster { EROFS_STORED, EROFS_HEAD, EROFS_NOT_HEAD, EROFS_HEAD_2 };

struct erofs_cluster_index {
    uint16_t advice; /* the kind, in two bits */
    uint16_t offset;
    union {
        uint32_t block;
        uint16_t distance[2]; /* to the head before, and to the next */
    };
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_cluster_index) == 8, "as on the disk");

#define EROFS_COUNT_FLAG (1u << 11) /* a distance that is the number of compressed blocks instead */

#endif
