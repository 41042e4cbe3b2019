/* SPDX-License-Identifier: MIT */
/* One doubly linked list a kind, new timers at the tail, so that the head is always due first. */
#include <stddef.h>

#include "clock.h"
#include "timer.h"

static const int length_ms[TIMER_KINDS] = {
    [TIMER_IDLE] = 15000,
    [TIMER_HEAD] = 10000,
    [TIMER_WRITE] = 30000,
    [TIMER_LINGER] = 2000,
};

static struct {
    struct timer *head;
    struct timer *tail;
} lists[TIMER_KINDS];

static void remove_timer(struct timer *timer)
{
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        lists[timer->kind].head = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    else
        lists[timer->kind].tail = timer->previous;
}

void timer_set(struct timer *timer, enum timer_kind kind)
{
    if (timer->kind != TIMER_NONE)
        remove_timer(timer);
    timer->kind = kind;
    if (kind == TIMER_NONE)
        return;
    timer->due = server_clock.now + length_ms[kind];
    timer->next = NULL;
    timer->previous = lists[kind].tail;
    if (timer->previous)
        timer->previous->next = timer;
    else
        lists[kind].head = timer;
    lists[kind].tail = timer;
}

struct timer *timer_first(enum timer_kind kind)
{
    return lists[kind].head;
}

int64_t timer_age(const struct timer *timer)
{
    return server_clock.now - (timer->due - length_ms[timer->kind]);
}

static struct timer *first_due(void)
{
    struct timer *first = NULL;

    for (int kind = TIMER_NONE + 1; kind < TIMER_KINDS; kind++) {
        struct timer *head = lists[kind].head;

        if (head && (!first || head->due < first->due))
            first = head;
    }
    return first;
}

struct timer *timer_expired(void)
{
    struct timer *first = first_due();

    return first && first->due <= server_clock.now ? first : NULL;
}

int timer_wait(void)
{
    struct timer *first = first_due();

    if (!first)
        return -1;
    return first->due <= server_clock.now ? 0 : (int)(first->due - server_clock.now);
}
