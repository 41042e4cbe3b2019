/* SPDX-License-Identifier: MIT */
/* One doubly linked list a kind, new ones at the tail, so that the head is always due first. */
#include <stddef.h>

#include "clock.h"
#include "deadline.h"

static const int length_ms[DEADLINE_KINDS] = {
    [DEADLINE_IDLE] = 15000,
    [DEADLINE_HEAD] = 10000,
    [DEADLINE_WRITE] = 30000,
    [DEADLINE_LINGER] = 2000,
};

static struct {
    struct deadline *head;
    struct deadline *tail;
} lists[DEADLINE_KINDS];

static void unlink_deadline(struct deadline *deadline)
{
    if (deadline->previous)
        deadline->previous->next = deadline->next;
    else
        lists[deadline->kind].head = deadline->next;
    if (deadline->next)
        deadline->next->previous = deadline->previous;
    else
        lists[deadline->kind].tail = deadline->previous;
}

void deadline_set(struct deadline *deadline, enum deadline_kind kind)
{
    if (deadline->kind != DEADLINE_NONE)
        unlink_deadline(deadline);
    deadline->kind = kind;
    if (kind == DEADLINE_NONE)
        return;
    deadline->due = server_clock.now + length_ms[kind];
    deadline->next = NULL;
    deadline->previous = lists[kind].tail;
    if (deadline->previous)
        deadline->previous->next = deadline;
    else
        lists[kind].head = deadline;
    lists[kind].tail = deadline;
}

struct deadline *deadline_first(enum deadline_kind kind)
{
    return lists[kind].head;
}

int64_t deadline_age(const struct deadline *deadline)
{
    return server_clock.now - (deadline->due - length_ms[deadline->kind]);
}

static struct deadline *first_due(void)
{
    struct deadline *first = NULL;

    for (int kind = DEADLINE_NONE + 1; kind < DEADLINE_KINDS; kind++) {
        struct deadline *head = lists[kind].head;

        if (head && (!first || head->due < first->due))
            first = head;
    }
    return first;
}

struct deadline *deadline_expired(void)
{
    struct deadline *first = first_due();

    return first && first->due <= server_clock.now ? first : NULL;
}

int deadline_wait(void)
{
    struct deadline *first = first_due();

    if (!first)
        return -1;
    return first->due <= server_clock.now ? 0 : (int)(first->due - server_clock.now);
}
