/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes of any alignment on a block device.
 *
 * A transfer is cut in up to three pieces: a head up to the first sector border, whole sectors
 * (straight from or to the caller's memory), and a tail. Head and tail each go through one bounce
 * page that holds the one sector they lie in.
 */
#include <errno.h>
#include <string.h>

#include "lib/block/blockdev.h"
#include "lib/mm/pages.h"

/* How many bytes to move next, and whether they are whole sectors. */
struct piece {
    size_t length;
    size_t skip; /* bytes of the sector before the piece; 0 for whole sectors */
    bool whole;
};

static struct piece next_piece(const struct block_device *device, uint64_t offset, size_t length)
{
    size_t sector = device->sector_size;
    struct piece piece = { .skip = offset & (sector - 1) };

    piece.whole = piece.skip == 0 && length >= sector;
    if (piece.whole)
        piece.length = length & ~(sector - 1);
    else
        piece.length = length < sector - piece.skip ? length : sector - piece.skip;
    return piece;
}

static int read_part(struct block_device *device, uint64_t offset, char *buffer, struct piece piece)
{
    char *bounce = page_alloc();
    int result;

    if (bounce == NULL)
        return -ENOMEM;
    result = block_read(device, offset - piece.skip, bounce, device->sector_size);
    if (result == 0)
        memcpy(buffer, bounce + piece.skip, piece.length);
    page_free(bounce);
    return result;
}

static int write_part(struct block_device *device, uint64_t offset, const char *buffer,
                      struct piece piece)
{
    char *bounce = page_alloc();
    int result;

    if (bounce == NULL)
        return -ENOMEM;
    result = block_read(device, offset - piece.skip, bounce, device->sector_size);
    if (result == 0) {
        memcpy(bounce + piece.skip, buffer, piece.length);
        result = block_write(device, offset - piece.skip, bounce, device->sector_size);
    }
    page_free(bounce);
    return result;
}

static bool inside(const struct block_device *device, uint64_t offset, size_t length)
{
    return offset <= device->size && length <= device->size - offset;
}

int block_read_bytes(struct block_device *device, uint64_t offset, void *buffer, size_t length)
{
    char *to = buffer;
    int result = inside(device, offset, length) ? 0 : -ENXIO;

    while (result == 0 && length > 0) {
        struct piece piece = next_piece(device, offset, length);

        if (piece.whole)
            result = block_read(device, offset, to, piece.length);
        else
            result = read_part(device, offset, to, piece);
        to += piece.length;
        offset += piece.length;
        length -= piece.length;
    }
    return result;
}

int block_write_bytes(struct block_device *device, uint64_t offset, const void *buffer,
                      size_t length)
{
    const char *from = buffer;
    int result = inside(device, offset, length) ? 0 : -ENXIO;

    if (device->read_only)
        return -EROFS;
    while (result == 0 && length > 0) {
        struct piece piece = next_piece(device, offset, length);

        if (piece.whole)
            result = block_write(device, offset, from, piece.length);
        else
            result = write_part(device, offset, from, piece);
        from += piece.length;
        offset += piece.length;
        length -= piece.length;
    }
    return result;
}
