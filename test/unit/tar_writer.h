/* SPDX-License-Identifier: MIT */
/* Writes tar archives into memory, for tests. */
#ifndef TEST_TAR_WRITER_H
#define TEST_TAR_WRITER_H

#include <stddef.h>

struct tar_writer {
    size_t size;
    unsigned char data[2 * 1024 * 1024];
};

void tar_start(struct tar_writer *tar);
/* A member with text as its data. */
void tar_member(struct tar_writer *tar, char type, const char *name, const char *link,
                const char *text);
void tar_prefix_member(struct tar_writer *tar, const char *prefix, const char *name,
                       const char *text);
/* GNU's long name ('L') or link ('K'), and a pax header with one record, for the next member. */
void tar_gnu_long(struct tar_writer *tar, char type, const char *name);
void tar_pax(struct tar_writer *tar, const char *key, const char *value);
/* The two blocks of zeros. */
void tar_end(struct tar_writer *tar);
/* Make a header's checksum right again. */
void tar_checksum(unsigned char *header);

#endif
