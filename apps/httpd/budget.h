/* SPDX-License-Identifier: MIT */
/*
 * Memory for what connections have to keep between two events: unfinished requests, unsent bytes,
 * listings. All of it together is bounded, so clients that send or read slowly cannot take the
 * machine's memory.
 */
#ifndef HTTPD_BUDGET_H
#define HTTPD_BUDGET_H

#include <stddef.h>

enum { BUDGET_TOTAL = 512 * 1024 };

/* Like malloc; NULL as well when the budget is used up. Give back with the same size. */
void *budget_take(size_t size);
void budget_give(void *memory, size_t size);

#endif
