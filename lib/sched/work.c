/* SPDX-License-Identifier: MIT */
/* The worker: see include/lib/sched/work.h. */
#include "lib/sched/work.h"

#include "lib/base/suspend.h"

#define RETRY_DELAY MILLISECONDS(100)

static void retry(void *unused);
static struct timer retry_timer = TIMER_INIT(retry_timer, retry, NULL);

static struct list queue = LIST_INIT(queue);
static struct wait_queue changed = WAIT_QUEUE_INIT(changed); /* there is work, or it has ended */
static struct thread *worker;
static struct work *running; /* not to be looked into: its function may have freed it */
static bool at_rest;         /* the domain is being saved */

static void run_first(void)
{
    struct work *work = container_of(list_first(&queue), struct work, link);

    list_remove(&work->link);
    running = work;
    work->function(work);
    running = NULL;
    wake_all(&changed);
}

static void run_all(void *unused)
{
    (void)unused;
    for (;;) {
        wait_until(&changed, !at_rest && !list_empty(&queue), DEADLINE_NEVER);
        run_first();
    }
}

static void have_worker(void)
{
    if (!worker)
        worker = thread_create("worker", run_all, NULL);
    if (!worker)
        timer_set(&retry_timer, deadline_after(RETRY_DELAY));
}

static void retry(void *unused)
{
    (void)unused;
    have_worker();
}

void work_init(struct work *work, void (*function)(struct work *work))
{
    *work = (struct work)WORK_INIT(*work, function);
}

void work_schedule(struct work *work)
{
    timer_cancel(&work->timer);
    if (!list_empty(&work->link))
        return;
    list_append(&queue, &work->link);
    wake_all(&changed);
    have_worker();
}

void work_is_due(void *work)
{
    work_schedule(work);
}

/* The worker is there in time, and whoever counts threads counts it from the start. */
void work_schedule_at(struct work *work, uint64_t deadline)
{
    timer_set(&work->timer, deadline);
    have_worker();
}

bool work_is_scheduled(const struct work *work)
{
    return timer_pending(&work->timer) || !list_empty(&work->link);
}

bool work_cancel(struct work *work)
{
    timer_cancel(&work->timer);
    list_remove(&work->link);
    return running == work && thread_self() != worker;
}

static int prepare(uint64_t deadline)
{
    at_rest = true;
    return wait_until(&changed, !running, deadline);
}

static void go_on(void)
{
    at_rest = false;
    wake_all(&changed);
}

/* Before the devices, which a running piece of work may need. */
static const struct suspend_hooks work_hooks = {
    .prepare = prepare,
    .cancel = go_on,
    .resume = go_on,
};
SUSPEND_HOOKS(work, work_hooks);
