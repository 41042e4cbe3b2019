/* SPDX-License-Identifier: MIT */
// SRCS: lib/fs/erofs/super.c lib/fs/erofs/inode.c lib/fs/erofs/data.c lib/fs/erofs/directory.c lib/fs/erofs/index.c lib/fs/erofs/compressed.c $(LZ4_SRCS)
/*
 * EROFS on a disk that lies: an image of mkfs.erofs, bytes of which the input changes. Everything
 * is looked up, listed and read; each call ends, with an answer or an error, and reads and writes
 * only what it may.
 */
#include "../../lib/fs/erofs/erofs.h"

#include <errno.h>
#include <stdarg.h>

#include "../unit/erofs_image.h"
#include "fuzz.h"
#include "lib/base/printk.h"
#include "lib/fs/disk_cache.h"
#include "lib/mm/pages.h"

#define WAYS 5u
#define ENTRIES_MAX \
    40u /* of a directory; a block of it may have 340, and many blocks be the same */
#define DEPTH_MAX 4u
#define READ_MAX 100000u

static struct block_device device = { .name = "xvda" };
static unsigned char *images[WAYS], *disk;
static size_t sizes[WAYS], disk_size;

int disk_read_all(struct block_device *from, uint64_t offset, void *buffer, size_t length)
{
    (void)from;
    if (offset > disk_size || length > disk_size - offset)
        return -ENXIO;
    memcpy(buffer, disk + offset, length);
    return 0;
}

void printk(const char *format, ...)
{
    (void)format;
}

void *pages_alloc(unsigned int order)
{
    return malloc(PAGE_SIZE << order);
}

void pages_free(void *block, unsigned int order)
{
    (void)order;
    free(block);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const ways[WAYS] = { "", "-zlz4", "-zlz4 -C65536", "-zlz4 -Elegacy-compress",
                                            "--chunksize=8192" };

    (void)argc;
    (void)argv;
    if (make_tree() != 0)
        abort();
    for (unsigned int i = 0; i < WAYS; i++) {
        make_image(ways[i]);
        sizes[i] = image_size;
        images[i] = malloc(image_size);
        memcpy(images[i], image, image_size);
        if (image_size == 0)
            abort();
    }
    remove_tree();
    return 0;
}

static void read_parts(const struct erofs *erofs, const struct erofs_inode *inode)
{
    size_t length = inode->size < READ_MAX ? inode->size : READ_MAX;
    unsigned char *data = malloc(length + 1);

    erofs_read(erofs, inode, 0, data, length);
    if (inode->size > 0) {
        uint64_t offset = fuzz_word() % inode->size;

        erofs_read(erofs, inode, offset, data,
                   inode->size - offset < length ? inode->size - offset : length);
    }
    free(data);
}

static void visit(const struct erofs *erofs, uint64_t nid, unsigned int depth)
{
    struct erofs_inode inode;
    struct erofs_name name;
    uint64_t position = 0, found;

    if (erofs_read_inode(erofs, nid, &inode) != 0)
        return;
    if ((inode.mode & 0170000) != 0040000) {
        read_parts(erofs, &inode);
        return;
    }
    for (unsigned int i = 0; i < ENTRIES_MAX; i++) {
        if (erofs_next(erofs, &inode, &position, &name) != 1)
            break;
        erofs_look_up(erofs, &inode, name.text, name.length, &found);
        if (depth < DEPTH_MAX && strcmp(name.text, ".") != 0 && strcmp(name.text, "..") != 0)
            visit(erofs, name.nid, depth + 1);
    }
    erofs_look_up(erofs, &inode, "text", 4, &found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct erofs erofs;
    unsigned int way;

    fuzz_start(data, size);
    way = fuzz_below(WAYS);
    disk_size = sizes[way];
    disk = malloc(disk_size);
    memcpy(disk, images[way], disk_size);
    disk[EROFS_SUPERBLOCK_OFFSET + 8] &= ~EROFS_HAS_CHECKSUM;
    for (unsigned int i = 0; fuzz_left() && i < 100; i++) {
        /* Most of what matters lies at the beginning. */
        uint32_t where = EROFS_SUPERBLOCK_OFFSET +
                         fuzz_below(fuzz_below(4) > 0 ? 16384 : (uint32_t)disk_size - 1024);

        disk[where < disk_size ? where : 0] = (unsigned char)fuzz_below(256);
    }
    if (erofs_open(&erofs, &device) == 0)
        visit(&erofs, erofs.super.root, 0);
    free(disk);
    return 0;
}
