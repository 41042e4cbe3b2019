/* SPDX-License-Identifier: MIT */
/*
 * A table from small numbers to pointers, which gives out the lowest number that is free: for
 * descriptors and the like. It holds up to ID_TABLE_MAX numbers and takes memory for what is in use;
 * each call takes some log64(highest number) steps. The caller provides the memory's functions, of
 * which `allocate` may fail; on an error nothing has changed.
 */
#ifndef LIB_BASE_ID_TABLE_H
#define LIB_BASE_ID_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define ID_TABLE_MAX (1u << 24)

struct id_node;

struct id_table {
    struct id_node *root;
    unsigned int levels;
    void *(*allocate)(size_t size);
    void (*release)(void *block);
};

/* What is behind a number, or NULL. */
void *id_table_get(const struct id_table *table, unsigned int number);
/*
 * Put an item, not NULL, behind the lowest free number of [minimum, limit): the number, -ENOSPC or
 * -ENOMEM.
 */
int id_table_add(struct id_table *table, unsigned int minimum, unsigned int limit, void *item);
/*
 * Put it behind this number, in place of what is there: 0 or -ENOMEM. NULL takes out what is there,
 * which cannot fail.
 */
int id_table_set(struct id_table *table, unsigned int number, void *item);

#endif
