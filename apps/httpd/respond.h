/* SPDX-License-Identifier: MIT */
/*
 * From a parsed request to the bytes of an answer: its head and the start of its body go to the
 * output, the rest of the body is left in conn->body.
 */
#ifndef HTTPD_RESPOND_H
#define HTTPD_RESPOND_H

#include "conn.h"
#include "text.h"

enum {
    RESPOND_ROOT_MAX = 511, /* bytes of the document root's path */
    RESPOND_ROOM = 8192,    /* what the output must have free: no head is longer */
};

/*
 * Sets the document root. Returns 0, -ENAMETOOLONG, -ENOTDIR, or the errno of looking at it,
 * negative. To be called once.
 */
int respond_root(const char *root);

/*
 * Answers conn->request, whose head starts at `head`; sets conn->closing if the connection is to
 * end afterwards. conn->body must be empty.
 */
void respond(struct conn *conn, const char *head, struct text *out);

/* Answers with an error page. */
void respond_error(struct conn *conn, const char *head, int status, struct text *out);

#endif
