/* SPDX-License-Identifier: MIT */
#include "tar_writer.h"

#include <stdio.h>
#include <string.h>

void tar_start(struct tar_writer *tar)
{
    memset(tar->data, 0, tar->size > 16384 ? tar->size : 16384);
    tar->size = 0;
}

void tar_checksum(unsigned char *header)
{
    unsigned int i, sum = 0;

    memset(header + 148, ' ', 8);
    for (i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static void put_text(unsigned char *to, const char *text, size_t size)
{
    size_t length = strlen(text);

    memcpy(to, text, length < size ? length : size);
}

static void add(struct tar_writer *tar, char type, const char *prefix, const char *name,
                const char *link, const void *data, size_t length)
{
    unsigned char *header = tar->data + tar->size;

    memset(header, 0, 512 + (length + 511) / 512 * 512);
    put_text(header, name, 100);
    put_text(header + 100, "0000644", 8);
    put_text(header + 108, "0000000", 8);
    put_text(header + 116, "0000000", 8);
    snprintf((char *)header + 124, 12, "%011zo", length);
    snprintf((char *)header + 136, 12, "%011o", 1234567890);
    header[156] = (unsigned char)type;
    put_text(header + 157, link, 100);
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    put_text(header + 345, prefix, 155);
    tar_checksum(header);
    memcpy(header + 512, data, length);
    tar->size += 512 + (length + 511) / 512 * 512;
}

void tar_member(struct tar_writer *tar, char type, const char *name, const char *link,
                const char *text)
{
    add(tar, type, "", name, link, text, strlen(text));
}

void tar_prefix_member(struct tar_writer *tar, const char *prefix, const char *name,
                       const char *text)
{
    add(tar, '0', prefix, name, "", text, strlen(text));
}

void tar_gnu_long(struct tar_writer *tar, char type, const char *name)
{
    add(tar, type, "", "././@LongLink", "", name, strlen(name) + 1);
}

void tar_pax(struct tar_writer *tar, const char *key, const char *value)
{
    char record[2048];
    int length = (int)(strlen(key) + strlen(value) + 3), digits = 1, total;

    for (total = length + digits; snprintf(NULL, 0, "%d", total) != digits; total = length + digits)
        digits++;
    snprintf(record, sizeof(record), "%d %s=%s\n", total, key, value);
    add(tar, 'x', "", "PaxHeaders/x", "", record, strlen(record));
}

void tar_end(struct tar_writer *tar)
{
    memset(tar->data + tar->size, 0, 1024);
    tar->size += 1024;
}
