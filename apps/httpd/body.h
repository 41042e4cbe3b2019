/* SPDX-License-Identifier: MIT */
/*
 * The part of a response's body that has not yet been handed to the socket: a stretch of a file,
 * or of a piece of memory that the body owns.
 */
#ifndef HTTPD_BODY_H
#define HTTPD_BODY_H

#include "document.h"
#include "text.h"

struct body {
    struct document *file; /* a reference, or NULL */
    char *memory;          /* from budget_take(), or NULL */
    size_t memory_size;
    int64_t offset;   /* of the next byte */
    int64_t left;     /* bytes still to go; 0 when there is no body */
    size_t unsettled; /* bytes at the end of the output that body_rewind() can take back */
};

/*
 * Appends as much of the body as fits. Returns 0, or -errno if the file could not be read or has
 * become shorter.
 */
int body_fill(struct body *body, struct text *out);

/*
 * Ends a round of sending: of the bytes appended since the last one, the last `unsent` (at most
 * body->unsettled) did not go out and will be appended again. Releases a body that is through.
 */
void body_settle(struct body *body, size_t unsent);

/* Whether reading the bytes once more costs no more than a copy. */
bool body_in_memory(const struct body *body);

/* Gives everything back; the body is empty afterwards. Harmless on an empty one. */
void body_release(struct body *body);

#endif
