/* SPDX-License-Identifier: MIT */
/*
 * Disks that are known and not usable yet, and waiting for one: as long as disk.wait= says, a
 * minute if it says nothing, and with a line every ten seconds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/commandline.h"
#include "lib/base/printk.h"
#include "lib/base/time.h"
#include "lib/block/blockdev.h"
#include "lib/sched/sched.h"

#define WAIT_MAX 86400ul
#define TOLD_EVERY SECONDS(10)

static struct list expected = LIST_INIT(expected);
static struct wait_queue arrivals = WAIT_QUEUE_INIT(arrivals);
static uint64_t patience = SECONDS(60);

static int set_disk_wait(const char *value)
{
    char *end;
    unsigned long seconds = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || seconds > WAIT_MAX)
        return -EINVAL;
    patience = SECONDS(seconds);
    return 0;
}
COMMANDLINE_OPTION("disk.wait", set_disk_wait);

void block_expect(struct block_device *device)
{
    list_remove(&device->link);
    list_append(&expected, &device->link);
}

void block_expect_no_more(struct block_device *device)
{
    list_remove(&device->link);
    wake_all(&arrivals);
}

static bool is_expected(const char *name)
{
    struct list *node, *next;

    list_for_each (node, next, &expected)
        if (strcmp(container_of(node, struct block_device, link)->name, name) == 0)
            return true;
    return false;
}

struct block_device *block_wait(const char *name)
{
    uint64_t start = clock_monotonic(), end = deadline_after(patience), now = start;

    while (is_expected(name) && now < end) {
        uint64_t told = now + TOLD_EVERY;

        wait_until(&arrivals, !is_expected(name), told < end ? told : end);
        now = clock_monotonic();
        if (is_expected(name))
            printk("%s: the disk is not ready: waiting for it, %llu of %llu seconds", name,
                   (unsigned long long)((now - start) / SECONDS(1)),
                   (unsigned long long)(patience / SECONDS(1)));
    }
    return block_find(name);
}
