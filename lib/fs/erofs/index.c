/* SPDX-License-Identifier: MIT */
/*
 * EROFS: the index of a compressed file.
 *
 * A file is cut into logical clusters of equal size. A cluster in which an extent (what was
 * compressed together) begins is a head: it has the place of the compressed data and where in the
 * cluster the extent begins. Others tell how far back their head is; with large clusters, the first
 * behind a head tells in how many blocks its compressed data lies.
 *
 * The compact index has packs: of two entries in 8 bytes, or of 16 in 32 bytes. A pack ends with
 * the number of the block before its first head's; that of a later head follows by counting. The
 * first entries, up to a border of 32 bytes, and the last ones are packed in twos.
 */
#include <errno.h>
#include <string.h>

#include "erofs.h"

#define PACK_MOST 32u

int erofs_index_open(const struct erofs *erofs, const struct erofs_inode *inode,
                     struct erofs_index *index)
{
    struct erofs_compression head;
    uint64_t address = (inode->behind + 7) & ~7ull;
    int result = erofs_read_disk(erofs, address, &head, sizeof(head));

    if (result != 0)
        return result;
    if ((head.algorithms & 15) != 0 || (head.advice & ~EROFS_KNOWN_ADVICE) != 0 ||
        (head.cluster_bits & ~7) != 0)
        return -EOPNOTSUPP;
    *index = (struct erofs_index){
        .erofs = erofs,
        .address = address + sizeof(head),
        .cluster_bits = erofs->block_bits + head.cluster_bits,
        .compact = inode->layout == EROFS_COMPRESSED_COMPACT,
        .two_bytes = (head.advice & EROFS_COMPACT_2_BYTES) != 0,
        .big = (head.advice & EROFS_BIG_CLUSTERS) != 0,
    };
    if (!index->compact)
        index->address += 8; /* unused */
    if (index->cluster_bits < 12 || (index->compact && index->cluster_bits > 14))
        return -EUCLEAN;
    index->clusters = (inode->size + ((uint64_t)1 << index->cluster_bits) - 1) >>
                      index->cluster_bits;
    return 0;
}

static int get_full(const struct erofs_index *index, uint64_t number,
                    struct erofs_lcluster *cluster)
{
    struct erofs_cluster_index raw;
    int result =
        erofs_read_disk(index->erofs, index->address + number * sizeof(raw), &raw, sizeof(raw));

    if (result != 0)
        return result;
    cluster->kind = raw.advice & 3;
    cluster->offset = raw.offset;
    if (cluster->kind != EROFS_NOT_HEAD) {
        cluster->block = raw.block;
    } else if ((raw.distance[0] & EROFS_COUNT_FLAG) != 0) {
        cluster->blocks = raw.distance[0] & ~EROFS_COUNT_FLAG;
        cluster->back = 1;
    } else {
        cluster->back = raw.distance[0];
    }
    return 0;
}

struct pack {
    unsigned char bytes[PACK_MOST + 4];
    unsigned int count, entry_bits, low_bits;
    uint32_t block;
};

static uint32_t entry(const struct pack *pack, unsigned int i, enum erofs_cluster *kind)
{
    unsigned int bit = i * pack->entry_bits;
    uint32_t value;

    memcpy(&value, pack->bytes + bit / 8, sizeof(value));
    value >>= bit % 8;
    *kind = (value >> pack->low_bits) & 3;
    return value & ((1u << pack->low_bits) - 1);
}

/* The pack with this entry; its number becomes that in the pack. */
static int read_pack(const struct erofs_index *index, uint64_t *number, struct pack *pack)
{
    uint64_t first = (PACK_MOST - index->address % PACK_MOST) / 4 % 8, middle = 0;
    uint64_t at = index->address;
    unsigned int size = 2, length;
    int result;

    if (index->two_bytes && first < index->clusters)
        middle = (index->clusters - first) & ~15ull;
    if (*number < first) {
        size = 4;
    } else if (*number - first >= middle) {
        size = 4;
        at += first * 4 + middle * 2;
        *number -= first + middle;
    } else {
        at += first * 4;
        *number -= first;
    }
    pack->count = size == 4 ? 2 : 16;
    length = pack->count * size;
    pack->entry_bits = (length - 4) * 8 / pack->count;
    pack->low_bits = index->cluster_bits;
    at += *number / pack->count * length;
    *number %= pack->count;
    memset(pack->bytes, 0, sizeof(pack->bytes));
    result = erofs_read_disk(index->erofs, at, pack->bytes, length);
    memcpy(&pack->block, pack->bytes + length - 4, 4);
    return result == 0 && pack->low_bits + 2 > pack->entry_bits ? -EUCLEAN : result;
}

/* Compressed blocks of the heads before entry i, each of one block. */
static uint32_t count_heads(const struct pack *pack, int i)
{
    enum erofs_cluster kind;
    uint32_t count = 1;

    while (i > 0) {
        uint32_t low = entry(pack, (unsigned int)--i, &kind);

        if (kind == EROFS_NOT_HEAD)
            i = low < (uint32_t)i + 1 ? i - (int)low : -1;
        if (i >= 0)
            count++;
    }
    return count;
}

/* Likewise with large clusters: -EUCLEAN, or 0 and *count. */
static int count_blocks(const struct pack *pack, int i, uint32_t *count)
{
    enum erofs_cluster kind;

    *count = 0;
    while (i > 0) {
        uint32_t low = entry(pack, (unsigned int)--i, &kind);

        if (kind != EROFS_NOT_HEAD) {
            ++*count;
        } else if ((low & EROFS_COUNT_FLAG) != 0) {
            i--;
            *count += low & ~EROFS_COUNT_FLAG;
        } else if (low <= 1) {
            return -EUCLEAN;
        } else {
            i = low - 2 < (uint32_t)i ? i - (int)(low - 2) : 0;
        }
    }
    return 0;
}

/* The last entry of a pack tells the way forward; the one before it knows the way back. */
static uint32_t back_of_last(const struct pack *pack, unsigned int i)
{
    enum erofs_cluster kind;
    uint32_t low = entry(pack, i - 1, &kind);

    if (kind != EROFS_NOT_HEAD)
        return 1;
    return (low & EROFS_COUNT_FLAG) != 0 ? 2 : low + 1;
}

static int get_compact(const struct erofs_index *index, uint64_t number,
                       struct erofs_lcluster *cluster)
{
    struct pack pack;
    uint32_t low, count = 0;
    int result = read_pack(index, &number, &pack);
    unsigned int i = (unsigned int)number;

    if (result != 0)
        return result;
    low = entry(&pack, i, &cluster->kind);
    if (cluster->kind != EROFS_NOT_HEAD) {
        cluster->offset = low;
        if (index->big)
            result = count_blocks(&pack, (int)i, &count);
        else
            count = count_heads(&pack, (int)i);
        cluster->block = pack.block + count;
    } else if ((low & EROFS_COUNT_FLAG) != 0) {
        cluster->blocks = low & ~EROFS_COUNT_FLAG;
        cluster->back = 1;
    } else {
        cluster->back = i + 1 < pack.count ? low : back_of_last(&pack, i);
    }
    return result;
}

int erofs_index_get(const struct erofs_index *index, uint64_t number,
                    struct erofs_lcluster *cluster)
{
    *cluster = (struct erofs_lcluster){ 0 };
    if (number >= index->clusters)
        return -EUCLEAN;
    return index->compact ? get_compact(index, number, cluster) : get_full(index, number, cluster);
}
