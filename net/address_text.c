/* SPDX-License-Identifier: MIT */
/*
 * IP addresses as text and back. See address_text.h for the accepted forms.
 */
#include <string.h>

#include "address_text.h"

#define GROUPS 8

bool net_parse_number(const char *text, size_t length, uint32_t maximum, uint32_t *number)
{
    uint64_t value = 0;
    size_t index;

    if (length == 0 || length > 10)
        return false;
    for (index = 0; index < length; index++) {
        if (text[index] < '0' || text[index] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[index] - '0');
    }
    if (value > maximum)
        return false;
    *number = (uint32_t)value;
    return true;
}

bool net_parse_ipv4(const char *text, size_t length, uint8_t bytes[4])
{
    const char *end = text + length;
    unsigned int part;

    for (part = 0; part < 4; part++) {
        const char *dot = part < 3 ? memchr(text, '.', (size_t)(end - text)) : end;
        uint32_t number;

        if (!dot || (dot - text > 1 && *text == '0') ||
            !net_parse_number(text, (size_t)(dot - text), 255, &number))
            return false;
        bytes[part] = (uint8_t)number;
        text = part < 3 ? dot + 1 : dot;
    }
    return true;
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

static bool parse_group(const char *text, size_t length, uint8_t bytes[2])
{
    unsigned int value = 0;
    size_t index;

    if (length == 0 || length > 4)
        return false;
    for (index = 0; index < length; index++) {
        int digit = hex_digit(text[index]);

        if (digit < 0)
            return false;
        value = value << 4 | (unsigned int)digit;
    }
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return true;
}

/* One side of "::" (or all of an address without it): groups between colons, at most `room`; their
 * number, or -1. */
static int parse_groups(const char *text, size_t length, uint8_t *bytes, int room)
{
    const char *end = text + length;
    int groups = 0;

    if (length == 0)
        return 0;
    for (;;) {
        const char *colon = memchr(text, ':', (size_t)(end - text));
        size_t part = (size_t)((colon ? colon : end) - text);

        if (!colon && memchr(text, '.', part)) {
            if (room - groups < 2 || !net_parse_ipv4(text, part, bytes + groups * 2))
                return -1;
            return groups + 2;
        }
        if (groups == room || !parse_group(text, part, bytes + groups * 2))
            return -1;
        groups++;
        if (!colon)
            return groups;
        text = colon + 1;
    }
}

static const char *find_gap(const char *text, size_t length)
{
    size_t index;

    for (index = 0; index + 1 < length; index++) {
        if (text[index] == ':' && text[index + 1] == ':')
            return text + index;
    }
    return NULL;
}

bool net_parse_ipv6(const char *text, size_t length, uint8_t bytes[16])
{
    const char *gap = find_gap(text, length);
    uint8_t tail[16];
    int before, after;

    memset(bytes, 0, 16);
    if (!gap)
        return length > 0 && parse_groups(text, length, bytes, GROUPS) == GROUPS;
    if (memchr(text, '.', (size_t)(gap - text)))
        return false;
    before = parse_groups(text, (size_t)(gap - text), bytes, GROUPS - 1);
    if (before < 0)
        return false;
    after = parse_groups(gap + 2, length - (size_t)(gap + 2 - text), tail, GROUPS - 1 - before);
    if (after < 0)
        return false;
    memcpy(bytes + 16 - after * 2, tail, (size_t)after * 2);
    return true;
}

static size_t format_decimal(unsigned int value, char *text)
{
    size_t length = 0;

    if (value >= 100)
        text[length++] = (char)('0' + value / 100);
    if (value >= 10)
        text[length++] = (char)('0' + value / 10 % 10);
    text[length++] = (char)('0' + value % 10);
    return length;
}

size_t net_format_ipv4(const uint8_t bytes[4], char *text)
{
    size_t length = 0;
    unsigned int part;

    for (part = 0; part < 4; part++) {
        length += format_decimal(bytes[part], text + length);
        text[length++] = part < 3 ? '.' : '\0';
    }
    return length - 1;
}

static unsigned int group_of(const uint8_t bytes[16], unsigned int group)
{
    return (unsigned int)bytes[group * 2] << 8 | bytes[group * 2 + 1];
}

static size_t format_group(unsigned int value, char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;
    int shift;

    for (shift = 12; shift >= 0; shift -= 4) {
        if (value >> shift || shift == 0)
            text[length++] = digits[value >> shift & 15];
    }
    return length;
}

/* The longest run of at least two zero groups, the first of equals; its length goes to *count (0:
 * none). */
static unsigned int longest_zeros(const uint8_t bytes[16], unsigned int *count)
{
    unsigned int group, start = 0, best = 0, run = 0;

    *count = 0;
    for (group = 0; group < GROUPS; group++) {
        run = group_of(bytes, group) == 0 ? run + 1 : 0;
        if (run == 1)
            start = group;
        if (run >= 2 && run > *count) {
            best = start;
            *count = run;
        }
    }
    return best;
}

size_t net_format_ipv6(const uint8_t bytes[16], char *text)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    unsigned int group = 0, zeros, gap = longest_zeros(bytes, &zeros);
    size_t length = 0;

    if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        memcpy(text, "::ffff:", 7);
        return 7 + net_format_ipv4(bytes + 12, text + 7);
    }
    while (group < GROUPS) {
        if (zeros && group == gap) {
            text[length++] = ':';
            group += zeros;
            if (group == GROUPS)
                text[length++] = ':';
            continue;
        }
        if (group > 0)
            text[length++] = ':';
        length += format_group(group_of(bytes, group), text + length);
        group++;
    }
    text[length] = '\0';
    return length;
}
