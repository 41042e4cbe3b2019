/* SPDX-License-Identifier: MIT */
/*
 * A bounded string builder: the caller owns the memory, appending never writes past it.
 *
 * An append that does not fit leaves the text as it was and sets `overflow`; callers that size
 * their buffers by the limits of this server check the flag once, at the end. Nothing is
 * NUL-terminated. All functions are pure memory work: no system calls, no allocation.
 */
#ifndef HTTPD_TEXT_H
#define HTTPD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    char *data;
    size_t len;
    size_t cap;
    bool overflow;
};

static inline void text_put(struct text *t, const void *data, size_t len)
{
    if (len > t->cap - t->len) {
        t->overflow = true;
        return;
    }
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

/* For string literals: the length is known when compiling. */
#define text_literal(t, literal) text_put((t), "" literal, sizeof(literal) - 1)

void text_string(struct text *t, const char *string);

/* Unsigned decimal, and decimal padded with zeros to `width` (at most 20) digits. */
void text_number(struct text *t, uint64_t value);
void text_padded(struct text *t, uint64_t value, unsigned width);

/* Lower-case hexadecimal without leading zeros. */
void text_hex(struct text *t, uint64_t value);

/* The bytes with & < > " ' and control characters made harmless inside HTML text and attributes. */
void text_html(struct text *t, const char *data, size_t len);

/* The bytes of a path, percent-encoded where RFC 3986 asks for it; '/' stays as it is. */
void text_uri(struct text *t, const char *data, size_t len);

/* The bytes with control characters, quotes, backslashes and bytes above 0x7e as \xHH. */
void text_printable(struct text *t, const char *data, size_t len);

#endif
