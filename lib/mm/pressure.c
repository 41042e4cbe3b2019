/* SPDX-License-Identifier: MIT */
/* Memory pressure: see include/lib/mm/memory_pressure.h. */
#include "lib/mm/memory_pressure.h"

#include <stdbool.h>

#include "lib/mm/pages.h"

#define LOW_SHARE 16 /* memory is low when less than this part of it is free */

static struct list keepers = LIST_INIT(keepers);
static void (*low_listener)(void);
static bool was_low;

void memory_pressure_register(struct memory_pressure *pressure)
{
    list_append(&keepers, &pressure->link);
}

void memory_pressure_unregister(struct memory_pressure *pressure)
{
    list_remove(&pressure->link);
}

size_t memory_pressure_release(size_t pages)
{
    size_t before = pages_unused(), freed = 0;
    struct list *node, *next;

    list_for_each (node, next, &keepers) {
        struct memory_pressure *keeper = container_of(node, struct memory_pressure, link);

        if (freed >= pages)
            break;
        keeper->release(pages - freed, keeper->argument);
        freed = pages_unused() > before ? pages_unused() - before : 0;
    }
    return freed;
}

void memory_pressure_listen(void (*listener)(void))
{
    low_listener = listener;
}

static size_t low_mark(void)
{
    return pages_total() / LOW_SHARE;
}

void memory_pressure_check(void)
{
    bool low = pages_available() < low_mark();

    if (low && !was_low && low_listener)
        low_listener();
    was_low = low;
}

void memory_pressure_relieve(void)
{
    if (pages_available() < low_mark())
        memory_pressure_release(low_mark() - pages_available());
}
