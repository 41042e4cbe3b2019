/* SPDX-License-Identifier: MIT */
/*
 * bytes=first-last, bytes=first- and bytes=-suffix. Several ranges are ignored, as RFC 9110 allows:
 * a multipart answer helps no client we know of, and many small ranges are a known way to make
 * servers work hard.
 */
#include <stdbool.h>

#include "range.h"

/* Reads digits at *at, saturating; returns -1 if there are none. */
static int64_t read_number(const char *value, size_t len, size_t *at)
{
    int64_t number = -1;

    for (; *at < len && value[*at] >= '0' && value[*at] <= '9'; (*at)++) {
        int digit = value[*at] - '0';

        if (number < 0)
            number = digit;
        else if (number > (INT64_MAX - digit) / 10)
            number = INT64_MAX;
        else
            number = number * 10 + digit;
    }
    return number;
}

static bool has_bytes_unit(const char *value, size_t len)
{
    static const char unit[] = "bytes=";

    if (len < sizeof(unit) - 1)
        return false;
    for (size_t i = 0; i < sizeof(unit) - 2; i++) {
        if ((value[i] | 0x20) != unit[i])
            return false;
    }
    return value[sizeof(unit) - 2] == '=';
}

static void skip_blanks(const char *value, size_t len, size_t *at)
{
    while (*at < len && (value[*at] == ' ' || value[*at] == '\t'))
        (*at)++;
}

static enum range_verdict suffix(int64_t length, int64_t size, struct range *range)
{
    if (length < 0)
        return RANGE_IGNORED;
    if (length == 0 || size == 0)
        return RANGE_UNSATISFIABLE;
    range->first = length < size ? size - length : 0;
    range->last = size - 1;
    return RANGE_SATISFIABLE;
}

enum range_verdict range_parse(const char *value, size_t len, int64_t size, struct range *range)
{
    if (!has_bytes_unit(value, len))
        return RANGE_IGNORED;

    size_t at = 6;

    skip_blanks(value, len, &at);

    int64_t first = read_number(value, len, &at);

    if (at == len || value[at] != '-')
        return RANGE_IGNORED;
    at++;

    int64_t last = read_number(value, len, &at);

    skip_blanks(value, len, &at);
    if (at != len)
        return RANGE_IGNORED;
    if (first < 0)
        return suffix(last, size, range);
    if (last >= 0 && last < first)
        return RANGE_IGNORED;
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    range->first = first;
    range->last = last < 0 || last >= size ? size - 1 : last;
    return RANGE_SATISFIABLE;
}
