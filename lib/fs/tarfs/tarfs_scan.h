/* SPDX-License-Identifier: MIT */
/* Between the walk through an archive (tarfs_scan.c) and its members (tarfs_member.c). */
#ifndef LIB_FS_TARFS_SCAN_H
#define LIB_FS_TARFS_SCAN_H

#include "tarfs.h"

struct scanner {
    struct block_device *device;
    struct tar_index *index;
    struct log_limit *log;
    uint64_t offset;                /* of the block to decode next */
    unsigned char block[TAR_BLOCK]; /* the last one read */
    struct tar_header header;       /* decoded from it */
    struct tar_extension global;    /* of all members from here on */
    struct tar_extension extension; /* of the next member */
    struct tar_path path;
    char *data;              /* of the last extended header, */
    size_t room;             /* and how much may be there */
    unsigned int extensions; /* headers since the last member */
    const char *problem;     /* the damage that ended the walk */
    unsigned int left_out;
    uint64_t first_left_out;
    const char *first_reason;
};

/* Read from the archive, for the digest too. 0, or the device's error. */
int scan_read(struct scanner *scanner, uint64_t offset, void *data, size_t length);
/* The walk ends here: -EINVAL. */
int scan_damaged(struct scanner *scanner, const char *problem);
bool scan_inside(const struct scanner *scanner, uint64_t offset, uint64_t size);

/*
 * Take the member whose header was decoded last, with its extensions; then scanner->offset is that
 * of its last header block, and header.size what its data take. 0 (also when it was left out),
 * -EINVAL for damage, -ENOMEM, or the device's error.
 */
int scan_member(struct scanner *scanner);

#endif
