/* SPDX-License-Identifier: MIT */
/*
 * Decode one tar header: 512 bytes of fixed fields.
 *
 *   offset size            offset size            offset size
 *        0  100 name          148    8 checksum      329    8 device major
 *      100    8 mode          156    1 type flag     337    8 device minor
 *      108    8 uid           157  100 link name     345  155 name prefix (POSIX magic only)
 *      116    8 gid           257    6 magic
 *      124   12 size          263    2 version
 *      136   12 mtime         265   64 user, group
 *
 * What GNU tar keeps of a sparse file where the prefix would be is read in tarfs_member.c.
 *
 * Numbers are octal digits, with spaces before and a space or NUL behind, or, with the first byte's
 * top bit set, big-endian two's complement. The checksum is the sum of all bytes with its own field
 * taken as spaces; some old writers summed signed bytes.
 */
#include <errno.h>
#include <string.h>

#include "tarfs.h"

#define CHECKSUM_OFFSET 148u
#define CHECKSUM_SIZE 8u

static bool base256(const unsigned char *field, size_t size, uint64_t *value)
{
    uint64_t number = field[0] & 0x3f;
    size_t i;

    if ((field[0] & 0x40) != 0)
        return false; /* negative */
    for (i = 1; i < size; i++) {
        if (number >> 55 != 0)
            return false;
        number = number << 8 | field[i];
    }
    *value = number;
    return true;
}

bool tar_decode_number(const unsigned char *field, size_t size, uint64_t *value)
{
    uint64_t number = 0;
    size_t i = 0;

    if ((field[0] & 0x80) != 0)
        return base256(field, size, value);
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size; i++) {
        unsigned int digit = field[i] - (unsigned int)'0';

        if (digit > 7)
            break;
        number = number << 3 | digit;
    }
    *value = number;
    return i == size || field[i] == ' ' || field[i] == '\0';
}

static bool in_checksum(size_t i)
{
    return i - CHECKSUM_OFFSET < CHECKSUM_SIZE;
}

/* What taking bytes as signed makes of the sum: 256 less for each with its top bit set. */
static uint64_t sign_part(const unsigned char *block)
{
    uint64_t part = 0;
    size_t i;

    for (i = 0; i < TAR_BLOCK; i++)
        if (!in_checksum(i) && (block[i] & 0x80) != 0)
            part += 256;
    return part;
}

static bool checksum_holds(const unsigned char *block)
{
    uint64_t recorded, sum = tar_block_sum(block) + CHECKSUM_SIZE * ' ';
    size_t i;

    if (!tar_decode_number(block + CHECKSUM_OFFSET, CHECKSUM_SIZE, &recorded))
        return false;
    for (i = CHECKSUM_OFFSET; in_checksum(i); i++)
        sum -= block[i];
    return recorded == sum || recorded == sum - sign_part(block);
}

static bool all_zeros(const unsigned char *block)
{
    return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

static size_t copy_field(char *to, const unsigned char *field, size_t size)
{
    size_t length = strnlen((const char *)field, size);

    memcpy(to, field, length);
    to[length] = '\0';
    return length;
}

static void decode_name(const unsigned char *block, struct tar_header *header)
{
    size_t end = 0;

    if (memcmp(block + 257, "ustar", 6) == 0 && block[345] != '\0') {
        end = copy_field(header->name, block + 345, 155);
        header->name[end++] = '/';
    }
    copy_field(header->name + end, block, 100);
}

/* Times before 1970 are binary, in two's complement. What is no time is 0. */
static int64_t decode_time(const unsigned char *field)
{
    uint64_t number = UINT64_MAX;
    size_t i;

    if (field[0] != 0xff)
        return tar_decode_number(field, 12, &number) ? (int64_t)number : 0;
    for (i = 0; i < 12; i++)
        number = number << 8 | field[i];
    return (int64_t)number;
}

bool tar_is_extension(char type)
{
    return type == TAR_PAX || type == TAR_PAX_GLOBAL || type == TAR_GNU_LONG_NAME ||
           type == TAR_GNU_LONG_LINK;
}

/* A number of a user or group; what is none is 0, which pax headers tell better. */
static uint32_t decode_owner(const unsigned char *field)
{
    uint64_t number;

    return tar_decode_number(field, 8, &number) && number <= UINT32_MAX ? (uint32_t)number : 0;
}

int tar_header_decode(const unsigned char *block, struct tar_header *header, const char **problem)
{
    uint64_t mode;

    if (all_zeros(block))
        return 0;
    if (!checksum_holds(block)) {
        *problem = "bad header checksum";
        return -EINVAL;
    }
    if (!tar_decode_number(block + 124, 12, &header->size)) {
        *problem = "bad size in a header";
        return -EINVAL;
    }
    header->type = block[156] != '\0' ? (char)block[156] : TAR_FILE;
    if (tar_is_extension(header->type))
        return 1; /* of which the rest says nothing */
    header->uid = decode_owner(block + 108);
    header->gid = decode_owner(block + 116);
    header->mtime = decode_time(block + 136);
    if (!tar_decode_number(block + 100, 8, &mode))
        mode = 0444;
    header->mode = (uint32_t)mode & FILE_PERMISSIONS;
    decode_name(block, header);
    copy_field(header->link, block + 157, 100);
    return 1;
}
