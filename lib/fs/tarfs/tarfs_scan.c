/* SPDX-License-Identifier: MIT */
/*
 * The walk through an archive's headers.
 *
 * A member is a header block and its data, rounded up to blocks; headers of type x, L and K stand
 * before a member and extend its header. The archive ends with two blocks of zeros. Three kinds of
 * fault:
 *
 *   - a member that cannot be offered (a name that leads out of the archive, a device file, a
 *     sparse file, a link to nothing, a file used as a directory) is left out, and counted;
 *   - damage (a bad checksum or number, data behind the device's end, no end marker) ends the walk:
 *     what stood before it is offered. At the very first header it means that this is no archive:
 *     -EINVAL;
 *   - an error of the device or lack of memory: no mount.
 *
 * One line says how it went, with the device and the offset. Of two members with one name the later
 * counts, except that nothing replaces a directory that is not empty.
 */
#include <errno.h>
#include <string.h>

#include "lib/block/blockcache.h"
#include "lib/base/printk.h"
#include "tarfs.h"
#include "lib/mm/heap.h"

#define PAX_HEADER_MAXIMUM 65536u
#define EXTENSIONS_IN_A_ROW 16u

struct scanner {
    struct block_device *device;
    struct tar_index *index;
    struct log_limit *log;
    uint64_t offset;             /* of the block to decode next */
    struct tar_header header;
    struct tar_extension extension;
    unsigned int extensions;     /* headers since the last member */
    const char *problem;         /* the damage that ended the walk */
    unsigned int left_out;
    uint64_t first_left_out;
    const char *first_reason;
};

static uint64_t rounded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
}

static int damaged(struct scanner *scanner, const char *problem)
{
    scanner->problem = problem;
    return -EINVAL;
}

static int leave_out(struct scanner *scanner, const char *reason)
{
    if (scanner->left_out++ == 0) {
        scanner->first_left_out = scanner->offset;
        scanner->first_reason = reason;
    }
    return 0;
}

static bool inside(const struct scanner *scanner, uint64_t offset, uint64_t size)
{
    return offset <= scanner->device->size && size <= scanner->device->size - offset;
}

/* Mix what was read into the index's digest, a word at a time. */
static void add_to_digest(struct tar_index *index, const unsigned char *data, size_t length)
{
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        size_t rest = length - i;
        uint64_t word = 0;

        memcpy(&word, data + i, rest < sizeof(word) ? rest : sizeof(word));
        index->digest = (index->digest ^ word) * 0x9e3779b97f4a7c15u;
        index->digest ^= index->digest >> 29;
    }
}

static int read_archive(struct scanner *scanner, uint64_t offset, void *data, size_t length)
{
    int result = block_cache_read(scanner->device, offset, data, length);

    if (result == 0)
        add_to_digest(scanner->index, data, length);
    return result;
}

/* The data of an extended header, terminated. NULL with *result. */
static char *read_extension(struct scanner *scanner, uint64_t size, int *result)
{
    char *data = kernel_alloc(size + 1);

    *result = -ENOMEM;
    if (data == NULL)
        return NULL;
    *result = read_archive(scanner, scanner->offset + TAR_BLOCK, data, size);
    if (*result != 0) {
        kernel_free(data);
        return NULL;
    }
    data[size] = '\0';
    return data;
}

static void apply_long_name(struct tar_extension *extension, char type, const char *name)
{
    bool is_name = type == TAR_GNU_LONG_NAME;
    char *to = is_name ? extension->name : extension->link;

    if (tar_copy_name(to, name, strlen(name)) != 0)
        extension->unusable = true;
    else if (is_name)
        extension->has_name = true;
    else
        extension->has_link = true;
}

static int take_extension(struct scanner *scanner)
{
    const struct tar_header *header = &scanner->header;
    const char *problem = NULL;
    char *data;
    int result;

    if (++scanner->extensions > EXTENSIONS_IN_A_ROW)
        return damaged(scanner, "too many extended headers in a row");
    if (header->type == TAR_PAX_GLOBAL)
        return 0; /* defaults for all members: nothing that is used here belongs there */
    if (header->size > PAX_HEADER_MAXIMUM)
        return damaged(scanner, "an extended header of more than 64 KiB");
    data = read_extension(scanner, header->size, &result);
    if (data == NULL)
        return result;
    if (header->type == TAR_PAX)
        problem = tar_pax_apply(data, header->size, &scanner->extension);
    else
        apply_long_name(&scanner->extension, header->type, data);
    kernel_free(data);
    return problem != NULL ? damaged(scanner, problem) : 0;
}

static const char *reason_for(int result)
{
    switch (result) {
    case -ENOTDIR:
        return "a file is used as a directory";
    case -ENAMETOOLONG:
        return "the name is too long";
    default:
        return "the name is empty or leads out of the archive";
    }
}

/* What a hard link leads to: an earlier file or symbolic link, or NULL. */
static const struct tar_entry *hard_link_target(struct scanner *scanner)
{
    const char *path = scanner->extension.has_link ? scanner->extension.link
                                                   : scanner->header.link;
    const struct tar_entry *target = tar_index_exact(scanner->index, path);

    return target != NULL && !S_ISDIR(target->mode) ? target : NULL;
}

static int copy_target(struct tar_entry *entry, const struct tar_entry *target)
{
    entry->mode = target->mode;
    entry->serial = target->serial;
    entry->mtime = target->mtime;
    if (S_ISLNK(target->mode))
        entry->target = target->target;
    else
        entry->data = target->data;
    return 0;
}

static int fill_in(struct scanner *scanner, struct tar_entry *entry)
{
    const struct tar_header *header = &scanner->header;
    const struct tar_extension *extension = &scanner->extension;
    bool is_directory = S_ISDIR(entry->mode);

    if (is_directory && header->type != TAR_DIRECTORY && entry->children.first != NULL)
        return leave_out(scanner, "a file in the place of a directory");
    if (header->type == TAR_HARD_LINK)
        return copy_target(entry, hard_link_target(scanner));
    entry->mtime = (int64_t)(extension->has_mtime ? extension->mtime : header->mtime);
    if (header->type == TAR_SYMBOLIC_LINK)
        return tar_entry_set_link(scanner->index, entry,
                                  extension->has_link ? extension->link : header->link);
    if (header->type == TAR_DIRECTORY) {
        tar_entry_set_directory(entry);
        entry->mode = (uint16_t)(S_IFDIR | header->mode);
        return 0;
    }
    entry->mode = (uint16_t)(S_IFREG | header->mode);
    entry->data.offset = scanner->offset + TAR_BLOCK;
    entry->data.size = header->size;
    return 0;
}

static bool offered(char type)
{
    return type == TAR_FILE || type == TAR_HARD_LINK || type == TAR_SYMBOLIC_LINK
           || type == TAR_DIRECTORY || type == TAR_CONTIGUOUS;
}

static int take_member(struct scanner *scanner, const char *name)
{
    struct tar_entry *entry;
    int result;

    if (!offered(scanner->header.type))
        return leave_out(scanner, "no file, directory or link");
    if (scanner->extension.unusable)
        return leave_out(scanner, "a sparse file, or a name that cannot be");
    if (scanner->header.type == TAR_HARD_LINK && hard_link_target(scanner) == NULL)
        return leave_out(scanner, "a hard link to no earlier file");
    result = tar_index_make(scanner->index, name, &entry);
    if (result == -ENOMEM)
        return result;
    return result != 0 ? leave_out(scanner, reason_for(result)) : fill_in(scanner, entry);
}

/* Types whose size field says nothing about data behind the header. */
static bool has_data(char type)
{
    return type < TAR_HARD_LINK || type > '6';
}

/* GNU sparse files: blocks with more of their map stand between the header and the data. */
static int skip_sparse_map(struct scanner *scanner, bool goes_on)
{
    unsigned char block[TAR_BLOCK];
    int result = 0;

    while (result == 0 && goes_on) {
        scanner->offset += TAR_BLOCK;
        if (!inside(scanner, scanner->offset, TAR_BLOCK))
            return damaged(scanner, "a sparse file's map goes on behind the device's end");
        result = read_archive(scanner, scanner->offset, block, TAR_BLOCK);
        goes_on = block[504] != 0;
    }
    return result;
}

/* Names of old archives tell directories by a slash at the end. */
static void settle_type(struct tar_header *header, const char *name)
{
    size_t length = strlen(name);

    if ((header->type == TAR_FILE || header->type == TAR_CONTIGUOUS) && length > 0
        && name[length - 1] == '/')
        header->type = TAR_DIRECTORY;
    if (!has_data(header->type))
        header->size = 0;
}

static bool is_extension(char type)
{
    return type == TAR_PAX || type == TAR_PAX_GLOBAL || type == TAR_GNU_LONG_NAME
           || type == TAR_GNU_LONG_LINK;
}

static void forget_extension(struct scanner *scanner)
{
    struct tar_extension *extension = &scanner->extension;

    extension->has_name = extension->has_link = false;
    extension->has_size = extension->has_mtime = extension->unusable = false;
    scanner->extensions = 0;
}

/* One header, decoded; move behind it and its data. */
static int take_header(struct scanner *scanner)
{
    struct tar_header *header = &scanner->header;
    const char *name = scanner->extension.has_name ? scanner->extension.name : header->name;
    bool extends = is_extension(header->type);
    int result = 0;

    if (!extends && scanner->extension.has_size)
        header->size = scanner->extension.size;
    if (!extends)
        settle_type(header, name);
    if (header->type == TAR_GNU_SPARSE)
        result = skip_sparse_map(scanner, header->sparse_goes_on);
    if (result == 0 && !inside(scanner, scanner->offset + TAR_BLOCK, header->size))
        return damaged(scanner, "data go on behind the device's end: the archive is truncated");
    if (result == 0)
        result = extends ? take_extension(scanner) : take_member(scanner, name);
    if (!extends)
        forget_extension(scanner);
    if (result == 0)
        scanner->offset += TAR_BLOCK + rounded(header->size);
    return result;
}

/* The first block of zeros: another should follow. */
static int check_end(struct scanner *scanner)
{
    unsigned char block[TAR_BLOCK];
    struct tar_header ignored;
    const char *problem = NULL;
    int result;

    if (!inside(scanner, scanner->offset + TAR_BLOCK, TAR_BLOCK))
        return 0;
    result = read_archive(scanner, scanner->offset + TAR_BLOCK, block, TAR_BLOCK);
    if (result != 0)
        return result;
    if (tar_header_decode(block, &ignored, &problem) == 0)
        return 0;
    return damaged(scanner, "a lone block of zeros");
}

static int scan_all(struct scanner *scanner)
{
    unsigned char block[TAR_BLOCK];
    int result;

    while (inside(scanner, scanner->offset, TAR_BLOCK)) {
        result = read_archive(scanner, scanner->offset, block, TAR_BLOCK);
        if (result != 0)
            return result;
        result = tar_header_decode(block, &scanner->header, &scanner->problem);
        if (result == 0)
            return check_end(scanner);
        if (result > 0)
            result = take_header(scanner);
        if (result != 0)
            return result;
    }
    return damaged(scanner, "no end marker");
}

/* What went wrong with the whole, or nothing; then what was left out, or nothing. */
static int report(const struct scanner *scanner, int result)
{
    const char *device = scanner->device->name;
    size_t entries = scanner->index->entries - 1; /* without the root */

    if (result != 0 && scanner->problem == NULL)
        printk_limited(scanner->log,
                       "tarfs: %s: error %d at byte %llu, after %zu entries: not mounted", device,
                       result, (unsigned long long)scanner->offset, entries);
    else if (scanner->problem != NULL && entries == 0 && scanner->left_out == 0)
        printk_limited(scanner->log, "tarfs: %s holds no archive: %s at byte %llu", device,
                       scanner->problem, (unsigned long long)scanner->offset);
    else if (scanner->problem != NULL)
        printk_limited(scanner->log,
                       "tarfs: %s: %s at byte %llu: offering the %zu entries before it", device,
                       scanner->problem, (unsigned long long)scanner->offset, entries);
    else
        printk_limited(scanner->log, "tarfs: %s: %zu entries%s", device, entries,
                       entries == 0 ? " (an empty archive)" : "");
    if (scanner->left_out > 0)
        printk_limited(scanner->log, "tarfs: %s: %u entries left out, the first at byte %llu: %s",
                       device, scanner->left_out, (unsigned long long)scanner->first_left_out,
                       scanner->first_reason);
    if (scanner->problem != NULL)
        return entries == 0 && scanner->left_out == 0 ? -EINVAL : 0;
    return result;
}

int tar_scan(struct block_device *device, struct tar_index *index, struct log_limit *log)
{
    struct scanner *scanner;
    int result;

    if (device->size < TAR_BLOCK) {
        printk_limited(log, "tarfs: %s is empty: %llu bytes", device->name,
                       (unsigned long long)device->size);
        return -EINVAL;
    }
    scanner = kernel_alloc_zeroed(1, sizeof(*scanner));
    if (scanner == NULL) {
        printk_limited(log, "tarfs: %s: no memory", device->name);
        return -ENOMEM;
    }
    scanner->device = device;
    scanner->index = index;
    scanner->log = log;
    result = report(scanner, scan_all(scanner));
    kernel_free(scanner);
    return result;
}
