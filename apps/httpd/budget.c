/* SPDX-License-Identifier: MIT */
/* A counter in front of malloc: the caller remembers the sizes, which it has to know anyway. */
#include <stdlib.h>

#include "budget.h"

static size_t taken;

void *budget_take(size_t size)
{
    if (size > BUDGET_TOTAL - taken)
        return NULL;

    void *memory = malloc(size);

    if (memory)
        taken += size;
    return memory;
}

void budget_give(void *memory, size_t size)
{
    if (!memory)
        return;
    taken -= size;
    free(memory);
}
