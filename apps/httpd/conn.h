/* SPDX-License-Identifier: MIT */
/*
 * One connection: a state machine driven by poll().
 *
 *     READING    waits for requests: idle, or with the start of one in `input`
 *     WRITING    has bytes that the socket did not take; reads nothing until they are gone
 *     LINGERING  has said its last word, and reads what the peer still sends, so that the answer
 *                is not destroyed by a reset
 *
 * An idle connection owns no memory beyond this struct: requests are received into, and answers
 * put together in, buffers shared by all, and only what cannot be finished at once is kept.
 */
#ifndef HTTPD_CONN_H
#define HTTPD_CONN_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>

#include "body.h"
#include "request.h"
#include "deadline.h"

enum conn_state { CONN_READING, CONN_WRITING, CONN_LINGERING };

struct conn {
    struct deadline deadline;
    struct pollfd *poll; /* its place in the poll set; fd is -1 while the slot is free */
    enum conn_state state;
    bool refused;           /* over the limit: its first request is answered by 503 */
    bool closing;           /* no further request is read after the present answer */
    bool linger;            /* the peer may still be sending */
    uint32_t skip;          /* bytes of a request's body still to be thrown away */
    uint32_t lingered;      /* bytes read while LINGERING */
    struct request request; /* the one being received */
    char *input;            /* received, not yet parsed: its start, and more behind it */
    uint16_t input_len;
    uint16_t input_size;
    char *held; /* answers that the socket did not take */
    size_t held_at;
    size_t held_size;
    struct body body;            /* of the present answer, behind what is held */
    char peer[INET6_ADDRSTRLEN]; /* for the log */
};

/*
 * Starts serving a nonblocking, connected socket. The conn is zeroed, but for `poll`; the address
 * is the peer's. Tries to read at once.
 */
void conn_open(struct conn *conn, int socket, const struct sockaddr *address, bool refused);

/* poll() reported something for this connection. */
void conn_ready(struct conn *conn);

/* The connection's deadline has run out. */
void conn_expired(struct conn *conn);

/* Ends it in whatever state it is, and frees what it holds; poll->fd is -1 afterwards. */
void conn_close(struct conn *conn);

/* Connections open now. */
unsigned conn_count(void);

#endif
