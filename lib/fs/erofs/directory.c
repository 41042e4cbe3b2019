/* SPDX-License-Identifier: MIT */
/* EROFS: directories. Names are sorted over all blocks, so one is found by halving. */
#include <errno.h>
#include <string.h>

#include "erofs.h"
#include "lib/mm/pages.h"

/* A block of a directory, read and checked as far as its first entry goes. */
struct block {
    char *bytes; /* a page */
    size_t length;
    unsigned int count;
};

static size_t block_size(const struct erofs *erofs)
{
    return (size_t)1 << erofs->block_bits;
}

static struct erofs_entry entry_at(const struct block *block, unsigned int i)
{
    struct erofs_entry entry;

    memcpy(&entry, block->bytes + i * sizeof(entry), sizeof(entry));
    return entry;
}

static int read_block(const struct erofs *erofs, const struct erofs_inode *directory,
                      uint64_t number, struct block *block)
{
    uint64_t offset = number << erofs->block_bits;
    size_t first;
    int result;

    block->length = directory->size - offset < block_size(erofs) ? directory->size - offset
                                                                 : block_size(erofs);
    if (block->length < sizeof(struct erofs_entry))
        return -EUCLEAN;
    result = erofs_read(erofs, directory, offset, block->bytes, block->length);
    if (result != 0)
        return result;
    first = entry_at(block, 0).name_offset;
    block->count = (unsigned int)(first / sizeof(struct erofs_entry));
    return first % sizeof(struct erofs_entry) == 0 && first > 0 && first < block->length ? 0
                                                                                         : -EUCLEAN;
}

/* A name ends where the next begins; the last one at a NUL, or with the block. */
static int get_name(const struct block *block, unsigned int i, const char **name, size_t *length)
{
    size_t start = entry_at(block, i).name_offset, end = block->length;

    if (i + 1 < block->count)
        end = entry_at(block, i + 1).name_offset;
    if (start < block->count * sizeof(struct erofs_entry) || start >= end || end > block->length)
        return -EUCLEAN;
    *name = block->bytes + start;
    *length = strnlen(*name, end - start);
    return *length > 0 && *length < 256 && memchr(*name, '/', *length) == NULL ? 0 : -EUCLEAN;
}

static int compare(const char *name, size_t length, const char *other, size_t other_length)
{
    int result = memcmp(name, other, length < other_length ? length : other_length);

    return result != 0 ? result : (length > other_length) - (length < other_length);
}

/* The last of `count` entries that is not behind the name; -1: all are. */
static int find_in_block(const struct block *block, const char *name, size_t length, bool *equal,
                         int *error)
{
    int low = 0, high = (int)block->count - 1;

    *error = 0;
    *equal = false;
    while (low <= high) {
        int middle = (low + high) / 2, order;
        const char *other;
        size_t other_length;

        *error = get_name(block, (unsigned int)middle, &other, &other_length);
        if (*error != 0)
            return -1;
        order = compare(name, length, other, other_length);
        if (order == 0) {
            *equal = true;
            return middle;
        }
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return high;
}

static int look_up(const struct erofs *erofs, const struct erofs_inode *directory,
                   struct block *block, const char *name, size_t length, uint64_t *nid)
{
    uint64_t low = 0, high = (directory->size + block_size(erofs) - 1) >> erofs->block_bits;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int error = read_block(erofs, directory, middle, block), place;
        bool equal;

        if (error != 0)
            return error;
        place = find_in_block(block, name, length, &equal, &error);
        if (error != 0)
            return error;
        if (equal) {
            *nid = entry_at(block, (unsigned int)place).nid;
            return 0;
        }
        if (place < 0)
            high = middle;
        else if (place + 1 < (int)block->count)
            return -ENOENT;
        else
            low = middle + 1;
    }
    return -ENOENT;
}

int erofs_look_up(const struct erofs *erofs, const struct erofs_inode *directory, const char *name,
                  size_t length, uint64_t *nid)
{
    struct block block = { .bytes = page_alloc() };
    int result;

    if (block.bytes == NULL)
        return -ENOMEM;
    result = look_up(erofs, directory, &block, name, length, nid);
    page_free(block.bytes);
    return result;
}

/* A position is a block's number and that of an entry in it. */
static int next(const struct erofs *erofs, const struct erofs_inode *directory, struct block *block,
                uint64_t *position, struct erofs_name *name)
{
    uint64_t number = *position >> EROFS_POSITION_BITS;
    unsigned int i = *position & ((1u << EROFS_POSITION_BITS) - 1);
    const char *text;
    int result;

    if (number >= (directory->size + block_size(erofs) - 1) >> erofs->block_bits)
        return 0;
    result = read_block(erofs, directory, number, block);
    if (result == 0)
        result = i < block->count ? get_name(block, i, &text, &name->length) : -EUCLEAN;
    if (result != 0)
        return result;
    memcpy(name->text, text, name->length);
    name->text[name->length] = '\0';
    name->nid = entry_at(block, i).nid;
    name->type = entry_at(block, i).type;
    *position = i + 1 < block->count ? *position + 1 : (number + 1) << EROFS_POSITION_BITS;
    return 1;
}

int erofs_next(const struct erofs *erofs, const struct erofs_inode *directory, uint64_t *position,
               struct erofs_name *name)
{
    struct block block = { .bytes = page_alloc() };
    int result;

    if (block.bytes == NULL)
        return -ENOMEM;
    result = next(erofs, directory, &block, position, name);
    page_free(block.bytes);
    return result;
}
