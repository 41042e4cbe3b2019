/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked intrusive lists.
 *
 * A list is a ring through a head that is no element itself; an unlinked node points to itself, so
 * list_remove() may be called on a node that is in no list. The caller owns the memory of nodes and
 * heads.
 */
#ifndef LIB_BASE_LIST_H
#define LIB_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* The safe form of iteration: the body may remove and free `node`. */
#define list_for_each(node, next_node, head) \
    for ((node) = (head)->next; (next_node) = (node)->next, (node) != (head); (node) = (next_node))

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_before(struct list *position, struct list *node)
{
    node->prev = position->prev;
    node->next = position;
    position->prev->next = node;
    position->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

static inline void list_prepend(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node, or NULL when the list is empty. */
static inline struct list *list_first(const struct list *head)
{
    return list_empty(head) ? NULL : head->next;
}

#endif
