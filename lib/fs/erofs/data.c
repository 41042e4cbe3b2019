/* SPDX-License-Identifier: MIT */
/* EROFS: where the data of files lies, and reading it. */
#include <errno.h>
#include <string.h>

#include "erofs.h"

static uint64_t block_size(const struct erofs *erofs)
{
    return (uint64_t)1 << erofs->block_bits;
}

static uint64_t at_most(uint64_t length, uint64_t most)
{
    return length < most ? length : most;
}

/* Blocks in a row; of an inline file the part that fills none lies behind the inode. */
static int map_flat(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
                    struct erofs_piece *piece)
{
    uint64_t whole = inode->size;

    if (inode->layout == EROFS_INLINE)
        whole = inode->size & ~(block_size(erofs) - 1);
    if (offset < whole) {
        piece->address = ((uint64_t)inode->where << erofs->block_bits) + offset;
        piece->length = whole - offset;
        return 0;
    }
    piece->address = inode->behind + (offset - whole);
    piece->length = inode->size - offset;
    /* It never leaves the block in which the inode lies. */
    return (inode->behind & (block_size(erofs) - 1)) + (inode->size - whole) <= block_size(erofs)
               ? 0
               : -EUCLEAN;
}

static int map_chunk(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
                     struct erofs_piece *piece)
{
    unsigned int bits = erofs->block_bits + (inode->where & EROFS_CHUNK_BITS);
    bool indexes = (inode->where & EROFS_CHUNK_INDEXES) != 0;
    uint64_t unit = indexes ? sizeof(struct erofs_chunk_index) : sizeof(uint32_t);
    uint64_t in_chunk = offset & (((uint64_t)1 << bits) - 1);
    struct erofs_chunk_index index = { 0 };
    int result =
        erofs_read_disk(erofs, ((inode->behind + unit - 1) & ~(unit - 1)) + (offset >> bits) * unit,
                        indexes ? (void *)&index : (void *)&index.block, unit);

    piece->hole = index.block == EROFS_HOLE;
    piece->address = ((uint64_t)index.block << erofs->block_bits) + in_chunk;
    piece->length = at_most(((uint64_t)1 << bits) - in_chunk, inode->size - offset);
    return result == 0 && index.device != 0 ? -EUCLEAN : result;
}

int erofs_map(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
              struct erofs_piece *piece)
{
    piece->hole = false;
    return inode->layout == EROFS_CHUNKED ? map_chunk(erofs, inode, offset, piece)
                                          : map_flat(erofs, inode, offset, piece);
}

int erofs_read(const struct erofs *erofs, const struct erofs_inode *inode, uint64_t offset,
               void *buffer, size_t length)
{
    char *to = buffer;

    if (erofs_is_compressed(inode))
        return erofs_read_compressed(erofs, inode, offset, buffer, length);
    while (length > 0) {
        struct erofs_piece piece;
        int result = erofs_map(erofs, inode, offset, &piece);
        size_t part = at_most(piece.length, length);

        if (result == 0 && !piece.hole)
            result = erofs_read_disk(erofs, piece.address, to, part);
        if (result != 0)
            return result;
        if (piece.hole)
            memset(to, 0, part);
        to += part;
        offset += part;
        length -= part;
    }
    return 0;
}
