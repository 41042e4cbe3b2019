/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a member: its type, its size, its place in the tree.
 *
 * A member that cannot be offered is left out, by name: one whose name is empty or leads out of the
 * archive, a device or a pipe, a link to nothing, a file used as a directory, a file in the place of
 * a directory that is not empty, a sparse file whose map is damaged. A volume's label is no member.
 *
 * Sparse files come in two shapes. GNU tar's own header (type S) has the first four segments of the
 * map at byte 386, 24 bytes each, at 482 whether blocks of 21 more follow, and at 483 the file's
 * size. pax headers (tarfs_pax.c) say all of it, or that the map stands before the data: decimal
 * numbers, each with a newline behind it, how many segments, then offset and length of each, filled
 * up to a block.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/printk.h"
#include "lib/mm/heap.h"
#include "tarfs_scan.h"

#define NAMED 8u /* members left out that are named; of further ones the number is told */
#define BAD_MAP "a sparse file whose map is damaged"

#define OLD_MAP 386u
#define OLD_MAP_SEGMENTS 4u
#define OLD_MAP_GOES_ON 482u
#define OLD_SIZE 483u
#define MORE_SEGMENTS 21u
#define MORE_GOES_ON 504u
#define SEGMENT_SIZE 24u
#define FIELD_SIZE 12u

static const char *member_name(const struct scanner *scanner)
{
    if (scanner->extension.has_name)
        return scanner->extension.name;
    return scanner->global.has_name ? scanner->global.name : scanner->header.name;
}

static const char *member_link(const struct scanner *scanner)
{
    if (scanner->extension.has_link)
        return scanner->extension.link;
    return scanner->global.has_link ? scanner->global.link : scanner->header.link;
}

/* Of what the member's own extensions say, those for all, and its header: the first that is said. */
static void set_times_and_owner(const struct scanner *scanner, struct tar_entry *entry)
{
    const struct tar_extension *own = &scanner->extension, *global = &scanner->global;
    const struct tar_header *header = &scanner->header;

    entry->mtime = header->mtime;
    entry->mtime_ns = 0;
    if (own->has_mtime || global->has_mtime) {
        entry->mtime = (own->has_mtime ? own : global)->mtime;
        entry->mtime_ns = (own->has_mtime ? own : global)->mtime_ns;
    }
    entry->uid = own->has_uid ? own->uid : global->has_uid ? global->uid : header->uid;
    entry->gid = own->has_gid ? own->gid : global->has_gid ? global->gid : header->gid;
}

/* A name for the log: without the bytes that would do something to a terminal. */
static void printable(char *to, size_t size, const char *name)
{
    size_t i;

    for (i = 0; i < size - 1 && name[i] != '\0'; i++)
        to[i] = (unsigned char)name[i] < ' ' || name[i] == 0x7f ? '?' : name[i];
    to[i] = '\0';
}

static int leave_out(struct scanner *scanner, const char *reason)
{
    char name[120];

    if (scanner->left_out == 0) {
        scanner->first_left_out = scanner->offset;
        scanner->first_reason = reason;
    }
    if (scanner->left_out++ < NAMED) {
        printable(name, sizeof(name), member_name(scanner));
        printk_limited(scanner->log, "tarfs: %s: left out: %s: %s", scanner->device->name, name,
                       reason);
    }
    return 0;
}

static const char *reason_for(int result)
{
    switch (result) {
    case -ENOTDIR:
        return "a file, or a link that may lead out, is used as a directory";
    case -ENOENT:
        return "the name leads through a link to nothing";
    case -ELOOP:
        return "the name leads through links in a circle";
    case -ENAMETOOLONG:
        return "the name is too long";
    default:
        return "the name is empty or leads out of the archive";
    }
}

/* Why a type is not offered, or NULL. */
static const char *refused(char type)
{
    switch (type) {
    case TAR_FILE:
    case TAR_CONTIGUOUS:
    case TAR_GNU_SPARSE:
    case TAR_DIRECTORY:
    case TAR_HARD_LINK:
    case TAR_SYMBOLIC_LINK:
        return NULL;
    case TAR_CHARACTER_DEVICE:
    case TAR_BLOCK_DEVICE:
        return "a device";
    case TAR_PIPE:
        return "a named pipe";
    case TAR_GNU_VOLUME:
        return "the rest of a file from another volume";
    default:
        return "no file, directory or link";
    }
}

/* Types whose size field says nothing about data behind the header. */
static bool has_data(char type)
{
    return type < TAR_HARD_LINK || type > TAR_PIPE;
}

/* Names of old archives tell directories by a slash at the end. */
static void settle_type(struct tar_header *header, const char *name)
{
    size_t length = strlen(name);

    if (!has_data(header->type))
        header->size = 0;
    if (header->type == TAR_GNU_DIRECTORY)
        header->type = TAR_DIRECTORY;
    if ((header->type == TAR_FILE || header->type == TAR_CONTIGUOUS) && length > 0 &&
        name[length - 1] == '/')
        header->type = TAR_DIRECTORY;
}

/* Segments of GNU's own header; 1: they may go on; 0: this was the last; or a negative error. */
static int add_old_segments(struct scanner *scanner, const unsigned char *fields, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++, fields += SEGMENT_SIZE) {
        uint64_t offset, length;
        int result;

        if (fields[FIELD_SIZE] == '\0')
            return 0;
        if (!tar_decode_number(fields, FIELD_SIZE, &offset) ||
            !tar_decode_number(fields + FIELD_SIZE, FIELD_SIZE, &length))
            return -EINVAL;
        result = tar_map_add(scanner->index, &scanner->extension.map, offset, length);
        if (result != 0)
            return result;
    }
    return 1;
}

/* GNU's own header, and the blocks behind it that go on with its map. */
static int read_old_map(struct scanner *scanner)
{
    struct tar_extension *extension = &scanner->extension;
    bool goes_on = scanner->block[OLD_MAP_GOES_ON] != 0;
    int result = add_old_segments(scanner, scanner->block + OLD_MAP, OLD_MAP_SEGMENTS);

    extension->sparse = true;
    if (!tar_decode_number(scanner->block + OLD_SIZE, FIELD_SIZE, &extension->real_size))
        extension->unusable = BAD_MAP;
    while (goes_on) {
        int error;

        scanner->offset += TAR_BLOCK;
        if (!scan_inside(scanner, scanner->offset, TAR_BLOCK))
            return scan_damaged(scanner, "a sparse file's map goes on behind the device's end");
        error = scan_read(scanner, scanner->offset, scanner->block, TAR_BLOCK);
        if (error != 0)
            return error;
        goes_on = scanner->block[MORE_GOES_ON] != 0;
        if (result > 0)
            result = add_old_segments(scanner, scanner->block, MORE_SEGMENTS);
    }
    if (result == -EINVAL)
        extension->unusable = BAD_MAP;
    return result == -ENOMEM ? result : 0;
}

/* A reader of the decimal numbers that stand before the data. */
struct number_reader {
    struct scanner *scanner;
    uint64_t next, end; /* blocks not yet read, on the device */
    size_t used;        /* of the block */
};

/* 1: a number; 0: none that can be; or the device's error. */
static int read_number(struct number_reader *reader, uint64_t *value)
{
    struct scanner *scanner = reader->scanner;
    unsigned int digits = 0;

    *value = 0;
    for (;;) {
        unsigned char character;

        if (reader->used == TAR_BLOCK) {
            int result = reader->end - reader->next < TAR_BLOCK
                             ? 0
                             : scan_read(scanner, reader->next, scanner->block, TAR_BLOCK);

            if (result != 0 || reader->end - reader->next < TAR_BLOCK)
                return result;
            reader->next += TAR_BLOCK;
            reader->used = 0;
        }
        character = scanner->block[reader->used++];
        if (character == '\n')
            return digits > 0;
        if (character < '0' || character > '9' || ++digits > 18)
            return 0;
        *value = *value * 10 + (uint64_t)(character - '0');
    }
}

/* The map before the data: it is theirs no more then. 1, 0 when damaged, or a negative error. */
static int read_map_in_data(struct scanner *scanner, uint64_t *at, uint64_t *stored)
{
    struct number_reader reader = {
        .scanner = scanner, .next = *at, .end = *at + *stored, .used = TAR_BLOCK
    };
    uint64_t count, offset, length;
    int result = read_number(&reader, &count);

    while (result > 0 && count-- > 0) {
        result = read_number(&reader, &offset);
        if (result > 0)
            result = read_number(&reader, &length);
        if (result > 0)
            result = tar_map_add(scanner->index, &scanner->extension.map, offset, length) ?: 1;
    }
    *stored -= reader.next - *at;
    *at = reader.next;
    return result == -EINVAL ? 0 : result;
}

/* Have the map of a sparse file complete and placed, or the member called unusable. */
static int settle_map(struct scanner *scanner)
{
    struct tar_extension *extension = &scanner->extension;
    uint64_t at = scanner->offset + TAR_BLOCK, stored = scanner->header.size;
    int result = 1;

    if (extension->map_in_data)
        result = read_map_in_data(scanner, &at, &stored);
    else if (extension->map == NULL) /* nothing but a hole */
        result = tar_map_add(scanner->index, &extension->map, 0, 0) ?: 1;
    if (result < 0)
        return result;
    if (result == 0 || extension->map == NULL ||
        !tar_map_place(extension->map, at, stored, extension->real_size) ||
        extension->real_size > INT64_MAX)
        extension->unusable = BAD_MAP;
    return 0;
}

static uint32_t type_of(const struct tar_entry *entry)
{
    return entry->mode & FILE_TYPE;
}

/* What a hard link leads to: an earlier file or symbolic link, or NULL. */
static struct tar_entry *hard_link_target(struct scanner *scanner)
{
    struct tar_entry *target = tar_path_find(&scanner->path, scanner->index, member_link(scanner));

    return target != NULL && type_of(target) != FILE_DIRECTORY ? target : NULL;
}

static void set_file(struct scanner *scanner, struct tar_entry *entry)
{
    struct tar_extension *extension = &scanner->extension;

    entry->mode = (uint16_t)(FILE_REGULAR | scanner->header.mode);
    entry->sparse = extension->sparse;
    if (!extension->sparse) {
        entry->data.offset = scanner->offset + TAR_BLOCK;
        entry->data.size = scanner->header.size;
        return;
    }
    entry->data.map = extension->map;
    entry->data.size = extension->real_size;
    tar_index_keep_map(scanner->index, extension->map);
    extension->map = NULL;
}

/* `target` is what a hard link leads to. */
static int fill_in(struct scanner *scanner, struct tar_entry *entry, struct tar_entry *target)
{
    const struct tar_header *header = &scanner->header;
    uint32_t type = type_of(entry);

    if (type == FILE_DIRECTORY && header->type != TAR_DIRECTORY && entry->children.first != NULL)
        return leave_out(scanner, "a file in the place of a directory");
    if (type == FILE_DIRECTORY || type == FILE_LINK)
        tar_path_forget(&scanner->path); /* it may be something else from here on */
    if (entry != target)
        tar_entry_renew(scanner->index, entry);
    if (target != NULL)
        return tar_entry_set_hard_link(scanner->index, entry, target);
    set_times_and_owner(scanner, entry);
    if (header->type == TAR_SYMBOLIC_LINK)
        return tar_entry_set_link(scanner->index, entry, member_link(scanner));
    if (header->type == TAR_DIRECTORY) {
        tar_entry_set_directory(entry);
        entry->mode = (uint16_t)(FILE_DIRECTORY | header->mode);
        return 0;
    }
    set_file(scanner, entry);
    return 0;
}

static const char *unusable(const struct scanner *scanner)
{
    const char *reason = refused(scanner->header.type);

    if (reason == NULL)
        reason = scanner->extension.unusable;
    return reason != NULL ? reason : scanner->global.unusable;
}

static int take(struct scanner *scanner)
{
    struct tar_entry *entry, *target = NULL;
    const char *reason = unusable(scanner);
    int result;

    if (reason != NULL)
        return leave_out(scanner, reason);
    if (scanner->header.type == TAR_HARD_LINK) {
        target = hard_link_target(scanner);
        if (target == NULL)
            return leave_out(scanner, "a hard link to no earlier file");
    }
    result = tar_path_make(&scanner->path, scanner->index, member_name(scanner), &entry);
    if (result == -ENOMEM)
        return result;
    return result != 0 ? leave_out(scanner, reason_for(result)) : fill_in(scanner, entry, target);
}

int scan_member(struct scanner *scanner)
{
    struct tar_header *header = &scanner->header;
    int result = 0;

    if (scanner->extension.has_size)
        header->size = scanner->extension.size;
    else if (scanner->global.has_size)
        header->size = scanner->global.size;
    settle_type(header, member_name(scanner));
    if (header->type == TAR_GNU_SPARSE)
        result = read_old_map(scanner);
    if (result == 0 && !scan_inside(scanner, scanner->offset + TAR_BLOCK, header->size))
        return scan_damaged(scanner,
                            "data go on behind the device's end: the archive is truncated");
    if (result == 0 && scanner->extension.sparse && scanner->extension.unusable == NULL)
        result = settle_map(scanner);
    if (result == 0 && header->type != TAR_GNU_LABEL)
        result = take(scanner);
    return result;
}
