/* SPDX-License-Identifier: MIT */
/*
 * The balloon: see include/xen/domain/balloon.h. All of it is one piece of work, which the watch on
 * the target asks for, and itself when something is left to do. Caches that give back memory when it
 * is low are another, which asks nobody outside.
 *
 * A domain that was built with maxmem above memory has more frames in its memory map than memory
 * set aside. The allocator leaves them alone (pages_withhold), so boot need not wait for anything to
 * be done about them. But as long as Xen counts on their being filled one day, what is given back
 * only pays for them, and whoever saves the domain would fill them: so the first thing done here is
 * to give them all back, in blocks of up to 2 MiB, many in a hypercall.
 *
 * A domain that is saved leaves what is free to Xen, in the last moment, and takes it again as the
 * first thing in the new domain, or when the suspend was cancelled: so it is not in the file, and the
 * host need not have it. Not so in a live migration, where it would come at the wrong time: the free
 * pages have been sent when the domain stops, and each moment of the stop counts.
 */
#include "xen/domain/balloon.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "xen/boot_info.h"
#include "xen/platform.h"
#include "lib/mm/balloon.h"
#include "lib/base/init.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/sched/work.h"
#include "lib/base/suspend.h"
#include "xen/bus/xenstore.h"

#define ORDER_MAX 9u    /* 2 MiB: as much as Xen takes of a domU in one piece */
#define KEPT_PAGES 64u  /* free pages that stay, for the kernel and small needs */
#define SLACK_PAGES 64u /* a first target this near to what we have is what we were built with */
#define BLOCKS_AT_A_TIME 64u /* then other threads run */
#define GIVEN_AT_A_TIME 32u  /* the same, of blocks that were never filled */
#define RETRY_FIRST SECONDS(5)
#define RETRY_MAX SECONDS(60)
#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static void target_changed(struct xenstore_watch *watch, const char *path);
static struct xenstore_watch target_watch = {
    .path = "memory/target",
    .callback = target_changed,
};

static void work_on(struct work *work);
static struct work balloon_work = WORK_INIT(balloon_work, work_on);
static uint64_t retry_delay;

static size_t present; /* pages */
static size_t goal;
static size_t left;          /* pages, to Xen while the domain is saved */
static bool lost;            /* some of them were not there afterwards, which nobody was told yet */
static bool changed;         /* since boot */
static uint64_t last_target; /* KiB */

size_t balloon_pages(void)
{
    return present;
}

static unsigned int order_within(size_t pages)
{
    unsigned int order = ORDER_MAX;

    while (order > 0 && 1ul << order > pages)
        order--;
    return order;
}

/* The next blocks of one size from `frame` on, as many as are given before other threads run. */
static uint64_t give_some(uint64_t frame, uint64_t end)
{
    unsigned int order = order_within(end - frame), count = 1;

    while (frame & ((1ul << order) - 1))
        order--;
    if (order == ORDER_MAX)
        count = (end - frame) >> order;
    if (count > GIVEN_AT_A_TIME)
        count = GIVEN_AT_A_TIME;
    platform->give_frames(frame, order, count);
    return frame + ((uint64_t)count << order);
}

/* What was never filled goes out of Xen's books, once. */
static void give_withheld(void)
{
    static bool done;
    uint64_t frame, end;

    if (done)
        return;
    done = true;
    for (unsigned int i = 0; pages_withheld(i, &frame, &end); i++) {
        while (frame < end) {
            frame = give_some(frame, end);
            thread_yield();
        }
    }
}

static size_t spare_pages(void)
{
    return pages_unused() > KEPT_PAGES ? pages_unused() - KEPT_PAGES : 0;
}

/* One block of what is free to Xen: its size, or 0 when no more can be spared. */
static size_t give_spare(size_t most)
{
    size_t spare = spare_pages();
    unsigned int order = order_within(most < spare ? most : spare);
    uint64_t frame = spare > 0 ? pages_withdraw(&order) : 0;

    if (!frame)
        return 0;
    if (platform->give_frames(frame, order, 1) != 0) {
        pages_restore(frame, order);
        return 0;
    }
    return 1ul << order;
}

/* The same, with what others can do without. */
static size_t give_block(size_t most)
{
    if (spare_pages() == 0 && memory_pressure_release(most) == 0)
        return 0;
    return give_spare(most);
}

/* One block from Xen, smaller ones if it has no large one: its size, or 0 when it has none. */
static size_t take_block(size_t most)
{
    for (unsigned int limit = order_within(most);; limit--) {
        unsigned int order = limit;
        uint64_t frame = pages_find_absent(&order);

        if (frame && platform->take_frames(frame, order) == 0) {
            pages_restore(frame, order);
            return 1ul << order;
        }
        if (!frame || limit == 0)
            return 0;
    }
}

/* As far as possible towards the goal: is it reached? */
static bool adjust(void)
{
    size_t moved = 1;

    for (unsigned int blocks = 1; moved > 0 && present != goal; blocks++) {
        if (present > goal) {
            moved = give_block(present - goal);
            present -= moved;
        } else {
            moved = take_block(goal - present);
            present += moved;
        }
        if (blocks % BLOCKS_AT_A_TIME == 0)
            thread_yield();
    }
    return present == goal;
}

/* One line for each target: how it ended, or why it has not ended yet. */
static void report(bool first_time, bool reached)
{
    if (reached)
        printk("balloon: %zu KiB of memory now", present * KIB_PER_PAGE);
    else if (first_time)
        printk("balloon: %zu KiB of memory now, not %zu: %s; will be tried again",
               present * KIB_PER_PAGE, goal * KIB_PER_PAGE,
               present > goal ? "the rest is in use" : "Xen has no more");
}

static void retry_later(void)
{
    work_schedule_at(&balloon_work, deadline_after(retry_delay));
    retry_delay = retry_delay * 2 < RETRY_MAX ? retry_delay * 2 : RETRY_MAX;
}

/* A target in KiB becomes the goal: false when it is no other than before. */
static bool set_goal(uint64_t target)
{
    uint64_t most = boot_info.memory_total / 1024;
    size_t pages = (target < most ? target : most) / KIB_PER_PAGE;

    if (target == last_target)
        return false;
    last_target = target;
    retry_delay = RETRY_FIRST;
    if (target > most)
        printk("balloon: a target of %llu KiB is above maxmem: taken as %llu KiB",
               (unsigned long long)target, (unsigned long long)most);
    if (changed || pages < goal || pages - goal > SLACK_PAGES)
        goal = pages;
    return true;
}

static void follow(uint64_t target)
{
    bool first_time = set_goal(target) || lost, reached;

    lost = false;
    if (present == goal)
        return;
    changed = true;
    reached = adjust();
    report(first_time, reached);
    if (!reached)
        retry_later();
}

static void work_on(struct work *work)
{
    uint64_t target;
    int error =
        xenstore_read_number(XENSTORE_NONE, "memory", "target", 0, UINT64_MAX / 1024, &target);

    (void)work;
    give_withheld();
    if (error == 0)
        follow(target);
    else if (error != -ENOENT)
        printk("balloon: no usable number in %s: %d", target_watch.path, error);
}

static void target_changed(struct xenstore_watch *watch, const char *path)
{
    (void)watch;
    (void)path;
    work_schedule(&balloon_work);
}

static void relieve(struct work *work)
{
    (void)work;
    memory_pressure_relieve();
}

static void memory_is_low(void)
{
    static struct work work = WORK_INIT(work, relieve);

    work_schedule(&work);
}

/* Frames that Xen still counts on would be filled by whoever saves the domain. */
static int prepare(uint64_t deadline)
{
    (void)deadline;
    give_withheld();
    return 0;
}

static void leave(void)
{
    size_t given;

    if (platform->copied_live())
        return;
    while ((given = give_spare(SIZE_MAX)) > 0)
        left += given;
    present -= left;
}

/* In the new domain nothing can be said yet; its first look at the target does it. */
static void come_back(void)
{
    size_t taken = 1;

    while (left > 0 && taken > 0) {
        taken = take_block(left);
        left -= taken;
        present += taken;
    }
    lost = left > 0;
    left = 0;
}

static void cancel(void)
{
    come_back();
    if (lost)
        work_schedule(&balloon_work);
}

static const struct suspend_hooks balloon_hooks = {
    .prepare = prepare,
    .leave = leave,
    .cancel = cancel,
    .forget = come_back,
};
SUSPEND_HOOKS(memory, balloon_hooks);

static void start_balloon(void)
{
    present = goal = boot_info.memory_present / PAGE_SIZE;
    memory_pressure_listen(memory_is_low);
    xenstore_watch_register_later(&target_watch);
}
INITCALL(balloon, start_balloon);
