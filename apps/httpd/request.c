/* SPDX-License-Identifier: MIT */
/*
 * The request parser works line by line. A line is scanned once, validating each byte by a table
 * on the way to its CRLF. If the bytes end first, or the line is bad, the verdict waits until the
 * LF is there (or the limit is passed), and `searched` remembers how far the search for it went:
 * a head that trickles in byte by byte costs time linear in its length.
 *
 * Refused because two parties might read them differently: bare CR or LF, NUL and other control
 * characters, whitespace before the colon, folded lines, more than one Host, Content-Length or
 * Transfer-Encoding, both of the last two together, a Content-Length that is not plain digits.
 */
#include <string.h>

#include "request.h"
#include "scan.h"

enum { INCOMPLETE = 0, BAD = -400 };

enum { IS_TOKEN = 1, IS_TARGET = 2, IS_VALUE = 4, IS_HOST = 8 };

#define T (IS_TOKEN | IS_TARGET | IS_VALUE)
#define H (IS_TOKEN | IS_TARGET | IS_VALUE | IS_HOST)
#define P (IS_TARGET | IS_VALUE)
#define O (IS_TARGET | IS_VALUE | IS_HOST)

/* What each byte may be part of: RFC 9110 5.6.2 (token), RFC 3986 (target, host), field value. */
static const uint8_t classes[256] = {
    ['\t'] = IS_VALUE,
    [' '] = IS_VALUE,
    ['!'] = H,
    ['"'] = P,
    ['#'] = T & ~IS_TARGET,
    ['$'] = H,
    ['%'] = H,
    ['&'] = H,
    ['\''] = H,
    ['('] = O,
    [')'] = O,
    ['*'] = H,
    ['+'] = H,
    [','] = O,
    ['-'] = H,
    ['.'] = H,
    ['/'] = P,
    ['0' ... '9'] = H,
    [':'] = O,
    [';'] = O,
    ['<'] = P,
    ['='] = O,
    ['>'] = P,
    ['?'] = P,
    ['@'] = P,
    ['A' ... 'Z'] = H,
    ['['] = O,
    ['\\'] = P,
    [']'] = O,
    ['^'] = T,
    ['_'] = H,
    ['`'] = T,
    ['a' ... 'z'] = H,
    ['{'] = P,
    ['|'] = T,
    ['}'] = P,
    ['~'] = H,
    [0x80 ... 0xff] = IS_TARGET | IS_VALUE,
};

#undef T
#undef H
#undef P
#undef O

static bool is(char byte, unsigned wanted)
{
    return classes[(unsigned char)byte] & wanted;
}

/* The first byte from `at` on that cannot be part of a field's value, or `len`. */
static size_t value_end(const char *data, size_t at, size_t len)
{
    while (len - at >= 8) {
        uint64_t word = scan_load(data + at);
        uint64_t control = scan_below(word, 0x20) | scan_equal(word, 0x7f);

        if (control == 0) {
            at += 8;
            continue;
        }
        at += scan_first(control);
        if (data[at] != '\t')
            return at;
        at++;
    }
    while (at < len && is(data[at], IS_VALUE))
        at++;
    return at;
}

/* The first byte from `at` on that cannot be part of a target, or `len`. */
static size_t target_end(const char *data, size_t at, size_t len)
{
    while (len - at >= 8) {
        uint64_t word = scan_load(data + at);
        uint64_t end = scan_below(word, 0x21) | scan_equal(word, '#') | scan_equal(word, 0x7f);

        if (end != 0)
            return at + scan_first(end);
        at += 8;
    }
    while (at < len && is(data[at], IS_TARGET))
        at++;
    return at;
}

static size_t token_end(const char *data, size_t at, size_t len)
{
    while (at < len && is(data[at], IS_TOKEN))
        at++;
    return at;
}

/*
 * True if the `len` bytes at `text` are `lower`, a word of lower-case letters, digits and "-:/", in
 * any case of letters. Setting bit 5 makes letters small and leaves the others alone; what else
 * it could turn into one of them is a control character, which `text` has none of.
 */
static bool equals(const char *text, size_t len, const char *lower)
{
    for (size_t i = 0; i < len; i++) {
        if ((text[i] | 0x20) != lower[i])
            return false;
    }
    return lower[len] == '\0';
}

void request_reset(struct request *request)
{
    memset(request, 0, sizeof(*request));
}

/* Of an absolute URI keeps what follows the authority. */
static int take_target(struct request *r, const char *data, size_t start, size_t end)
{
    if (r->method == METHOD_OTHER || data[start] == '/') {
        r->target = (struct slice){ (uint16_t)start, (uint16_t)(end - start) };
        return 1;
    }
    size_t at = start;

    if (end - at >= 7 && equals(data + at, 7, "http://"))
        at += 7;
    else if (end - at >= 8 && equals(data + at, 8, "https://"))
        at += 8;
    else
        return BAD;

    size_t authority = at;

    while (at < end && is(data[at], IS_HOST))
        at++;
    if (at == authority || (at < end && data[at] != '/' && data[at] != '?'))
        return BAD;
    r->target = (struct slice){ (uint16_t)at, (uint16_t)(end - at) };
    return 1;
}

/* "HTTP/1.1" and CRLF at `at`; returns the offset after them. */
static int parse_version(struct request *r, const char *data, size_t at, size_t len)
{
    if (len - at < 10)
        return INCOMPLETE;

    const char *version = data + at;

    if (memcmp(version, "HTTP/", 5) != 0 || version[5] < '0' || version[5] > '9' ||
        version[6] != '.' || version[7] < '0' || version[7] > '9' || version[8] != '\r' ||
        version[9] != '\n')
        return BAD;
    if (version[5] != '1')
        return -505;
    r->minor = version[7] != '0';
    return (int)at + 10;
}

static enum request_method method_named(const char *name, size_t len)
{
    if (len == 3 && memcmp(name, "GET", 3) == 0)
        return METHOD_GET;
    if (len == 4 && memcmp(name, "HEAD", 4) == 0)
        return METHOD_HEAD;
    return METHOD_OTHER;
}

/* Line parsers return the offset of the next line, INCOMPLETE, or a negative status. */
static int parse_request_line(struct request *r, const char *data, size_t start, size_t len)
{
    size_t at = token_end(data, start, len);

    if (at == len)
        return INCOMPLETE;
    if (at == start || data[at] != ' ')
        return BAD;
    r->method = method_named(data + start, at - start);

    size_t target = ++at;

    at = target_end(data, at, len);
    if (at == len)
        return INCOMPLETE;
    if (at == target || data[at] != ' ')
        return BAD;

    int error = take_target(r, data, target, at);

    if (error < 0)
        return error;

    int next = parse_version(r, data, at + 1, len);

    if (next > 0) {
        r->line_start = (uint16_t)start;
        r->line_length = (uint16_t)((size_t)next - 2 - start);
    }
    return next;
}

/* One option of a Connection field; false if it says nothing to us. */
static bool take_option(struct request *r, const char *option, size_t len)
{
    if (equals(option, len, "keep-alive"))
        r->keep_alive_asked = true;
    else if (equals(option, len, "close"))
        r->close_asked = true;
    else
        return false;
    return true;
}

/* Mostly one option; otherwise a comma-separated list, blanks around each element trimmed. */
static void take_connection(struct request *r, const char *value, size_t len)
{
    size_t at = 0;

    if (take_option(r, value, len))
        return;
    while (at < len) {
        size_t start = at;

        while (at < len && value[at] != ',')
            at++;

        size_t end = at++;

        while (start < end && (value[start] == ' ' || value[start] == '\t'))
            start++;
        while (end > start && (value[end - 1] == ' ' || value[end - 1] == '\t'))
            end--;
        take_option(r, value + start, end - start);
    }
}

static int take_host(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is(value[i], IS_HOST))
            return BAD;
    }
    return 0;
}

static int take_content_length(struct request *r, const char *value, size_t len)
{
    uint64_t length = 0;

    if (len == 0)
        return BAD;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return BAD;
        if (length <= REQUEST_BODY_MAX)
            length = length * 10 + (uint64_t)(value[i] - '0');
    }
    if (length > REQUEST_BODY_MAX)
        return -413;
    r->content_length = (uint32_t)length;
    return 0;
}

static int take_transfer_encoding(struct request *r, const char *value, size_t len)
{
    if (!equals(value, len, "chunked"))
        return -501;
    r->chunked = true;
    return 0;
}

static int take_expect(struct request *r, const char *value, size_t len)
{
    if (!equals(value, len, "100-continue"))
        return -417;
    r->body_unread = true;
    return 0;
}

enum {
    FIELD_HOST = FIELD_KEPT,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_CONNECTION,
    FIELD_EXPECT,
    FIELD_UNKNOWN,
};

static const char *const field_names[FIELD_UNKNOWN] = {
    [FIELD_RANGE] = "range",
    [FIELD_IF_RANGE] = "if-range",
    [FIELD_IF_MATCH] = "if-match",
    [FIELD_IF_NONE_MATCH] = "if-none-match",
    [FIELD_IF_MODIFIED_SINCE] = "if-modified-since",
    [FIELD_IF_UNMODIFIED_SINCE] = "if-unmodified-since",
    [FIELD_HOST] = "host",
    [FIELD_CONTENT_LENGTH] = "content-length",
    [FIELD_TRANSFER_ENCODING] = "transfer-encoding",
    [FIELD_CONNECTION] = "connection",
    [FIELD_EXPECT] = "expect",
};

/* The only field that a name of this length can be; a letter tells those of equal length apart. */
static unsigned field_of_length(const char *name, size_t len)
{
    switch (len) {
    case 4:
        return FIELD_HOST;
    case 5:
        return FIELD_RANGE;
    case 6:
        return FIELD_EXPECT;
    case 8:
        return (name[3] | 0x20) == 'r' ? FIELD_IF_RANGE : FIELD_IF_MATCH;
    case 10:
        return FIELD_CONNECTION;
    case 13:
        return FIELD_IF_NONE_MATCH;
    case 14:
        return FIELD_CONTENT_LENGTH;
    case 17:
        return (name[0] | 0x20) == 't' ? FIELD_TRANSFER_ENCODING : FIELD_IF_MODIFIED_SINCE;
    case 19:
        return FIELD_IF_UNMODIFIED_SINCE;
    default:
        return FIELD_UNKNOWN;
    }
}

static unsigned field_named(const char *name, size_t len)
{
    unsigned field = field_of_length(name, len);

    if (field != FIELD_UNKNOWN && !equals(name, len, field_names[field]))
        return FIELD_UNKNOWN;
    return field;
}

/*
 * A repeated field that frames the message or names the host is refused. A repeated condition or
 * range is dropped altogether: the whole file is always a right answer.
 */
static int take_field(struct request *r, unsigned field, const char *data, struct slice value)
{
    const char *text = data + value.at;
    bool repeated = r->seen & 1u << field;

    r->seen |= (uint16_t)(1u << field);
    switch (field) {
    case FIELD_CONNECTION:
        take_connection(r, text, value.len);
        return 0;
    case FIELD_EXPECT:
        return take_expect(r, text, value.len);
    case FIELD_HOST:
        return repeated ? BAD : take_host(text, value.len);
    case FIELD_CONTENT_LENGTH:
        return repeated ? BAD : take_content_length(r, text, value.len);
    case FIELD_TRANSFER_ENCODING:
        return repeated ? BAD : take_transfer_encoding(r, text, value.len);
    default:
        r->kept[field] = repeated ? (struct slice){ 0, 0 } : value;
        return 0;
    }
}

static int parse_field_line(struct request *r, const char *data, size_t start, size_t len)
{
    size_t at = token_end(data, start, len);

    if (at == len)
        return INCOMPLETE;
    if (at == start || data[at] != ':')
        return BAD;

    size_t name_end = at++;

    while (at < len && (data[at] == ' ' || data[at] == '\t'))
        at++;

    size_t value = at;

    at = value_end(data, at, len);
    if (len - at < 2)
        return INCOMPLETE;
    if (data[at] != '\r' || data[at + 1] != '\n')
        return BAD;
    if (++r->fields > REQUEST_FIELDS_MAX)
        return -431;

    unsigned field = field_named(data + start, name_end - start);

    if (field != FIELD_UNKNOWN) {
        size_t end = at;

        while (end > value && (data[end - 1] == ' ' || data[end - 1] == '\t'))
            end--;

        struct slice slice = { (uint16_t)value, (uint16_t)(end - value) };
        int error = take_field(r, field, data, slice);

        if (error < 0)
            return error;
    }
    return (int)at + 2;
}

/* The rules that concern the head as a whole. */
static int finish(struct request *r, size_t length)
{
    bool has_length = r->seen & 1u << FIELD_CONTENT_LENGTH;

    if (r->minor >= 1 && !(r->seen & 1u << FIELD_HOST))
        return BAD;
    if (r->chunked && (has_length || r->minor == 0))
        return BAD;
    r->body_unread |= r->chunked;
    r->keep_alive = !r->close_asked && !r->body_unread && (r->minor >= 1 || r->keep_alive_asked);
    return (int)length;
}

/* The line at r->next: its end, INCOMPLETE, or a negative status. Sets *last on the empty line. */
static int parse_line(struct request *r, const char *data, size_t len, bool *last)
{
    size_t start = r->next;

    if (start == len)
        return INCOMPLETE;
    if (data[start] == '\r') {
        if (len - start < 2)
            return INCOMPLETE;
        if (data[start + 1] != '\n')
            return BAD;
        *last = r->line_length != 0;
        return start == 0 || *last ? (int)start + 2 : BAD;
    }
    if (r->line_length == 0)
        return parse_request_line(r, data, start, len);
    return parse_field_line(r, data, start, len);
}

/*
 * Makes a verdict independent of how the bytes arrived: nothing is said about a line before its
 * LF, except that it is too long. A line that ended before it was complete is a bad one.
 */
static int judge(struct request *r, const char *data, size_t len, int verdict)
{
    bool in_request_line = r->line_length == 0;
    size_t limit = in_request_line ? r->next + REQUEST_LINE_MAX : REQUEST_HEAD_MAX;
    size_t from = r->searched > r->next ? r->searched : r->next;

    if (len > limit)
        len = limit;
    if (memchr(data + from, '\n', len - from))
        return verdict == INCOMPLETE ? BAD : verdict;
    r->searched = (uint16_t)len;
    if (len < limit)
        return INCOMPLETE;
    return in_request_line ? -414 : -431;
}

int request_parse(struct request *r, const char *data, size_t len)
{
    bool last = false;

    if (len > REQUEST_HEAD_MAX)
        len = REQUEST_HEAD_MAX;
    if (r->searched > r->next && !memchr(data + r->searched, '\n', len - r->searched))
        return judge(r, data, len, INCOMPLETE);

    while (!last) {
        bool in_request_line = r->line_length == 0;
        int end = parse_line(r, data, len, &last);

        if (end <= 0)
            return judge(r, data, len, end);
        if (in_request_line && end - r->next > REQUEST_LINE_MAX)
            return -414;
        r->next = (uint16_t)end;
    }
    return finish(r, r->next);
}
