/* SPDX-License-Identifier: MIT */
/*
 * Files with holes. The archive has the parts that are not holes, one after the other, and a map
 * that says where in the file each belongs. In memory a map is an array of segments, in order, so
 * that the one for an offset is found by halving; what no segment covers reads as zeros.
 */
#include <errno.h>
#include <string.h>

#include "lib/fs/disk_cache.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "tarfs.h"

#define FIRST_ROOM 8u

/* A map with twice the room, if the index may still have so much; the old one is gone then. */
static int grow(const struct tar_index *index, struct tar_map **map)
{
    size_t count = *map != NULL ? (*map)->count : 0;
    size_t room = count > 0 ? 2 * count : FIRST_ROOM;
    size_t size = sizeof(struct tar_map) + room * sizeof(struct tar_segment);
    struct tar_map *larger;

    if (size / PAGE_SIZE > index->page_limit - index->page_count)
        return -ENOMEM;
    larger = kernel_alloc(size);
    if (larger == NULL)
        return -ENOMEM;
    larger->count = count;
    larger->room = room;
    if (count > 0)
        memcpy(larger->segments, (*map)->segments, count * sizeof(struct tar_segment));
    kernel_free(*map);
    *map = larger;
    return 0;
}

int tar_map_add(const struct tar_index *index, struct tar_map **map, uint64_t offset,
                uint64_t length)
{
    const struct tar_segment *last;

    if (*map == NULL || (*map)->count == (*map)->room) {
        int result = grow(index, map);

        if (result != 0)
            return result;
    }
    last = (*map)->count > 0 ? &(*map)->segments[(*map)->count - 1] : NULL;
    if (offset > INT64_MAX || length > INT64_MAX - offset ||
        (last != NULL && offset < last->offset + last->length))
        return -EINVAL;
    if (length == 0)
        return 0; /* tools tell a file's size so */
    (*map)->segments[(*map)->count++] = (struct tar_segment){ .offset = offset, .length = length };
    return 0;
}

bool tar_map_place(struct tar_map *map, uint64_t at, uint64_t stored, uint64_t size)
{
    uint64_t used = 0;
    size_t i;

    for (i = 0; i < map->count; i++) {
        struct tar_segment *segment = &map->segments[i];

        if (segment->length > stored - used || segment->offset + segment->length > size)
            return false;
        segment->at = at + used;
        used += segment->length;
    }
    return true;
}

/* The first segment that ends behind the offset; map->count when none does. */
static size_t segment_at(const struct tar_map *map, uint64_t offset)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->segments[middle].offset + map->segments[middle].length > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int read_sparse(struct block_device *device, const struct tar_map *map, char *buffer,
                       size_t length, uint64_t offset)
{
    size_t i = segment_at(map, offset);
    int result = 0;

    while (result == 0 && length > 0) {
        const struct tar_segment *segment = i < map->count ? &map->segments[i] : NULL;
        size_t part = length;

        if (segment == NULL || offset < segment->offset) {
            if (segment != NULL && segment->offset - offset < part)
                part = segment->offset - offset;
            memset(buffer, 0, part);
        } else {
            uint64_t into = offset - segment->offset;

            if (segment->length - into < part)
                part = segment->length - into;
            result = disk_read_all(device, segment->at + into, buffer, part);
            i++;
        }
        buffer += part;
        offset += part;
        length -= part;
    }
    return result;
}

int tar_entry_read(struct block_device *device, const struct tar_entry *entry, void *buffer,
                   size_t length, uint64_t offset)
{
    if (entry->sparse)
        return read_sparse(device, entry->data.map, buffer, length, offset);
    return disk_read_all(device, entry->data.offset + offset, buffer, length);
}
