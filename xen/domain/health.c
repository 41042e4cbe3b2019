/* SPDX-License-Identifier: MIT */
/*
 * The health line: see include/xen/domain/health.h.
 *
 * Nobody is told when a node is read. So a reader that wants a fresh line empties the node; we see
 * that by a watch, and our own writes, which it reports too, by what they hold. What is asked for is
 * written in the watch thread, what has changed by a piece of work, and the last line by the ending
 * application's thread.
 */
#include "xen/domain/health.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/init.h"
#include "lib/mm/heap.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/sched/work.h"
#include "xen/bus/xenstore.h"

#define DIRECTORY "data"
#define NODE "health"
#define LINE_MAX 200 /* fits XENSTORE_FORMAT_MAX */
#define LOOK_INTERVAL SECONDS(60)
#define WRITE_INTERVAL SECONDS(1)
#define KIB_PER_PAGE (PAGE_SIZE / 1024)

extern const struct health_number *const health_numbers_start[], *const health_numbers_end[];

static void node_changed(struct xenstore_watch *watch, const char *path);
static struct xenstore_watch watch = {
    .path = DIRECTORY "/" NODE,
    .callback = node_changed,
};

static void look(struct work *work);
static struct work look_work = WORK_INIT(look_work, look);

static const char *state = "booting";
static uint64_t started; /* seconds since 1970 */
static uint64_t written; /* when, by clock_monotonic() */
static char last_line[LINE_MAX];

/* Something has changed: soon, and once for many changes. */
static void changed(void)
{
    uint64_t earliest = written + WRITE_INTERVAL, now = clock_monotonic();

    work_schedule_at(&look_work, earliest > now ? earliest : now);
}

static void make_line(char line[LINE_MAX])
{
    size_t length = (size_t)ksnprintf(line, LINE_MAX,
                                      "state=%s started=%llu memory=%zu free=%zu threads=%u", state,
                                      (unsigned long long)started, pages_total() * KIB_PER_PAGE,
                                      pages_unused() * KIB_PER_PAGE, thread_count());

    for (const struct health_number *const *number = health_numbers_start;
         number < health_numbers_end && length < LINE_MAX; number++)
        length += (size_t)ksnprintf(line + length, LINE_MAX - length, " %s=%zu", (*number)->name,
                                    (*number)->value());
}

static void publish(bool same_too)
{
    char line[LINE_MAX];

    make_line(line);
    if (!same_too && strcmp(line, last_line) == 0)
        return;
    strcpy(last_line, line);
    written = clock_monotonic();
    xenstore_write_format(XENSTORE_NONE, DIRECTORY, NODE, "%s", line);
}

/* The node is empty or missing: at the start, and when a reader asks. */
static bool asked(void)
{
    char *line;
    bool empty;
    int error = xenstore_read(XENSTORE_NONE, watch.path, &line, NULL);

    if (error < 0)
        return error == -ENOENT;
    empty = line[0] == '\0';
    kernel_free(line);
    return empty;
}

static void look_again(void)
{
    if (!work_is_scheduled(&look_work))
        work_schedule_at(&look_work, deadline_after(LOOK_INTERVAL));
}

static void look(struct work *work)
{
    (void)work;
    publish(false);
    look_again();
}

static void node_changed(struct xenstore_watch *unused, const char *path)
{
    (void)unused;
    (void)path;
    if (asked())
        publish(true);
}

static void start_health(void)
{
    started = (clock_realtime() - clock_monotonic()) / SECONDS(1);
    for (const struct health_number *const *number = health_numbers_start;
         number < health_numbers_end; number++)
        if ((*number)->listen)
            (*number)->listen(changed);
    xenstore_watch_register_later(&watch);
    look_again();
}
INITCALL(stack, start_health);

static void say_running(void)
{
    state = "running";
    changed();
}
INITCALL(ready, say_running);

static void say_stopping(void)
{
    state = "stopping";
    publish(false);
}
EXITCALL(say_stopping);
