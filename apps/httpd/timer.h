/* SPDX-License-Identifier: MIT */
/*
 * Deadlines. Each kind has one fixed length, so its timers sit in a list in the order in which they
 * run out: setting, moving and cancelling one are a few pointer writes, whatever their number.
 */
#ifndef HTTPD_TIMER_H
#define HTTPD_TIMER_H

#include <stdint.h>

enum timer_kind {
    TIMER_NONE,
    TIMER_IDLE,      /* no request has begun: 15 s, then the connection is closed */
    TIMER_HEAD,      /* a request has begun: 10 s for all of it, then 408 */
    TIMER_WRITE,     /* the peer takes no bytes: 30 s, restarted by each byte it takes */
    TIMER_LINGER,    /* reading what the peer still sends after the last answer: 2 s */
    TIMER_KINDS,
};

/* Part of the object that it times. Zeroed before first use. */
struct timer {
    struct timer *previous;
    struct timer *next;
    int64_t due;             /* milliseconds of server_clock.now */
    enum timer_kind kind;    /* TIMER_NONE: not running */
};

/* Starts, or starts again, with the full length of its kind; TIMER_NONE cancels. */
void timer_set(struct timer *timer, enum timer_kind kind);

/* The timer of this kind that runs out first, or NULL. */
struct timer *timer_first(enum timer_kind kind);

/* Milliseconds since a running timer was set. */
int64_t timer_age(const struct timer *timer);

/* Any timer that has run out, or NULL; the caller sets or cancels it before it asks again. */
struct timer *timer_expired(void);

/* Milliseconds until the first timer runs out, 0 if one has, -1 if none runs. */
int timer_wait(void);

#endif
