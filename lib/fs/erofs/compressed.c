/* SPDX-License-Identifier: MIT */
/*
 * EROFS: reading compressed files, by upstream's LZ4.
 *
 * An extent can only be unpacked from its beginning on, and lies anywhere among pages: so it goes
 * through a buffer, as far as somebody wants it.
 */
#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "erofs.h"
#include "lib/mm/heap.h"

#define LOOK_BACK 4096u  /* clusters that an extent may have */
#define BLOCKS_MOST 256u /* compressed ones, 1 MiB */

struct extent {
    uint64_t start, end; /* in the file; the end is no later than somebody asked for */
    uint64_t address;
    size_t length; /* compressed */
    bool stored;
};

/* The head of the extent that `offset` lies in. */
static int find_head(const struct erofs_index *index, uint64_t offset, uint64_t *number,
                     struct erofs_lcluster *head)
{
    uint64_t in_cluster = offset & (((uint64_t)1 << index->cluster_bits) - 1);
    uint64_t looked = 0;
    int result;

    *number = offset >> index->cluster_bits;
    result = erofs_index_get(index, *number, head);
    if (result == 0 && head->kind != EROFS_NOT_HEAD && head->offset > in_cluster)
        *head = (struct erofs_lcluster){ .kind = EROFS_NOT_HEAD, .back = 1 };
    while (result == 0 && head->kind == EROFS_NOT_HEAD) {
        looked += head->back;
        if (head->back == 0 || head->back > *number || looked > LOOK_BACK)
            return -EUCLEAN;
        *number -= head->back;
        result = erofs_index_get(index, *number, head);
    }
    return result;
}

/* Blocks of compressed data, as the cluster behind the head tells. */
static int count_blocks(const struct erofs_index *index, uint64_t head, bool stored, size_t *blocks)
{
    struct erofs_lcluster next;
    int result;

    *blocks = (size_t)1 << (index->cluster_bits - index->erofs->block_bits);
    if (stored || !index->big || head + 1 >= index->clusters)
        return 0;
    result = erofs_index_get(index, head + 1, &next);
    if (result != 0)
        return result;
    *blocks = next.kind == EROFS_NOT_HEAD ? next.blocks : 1;
    return *blocks > 0 && *blocks <= BLOCKS_MOST ? 0 : -EUCLEAN;
}

/* Where the next extent begins, if that is before `end`. */
static int find_end(const struct erofs_index *index, uint64_t head, uint64_t *end)
{
    uint64_t number;

    for (number = head + 1; number << index->cluster_bits < *end; number++) {
        struct erofs_lcluster cluster;
        int result = erofs_index_get(index, number, &cluster);

        if (result != 0)
            return result;
        if (cluster.kind != EROFS_NOT_HEAD) {
            uint64_t start = (number << index->cluster_bits) + cluster.offset;

            *end = start < *end ? start : *end;
            return 0;
        }
    }
    return 0;
}

static int find_extent(const struct erofs_index *index, uint64_t offset, uint64_t wanted,
                       struct extent *extent)
{
    struct erofs_lcluster head;
    uint64_t number;
    size_t blocks = 0;
    int result = find_head(index, offset, &number, &head);

    if (result == 0)
        result = count_blocks(index, number, head.kind == EROFS_STORED, &blocks);
    extent->end = wanted;
    if (result == 0)
        result = find_end(index, number, &extent->end);
    if (result != 0)
        return result;
    extent->start = (number << index->cluster_bits) + head.offset;
    extent->address = (uint64_t)head.block << index->erofs->block_bits;
    extent->length = blocks << index->erofs->block_bits;
    extent->stored = head.kind == EROFS_STORED;
    return head.kind != EROFS_HEAD_2 && extent->start <= offset && extent->end > offset ? 0
                                                                                        : -EUCLEAN;
}

/* The compressed data lies behind zeroes, or, in older images, before what may be anything. */
static int unpack(const struct erofs *erofs, const char *packed, size_t length, char *to,
                  size_t wanted)
{
    size_t skip = 0;

    while ((erofs->features & EROFS_ZERO_PADDING) != 0 && skip < length && packed[skip] == 0)
        skip++;
    return LZ4_decompress_safe_partial(packed + skip, to, (int)(length - skip), (int)wanted,
                                       (int)wanted) == (int)wanted
               ? 0
               : -EUCLEAN;
}

/* The bytes from `offset` to the extent's end. */
static int read_packed(const struct erofs *erofs, const struct extent *extent, uint64_t offset,
                       char *buffer)
{
    size_t wanted = extent->end - extent->start, skip = offset - extent->start;
    char *packed = kernel_alloc(extent->length);
    char *unpacked = skip > 0 ? kernel_alloc(wanted) : buffer;
    int result = packed != NULL && unpacked != NULL ? 0 : -ENOMEM;

    if (result == 0)
        result = erofs_read_disk(erofs, extent->address, packed, extent->length);
    if (result == 0)
        result = unpack(erofs, packed, extent->length, unpacked, wanted);
    if (result == 0 && skip > 0)
        memcpy(buffer, unpacked + skip, wanted - skip);
    if (skip > 0)
        kernel_free(unpacked);
    kernel_free(packed);
    return result;
}

static int read_extent(const struct erofs *erofs, const struct extent *extent, uint64_t offset,
                       char *buffer)
{
    if (!extent->stored)
        return read_packed(erofs, extent, offset, buffer);
    if (extent->end - extent->start > extent->length)
        return -EUCLEAN;
    return erofs_read_disk(erofs, extent->address + (offset - extent->start), buffer,
                           extent->end - offset);
}

int erofs_read_compressed(const struct erofs *erofs, const struct erofs_inode *inode,
                          uint64_t offset, void *buffer, size_t length)
{
    uint64_t end = offset + length;
    char *to = buffer;
    struct erofs_index index;
    int result = erofs_index_open(erofs, inode, &index);

    while (result == 0 && offset < end) {
        struct extent extent;

        result = find_extent(&index, offset, end, &extent);
        if (result == 0)
            result = read_extent(erofs, &extent, offset, to);
        if (result == 0) {
            to += extent.end - offset;
            offset = extent.end;
        }
    }
    return result;
}
