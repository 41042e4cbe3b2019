/* SPDX-License-Identifier: MIT */
/* EROFS: inodes. */
#include <errno.h>

#include "erofs.h"

#define LARGEST_FILE ((uint64_t)1 << 48)
#define MODE_TYPE 0170000u

/* Extended attributes that lie behind the inode: a header and words. */
static uint32_t attributes_size(uint32_t count)
{
    return count == 0 ? 0 : 12 + 4 * (count - 1);
}

static void take_compact(const struct erofs *erofs, const struct erofs_inode_compact *raw,
                         struct erofs_inode *inode)
{
    inode->mode = raw->mode;
    inode->links = raw->links;
    inode->size = raw->size;
    inode->where = raw->where;
    inode->uid = raw->uid;
    inode->gid = raw->gid;
    inode->modified = erofs->build_time;
}

static void take_extended(const struct erofs_inode_extended *raw, struct erofs_inode *inode)
{
    inode->mode = raw->mode;
    inode->links = raw->links;
    inode->size = raw->size;
    inode->where = raw->where;
    inode->uid = raw->uid;
    inode->gid = raw->gid;
    inode->modified = (int64_t)(raw->modified % ((uint64_t)1 << 33) * 1000000000u) +
                      raw->modified_nanoseconds % 1000000000u;
}

static bool is_sound(const struct erofs_inode *inode)
{
    uint32_t type = inode->mode & MODE_TYPE;

    return inode->layout < EROFS_LAYOUTS && inode->size <= LARGEST_FILE &&
           (type == 0100000 || !erofs_is_compressed(inode)) && type != 0;
}

int erofs_read_inode(const struct erofs *erofs, uint64_t nid, struct erofs_inode *inode)
{
    union {
        struct erofs_inode_compact compact;
        struct erofs_inode_extended extended;
    } raw;
    uint64_t address = erofs->metadata + nid * EROFS_SLOT;
    uint32_t size = sizeof(raw.compact);
    int result;

    if (nid > UINT64_MAX / EROFS_SLOT / 2)
        return -EUCLEAN;
    result = erofs_read_disk(erofs, address, &raw.compact, sizeof(raw.compact));
    if (result == 0 && (raw.compact.format & EROFS_EXTENDED) != 0) {
        size = sizeof(raw.extended);
        result = erofs_read_disk(erofs, address, &raw.extended, sizeof(raw.extended));
    }
    if (result != 0)
        return result;
    *inode = (struct erofs_inode){
        .nid = nid,
        .layout = (raw.compact.format >> 1) & 7,
        .behind = address + size + attributes_size(raw.compact.attributes),
    };
    if (size == sizeof(raw.extended))
        take_extended(&raw.extended, inode);
    else
        take_compact(erofs, &raw.compact, inode);
    return is_sound(inode) ? 0 : -EUCLEAN;
}
