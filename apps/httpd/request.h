/* SPDX-License-Identifier: MIT */
/*
 * The parser of HTTP/1.x request heads (RFC 9112), strict where leniency helps request smuggling.
 *
 * A pure function over the bytes received so far: no allocation, no system calls, no copies. Its
 * results are slices of the caller's buffer, given as offsets from the first byte of the request,
 * so the buffer may move between calls. The verdict depends on the bytes alone, never on how they
 * were cut into pieces: a line is judged when its LF has arrived or when it has grown too long.
 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REQUEST_LINE_MAX = 4096,  /* bytes of the request line with CRLF; beyond: 414 */
    REQUEST_HEAD_MAX = 8192,  /* bytes of the whole head; beyond: 431 */
    REQUEST_FIELDS_MAX = 64,  /* header fields; beyond: 431 */
    REQUEST_BODY_MAX = 65536, /* bytes of a body that is read and thrown away; beyond: 413 */
};

enum request_method { METHOD_OTHER, METHOD_GET, METHOD_HEAD };

/* `len` bytes at offset `at` from the start of the request; at == 0 means "not there". */
struct slice {
    uint16_t at;
    uint16_t len;
};

/* The header fields whose value is kept. */
enum request_field {
    FIELD_RANGE,
    FIELD_IF_RANGE,
    FIELD_IF_MATCH,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_IF_UNMODIFIED_SINCE,
    FIELD_KEPT,
};

struct request {
    enum request_method method;
    uint8_t minor;           /* of HTTP/1.minor: 0, or 1 for everything later */
    bool keep_alive;         /* the connection may serve another request after this one */
    bool body_unread;        /* a body of unknown length may follow: never parse what follows */
    uint32_t content_length; /* bytes of body to skip after the head */
    uint16_t line_start;     /* offset of the request line (0, or 2 after an empty line) */
    uint16_t line_length;    /* of the request line without CRLF; 0 while it is not complete */
    struct slice target;     /* path and query; of an absolute URI, what follows the authority */
    struct slice kept[FIELD_KEPT];

    /* Progress of the parser: not for callers. */
    uint16_t next;     /* offset of the first line not yet parsed */
    uint16_t searched; /* bytes known to hold no LF from `next` on */
    uint16_t seen;     /* which fields have appeared, one bit each */
    uint8_t fields;
    bool close_asked;
    bool keep_alive_asked;
    bool chunked;
};

/* Makes *request ready for the first byte of a request. */
void request_reset(struct request *request);

/*
 * Parses `len` bytes at `data`, the request's first `len` bytes; earlier calls for the same
 * request must have seen a prefix of them.
 *
 * Returns the length of the head once it is complete and good, 0 if more bytes are needed, or the
 * negative HTTP status to answer with (-400, -413, -414, -417, -431, -501, -505); after an error
 * the connection must be closed, since where the next request starts is unknown. line_length and
 * line_start are valid after an error if the request line had been complete.
 */
int request_parse(struct request *request, const char *data, size_t len);

#endif
