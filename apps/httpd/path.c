/* SPDX-License-Identifier: MIT */
/*
 * One pass: each byte is decoded and written, and when a segment ends, by '/' or %2F alike, it is
 * looked at in its decoded form. Invariant: out[0..segment) starts and ends with '/', and holds
 * only whole, good segments.
 */
#include <string.h>

#include "path.h"

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The byte at target[*at], decoded, with *at moved past it; -1 if the encoding is bad. */
static int next_byte(const char *target, size_t len, size_t *at)
{
    char byte = target[(*at)++];

    if (byte != '%')
        return (unsigned char)byte;
    if (len - *at < 2)
        return -1;

    int high = hex_digit(target[*at]);
    int low = hex_digit(target[*at + 1]);

    *at += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Start of the segment before the one that starts at `segment`, which is not the first. */
static size_t previous_segment(const char *out, size_t segment)
{
    size_t at = segment - 1;

    while (out[at - 1] != '/')
        at--;
    return at;
}

static bool is_hidden(const char *name, size_t len)
{
    static const char well_known[] = ".well-known";

    if (name[0] != '.')
        return false;
    return len != sizeof(well_known) - 1 || memcmp(name, well_known, len) != 0;
}

static bool is_forbidden(int byte)
{
    return byte < 0x20 || byte == 0x7f || byte == '\\';
}

/*
 * Judges out[segment..*end), the segment just finished, and takes it back if it is "." or "..".
 * Sets *end to where writing goes on; a kept segment ends there without its '/'.
 */
static int end_segment(const char *out, size_t segment, size_t *end)
{
    size_t len = *end - segment;

    if (len == 0 || out[segment] != '.')
        return 0;
    if (len == 1) {
        *end = segment;
        return 0;
    }
    if (len == 2 && out[segment + 1] == '.') {
        if (segment == 1)
            return 400;
        *end = previous_segment(out, segment);
        return 0;
    }
    return is_hidden(out + segment, len) ? 404 : 0;
}

bool path_can_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (is_forbidden((unsigned char)name[i]))
            return false;
    }
    return !is_hidden(name, len);
}

/* Most bytes of a path: nothing but themselves. */
static bool ordinary(char byte)
{
    return byte >= '-' && byte <= '~' && byte != '/' && byte != '\\';
}

int path_decode(const char *target, size_t len, char *out, size_t size, struct path *path)
{
    const char *query = memchr(target, '?', len);
    size_t segment = 1;
    size_t end = 1;
    size_t at = 0;

    path->query = query ? (size_t)(query - target) : len;
    if (size == 0)
        return 414;
    out[0] = '/';
    while (at < path->query) {
        if (ordinary(target[at]) && end < size) {
            out[end++] = target[at++];
            continue;
        }

        int byte = next_byte(target, path->query, &at);

        if (is_forbidden(byte))
            return 400;
        if (byte == '/') {
            int status = end_segment(out, segment, &end);

            if (status != 0)
                return status;
            if (out[end - 1] == '/') {
                segment = end;
                continue;
            }
        }
        if (end == size)
            return 414;
        out[end++] = (char)byte;
        if (byte == '/')
            segment = end;
    }

    int status = end_segment(out, segment, &end);

    path->len = end;
    path->directory = out[end - 1] == '/';
    return status;
}
