/* SPDX-License-Identifier: MIT */
/*
 * What is known of a file beside its contents: the kernel's own struct, with Linux' numbers. Doors
 * to programs translate it into their struct stat.
 */
#ifndef LIB_FILE_ATTRIBUTES_H
#define LIB_FILE_ATTRIBUTES_H

#include <stdbool.h>
#include <stdint.h>

/* The type, in `mode`; the rest of it is permissions. */
#define FILE_TYPE 0170000u
#define FILE_FIFO 0010000u
#define FILE_CHARACTER 0020000u
#define FILE_DIRECTORY 0040000u
#define FILE_BLOCK 0060000u
#define FILE_REGULAR 0100000u
#define FILE_LINK 0120000u
#define FILE_SOCKET 0140000u
#define FILE_PERMISSIONS 07777u

struct file_attributes {
    uint64_t device; /* the mount; with `inode` the file's identity */
    uint64_t inode;
    uint64_t size;                       /* bytes */
    uint64_t blocks;                     /* of 512 bytes, that it takes */
    uint64_t special;                    /* of a device file: which device */
    int64_t accessed, modified, changed; /* nanoseconds since 1970 */
    uint32_t mode, links, uid, gid;
    uint32_t block_size; /* good for transfers */
};

static inline uint32_t file_type(const struct file_attributes *attributes)
{
    return attributes->mode & FILE_TYPE;
}

/* The DT_… value of a directory's entry. */
static inline unsigned char directory_entry_type(uint32_t mode)
{
    return (unsigned char)((mode & FILE_TYPE) >> 12);
}

#endif
