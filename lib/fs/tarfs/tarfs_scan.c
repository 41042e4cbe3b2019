/* SPDX-License-Identifier: MIT */
/*
 * The walk through an archive's headers.
 *
 * A member is a header block and its data, rounded up to blocks; headers of type x, L and K stand
 * before a member and extend its header, those of type g extend all that follow. The archive ends
 * with two blocks of zeros. Three kinds of fault:
 *
 *   - a member that cannot be offered is left out, named and counted (tarfs_member.c);
 *   - damage (a bad checksum or number, data behind the device's end, no end marker) ends the walk:
 *     what stood before it is offered. At the very first header it means that this is no archive:
 *     -EINVAL, and a line that says what it is instead;
 *   - an error of the device or lack of memory: no mount.
 *
 * One line says how it went, with the device and the offset. Of two members with one name the later
 * counts, except that nothing replaces a directory that is not empty.
 */
#include <errno.h>
#include <string.h>

#include "lib/fs/disk_cache.h"
#include "lib/base/printk.h"
#include "lib/mm/heap.h"
#include "tarfs_scan.h"

#define EXTENSION_MAXIMUM (1u << 20)
#define EXTENSIONS_IN_A_ROW 16u

static uint64_t rounded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
}

int scan_damaged(struct scanner *scanner, const char *problem)
{
    scanner->problem = problem;
    return -EINVAL;
}

bool scan_inside(const struct scanner *scanner, uint64_t offset, uint64_t size)
{
    return offset <= scanner->device->size && size <= scanner->device->size - offset;
}

int scan_read(struct scanner *scanner, uint64_t offset, void *data, size_t length)
{
    int result = disk_read_all(scanner->device, offset, data, length);

    if (result == 0)
        scanner->index->digest = tar_digest(scanner->index->digest, data, length);
    return result;
}

/* Have room for an extended header's data, and a terminator. */
static int make_room(struct scanner *scanner, size_t size)
{
    char *larger;

    if (size < scanner->room)
        return 0;
    larger = kernel_alloc(size + 1);
    if (larger == NULL)
        return -ENOMEM;
    kernel_free(scanner->data);
    scanner->data = larger;
    scanner->room = size + 1;
    return 0;
}

/* The data of an extended header, terminated, in scanner->data. */
static int read_extension(struct scanner *scanner, size_t size)
{
    int result = make_room(scanner, size);

    if (result == 0)
        result = scan_read(scanner, scanner->offset + TAR_BLOCK, scanner->data, size);
    if (result == 0)
        scanner->data[size] = '\0';
    return result;
}

static void apply_long_name(struct tar_extension *extension, char type, const char *name)
{
    bool is_name = type == TAR_GNU_LONG_NAME;
    char *to = is_name ? extension->name : extension->link;

    if (tar_copy_name(to, name, strlen(name)) != 0)
        extension->unusable = "the name is too long";
    else if (is_name)
        extension->has_name = true;
    else
        extension->has_link = true;
}

static int apply_extension(struct scanner *scanner)
{
    const struct tar_header *header = &scanner->header;
    int result = 0;

    if (header->type == TAR_PAX || header->type == TAR_PAX_GLOBAL)
        result = tar_pax_apply(scanner->index, scanner->data, header->size,
                               header->type == TAR_PAX ? &scanner->extension : &scanner->global,
                               &scanner->problem);
    else
        apply_long_name(&scanner->extension, header->type, scanner->data);
    if (result != -EINVAL)
        scanner->problem = NULL;
    return result;
}

static int take_extension(struct scanner *scanner)
{
    const struct tar_header *header = &scanner->header;
    int result;

    if (++scanner->extensions > EXTENSIONS_IN_A_ROW)
        return scan_damaged(scanner, "too many extended headers in a row");
    if (header->size > EXTENSION_MAXIMUM)
        return scan_damaged(scanner, "an extended header of more than a MiB");
    result = read_extension(scanner, header->size);
    return result != 0 ? result : apply_extension(scanner);
}

/* One header, decoded; move behind it and its data. */
static int take_header(struct scanner *scanner)
{
    const struct tar_header *header = &scanner->header;
    int result;

    if (!tar_is_extension(header->type)) {
        result = scan_member(scanner);
        tar_extension_clear(&scanner->extension);
        scanner->extensions = 0;
    } else if (!scan_inside(scanner, scanner->offset + TAR_BLOCK, header->size)) {
        result =
            scan_damaged(scanner, "data go on behind the device's end: the archive is truncated");
    } else {
        result = take_extension(scanner);
    }
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

    if (!scan_inside(scanner, scanner->offset + TAR_BLOCK, TAR_BLOCK))
        return 0;
    result = scan_read(scanner, scanner->offset + TAR_BLOCK, block, TAR_BLOCK);
    if (result != 0)
        return result;
    if (tar_header_decode(block, &ignored, &problem) == 0)
        return 0;
    return scan_damaged(scanner, "a lone block of zeros");
}

static int scan_all(struct scanner *scanner)
{
    int result;

    while (scan_inside(scanner, scanner->offset, TAR_BLOCK)) {
        result = scan_read(scanner, scanner->offset, scanner->block, TAR_BLOCK);
        if (result != 0)
            return result;
        result = tar_header_decode(scanner->block, &scanner->header, &scanner->problem);
        if (result == 0)
            return check_end(scanner);
        if (result > 0)
            result = take_header(scanner);
        if (result != 0)
            return result;
    }
    return scan_damaged(scanner, "no end marker");
}

/* The disk holds no archive: is it something else that one may have taken for one? */
static void report_contents(const struct scanner *scanner, const char *contents)
{
    if (contents != NULL)
        printk_limited(scanner->log, "tarfs: %s holds no archive but %s", scanner->device->name,
                       contents);
    else
        printk_limited(scanner->log, "tarfs: %s holds no archive: %s at byte %llu",
                       scanner->device->name, scanner->problem,
                       (unsigned long long)scanner->offset);
}

static void report_error(const struct scanner *scanner, int result, size_t entries)
{
    const char *device = scanner->device->name;

    if (result == -ENOMEM)
        printk_limited(scanner->log,
                       "tarfs: %s: too little memory for an index: it is used up after %zu entries,"
                       " at byte %llu of %llu: not mounted",
                       device, entries, (unsigned long long)scanner->offset,
                       (unsigned long long)scanner->device->size);
    else
        printk_limited(scanner->log,
                       "tarfs: %s: error %d at byte %llu, after %zu entries: not mounted", device,
                       result, (unsigned long long)scanner->offset, entries);
}

/* What went wrong with the whole, or nothing; then how much was left out, or nothing. */
static int report(const struct scanner *scanner, int result)
{
    const char *device = scanner->device->name;
    size_t entries = scanner->index->entries - 1; /* without the root */
    bool nothing = entries == 0 && scanner->left_out == 0;
    const char *contents = nothing ? tar_contents(scanner->device) : NULL;

    if (result != 0 && scanner->problem == NULL)
        report_error(scanner, result, entries);
    else if (contents != NULL || (scanner->problem != NULL && nothing))
        report_contents(scanner, contents);
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
    if (contents != NULL) /* what begins with zeros looks like an empty archive */
        return result != 0 ? result : -EINVAL;
    if (scanner->problem != NULL)
        return nothing ? -EINVAL : 0;
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
    scanner->global.of_all = true;
    result = report(scanner, scan_all(scanner));
    tar_extension_clear(&scanner->extension);
    kernel_free(scanner->data);
    kernel_free(scanner);
    return result;
}
