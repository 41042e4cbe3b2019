/* SPDX-License-Identifier: MIT */
/*
 * Deadlines. Each kind has one fixed length, so all of a kind sit in a list in the order in which
 * they run out: setting, moving and cancelling one are a few pointer writes, whatever their number.
 */
#ifndef HTTPD_DEADLINE_H
#define HTTPD_DEADLINE_H

#include <stdint.h>

enum deadline_kind {
    DEADLINE_NONE,
    DEADLINE_IDLE,   /* no request has begun: 15 s, then the connection is closed */
    DEADLINE_HEAD,   /* a request has begun: 10 s for all of it, then 408 */
    DEADLINE_WRITE,  /* the peer takes no bytes: 30 s, restarted by each byte it takes */
    DEADLINE_LINGER, /* reading what the peer still sends after the last answer: 2 s */
    DEADLINE_KINDS,
};

/* Part of the object that it times. Zeroed before first use. */
struct deadline {
    struct deadline *previous;
    struct deadline *next;
    int64_t due;             /* milliseconds of server_clock.now */
    enum deadline_kind kind; /* DEADLINE_NONE: not running */
};

/* Starts, or starts again, with the full length of its kind; DEADLINE_NONE cancels. */
void deadline_set(struct deadline *deadline, enum deadline_kind kind);

/* The deadline of this kind that runs out first, or NULL. */
struct deadline *deadline_first(enum deadline_kind kind);

/* Milliseconds since a running deadline was set. */
int64_t deadline_age(const struct deadline *deadline);

/* Any deadline that has run out, or NULL; the caller sets or cancels it before it asks again. */
struct deadline *deadline_expired(void);

/* Milliseconds until the first deadline runs out, 0 if one has, -1 if none runs. */
int deadline_wait(void);

#endif
