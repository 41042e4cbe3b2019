/* SPDX-License-Identifier: MIT */
/*
 * The string builder's conversions. Escaping copies runs of harmless bytes at once, so the common
 * case (nothing to escape) costs one scan and one memcpy.
 */
#include "scan.h"
#include "text.h"

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

void text_string(struct text *t, const char *string)
{
    text_put(t, string, strlen(string));
}

void text_padded(struct text *t, uint64_t value, unsigned width)
{
    char buffer[20];
    unsigned at = sizeof(buffer);

    do {
        buffer[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (sizeof(buffer) - at < width && at > 0)
        buffer[--at] = '0';
    text_put(t, buffer + at, sizeof(buffer) - at);
}

void text_number(struct text *t, uint64_t value)
{
    text_padded(t, value, 1);
}

void text_hex(struct text *t, uint64_t value)
{
    char buffer[16];
    unsigned at = sizeof(buffer);

    do {
        buffer[--at] = lower_digits[value & 15];
        value >>= 4;
    } while (value != 0);
    text_put(t, buffer + at, sizeof(buffer) - at);
}

static void put_byte_as_hex(struct text *t, const char *prefix, unsigned char byte)
{
    char pair[2] = { upper_digits[byte >> 4], upper_digits[byte & 15] };

    text_string(t, prefix);
    text_put(t, pair, sizeof(pair));
}

static const char *html_entity(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return byte < 0x20 || byte == 0x7f ? "?" : NULL;
    }
}

void text_html(struct text *t, const char *data, size_t len)
{
    size_t run = 0;

    for (size_t i = 0; i < len; i++) {
        const char *entity = html_entity((unsigned char)data[i]);

        if (!entity)
            continue;
        text_put(t, data + run, i - run);
        text_string(t, entity);
        run = i + 1;
    }
    text_put(t, data + run, len - run);
}

static bool uri_plain(unsigned char byte)
{
    unsigned char lower = byte | 0x20;

    if ((lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte != 0 && strchr("/-._~!$'()*+,=@", byte) != NULL;
}

void text_uri(struct text *t, const char *data, size_t len)
{
    size_t run = 0;

    for (size_t i = 0; i < len; i++) {
        if (uri_plain((unsigned char)data[i]))
            continue;
        text_put(t, data + run, i - run);
        put_byte_as_hex(t, "%", (unsigned char)data[i]);
        run = i + 1;
    }
    text_put(t, data + run, len - run);
}

/* How many bytes from the start need no escape in a log line. */
static size_t printable_length(const char *data, size_t len)
{
    size_t at = 0;

    while (len - at >= 8) {
        uint64_t word = scan_load(data + at);
        uint64_t special = scan_below(word, 0x20) | scan_above_ascii(word) |
                           scan_equal(word, 0x7f) | scan_equal(word, '"') | scan_equal(word, '\\');

        if (special != 0)
            return at + scan_first(special);
        at += 8;
    }
    for (; at < len; at++) {
        unsigned char byte = (unsigned char)data[at];

        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
            break;
    }
    return at;
}

void text_printable(struct text *t, const char *data, size_t len)
{
    size_t at = 0;

    for (;;) {
        size_t run = printable_length(data + at, len - at);

        text_put(t, data + at, run);
        at += run;
        if (at == len)
            return;
        put_byte_as_hex(t, "\\x", (unsigned char)data[at++]);
    }
}
