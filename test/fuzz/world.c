/* SPDX-License-Identifier: MIT */
/* The fuzzed rooms' world: see world.h. */
#include "world.h"
#include "../../lib/base/heap.c"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <sanitizer/asan_interface.h>
#include <xen-abi/grant_table.h>
#include <xen-abi/xen.h>
#include <xen-abi/sched.h>

#include "xen/platform.h"
#include "fuzz.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "lib/sched/sched.h"
#include "xen/evtchn.h"
#include "xen/bus/frontend.h"
#include "xen/bus/gnttab.h"
#include "xen/hypercall.h"

#define ARENA ((uint8_t *)0x20000000)
#define PAGES 2048u
#define PORTS 16
#define REFERENCES 4096u
#define LOG_SIZE 4096u
#define TURNS_MAX 4000u /* of the other side in one sleep, whatever the input says */

void (*world_backend)(void);
unsigned int world_page_failures;
size_t world_memory;

static uint64_t now;

/* Log. */

static char log_text[LOG_SIZE];
static size_t log_length;
static unsigned int log_lines;

void printk(const char *format, ...)
{
    va_list arguments;

    log_lines++;
    if (log_length + 256 > LOG_SIZE)
        log_length = 0;
    va_start(arguments, format);
    vsnprintf(log_text + log_length, 256, format, arguments);
    va_end(arguments);
    log_length += strlen(log_text + log_length) + 1;
}

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    return vsnprintf(buffer, size, format, arguments);
}

int ksnprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

unsigned int world_lines(void)
{
    return log_lines;
}

unsigned int world_lines_with(const char *text)
{
    unsigned int count = 0;

    for (size_t at = 0; at < log_length; at += strlen(log_text + at) + 1)
        count += strstr(log_text + at, text) != NULL;
    return count;
}

/*
 * Pages: each place of the arena has room for two, of which mostly one is used, and stays poisoned
 * otherwise.
 */

#define PLACE 3u                 /* pages of the arena, the last always poisoned */
static uint8_t page_used[PAGES]; /* bit 0: the first page, bit 1: the second */
static unsigned int pages_in_use;

const uint64_t *platform_p2m;

static uint8_t *page_at(unsigned int i)
{
    return ARENA + (size_t)i * PLACE * PAGE_SIZE;
}

static void arena_map(void)
{
    size_t size = (size_t)PAGES * PLACE * PAGE_SIZE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

    FUZZ_CHECK(mmap(ARENA, size, PROT_READ | PROT_WRITE, flags, -1, 0) == ARENA);
    __asan_poison_memory_region(ARENA, size);
}

/* Two pages at most: a ring of two, or a long answer of xenstore's. */
void *pages_alloc(unsigned int order)
{
    unsigned int i = 0;

    FUZZ_CHECK(order <= 1);
    if (world_page_failures > 0) {
        world_page_failures--;
        return NULL;
    }
    while (i < PAGES && page_used[i])
        i++;
    if (i == PAGES || pages_in_use >= world_memory)
        return NULL;
    page_used[i] = order == 0 ? 1 : 3;
    pages_in_use += 1u << order;
    __asan_unpoison_memory_region(page_at(i), PAGE_SIZE << order);
    memset(page_at(i), 0xa5, PAGE_SIZE << order); /* as after another use */
    return page_at(i);
}

void *pages_alloc_critical(unsigned int order)
{
    return pages_alloc(order);
}

void *page_alloc_zeroed(void)
{
    void *page = page_alloc();

    return page != NULL ? memset(page, 0, PAGE_SIZE) : NULL;
}

void pages_split(void *block, unsigned int order)
{
    (void)block;
    (void)order;
}

size_t pages_total(void)
{
    return world_memory;
}

/* The grant table. */

static grant_entry_v1_t *table;
static unsigned int references;   /* in the frames that were asked for */
static uint64_t held[REFERENCES]; /* the frame that the other side has mapped by each; 0: none */

static int map_grant_frame(unsigned int index, void **address)
{
    const unsigned int entries = PAGE_SIZE / sizeof(grant_entry_v1_t);

    if ((index + 1) * entries > REFERENCES)
        return -ENOSPC;
    *address = table + index * entries;
    if (references < (index + 1) * entries)
        references = (index + 1) * entries;
    return 0;
}

static const struct platform fuzz_platform = { .map_grant_frame = map_grant_frame };
const struct platform *platform = &fuzz_platform;

/* Whether the other side can still get at a frame: by a grant, or by a mapping that it has. */
static bool reachable(uint64_t frame)
{
    for (unsigned int i = 0; i < references; i++)
        if (held[i] == frame ||
            ((table[i].flags & GTF_type_mask) == GTF_permit_access && table[i].frame == frame))
            return true;
    return false;
}

static void free_page(uint8_t *page)
{
    unsigned int i = (unsigned int)((size_t)(page - ARENA) / (PLACE * PAGE_SIZE));
    unsigned int which = (unsigned int)((size_t)(page - page_at(i)) / PAGE_SIZE);

    FUZZ_CHECK(i < PAGES && page_at(i) + which * PAGE_SIZE == page && page_used[i] >> which & 1);
    FUZZ_CHECK(!reachable(page_frame(page)));
    page_used[i] &= (uint8_t) ~(1u << which);
    pages_in_use--;
    __asan_poison_memory_region(page, PAGE_SIZE);
}

void pages_free(void *block, unsigned int order)
{
    for (unsigned int i = 0; i < 1u << order; i++)
        free_page((uint8_t *)block + i * PAGE_SIZE);
}

void *world_granted(uint32_t reference)
{
    const grant_entry_v1_t *entry = &table[reference % REFERENCES];

    if ((entry->flags & GTF_type_mask) != GTF_permit_access)
        return NULL;
    return (void *)((uintptr_t)entry->frame << PAGE_SHIFT);
}

void world_hold(uint32_t reference, bool hold)
{
    grant_entry_v1_t *entry = &table[reference % REFERENCES];

    held[reference % REFERENCES] = 0;
    entry->flags &= (uint16_t) ~(GTF_reading | GTF_writing);
    if (!hold || world_granted(reference) == NULL)
        return;
    held[reference % REFERENCES] = entry->frame;
    entry->flags |= GTF_reading | (entry->flags & GTF_readonly ? 0 : GTF_writing);
}

void world_hold_all(bool hold)
{
    for (uint32_t i = 0; i < references; i++)
        world_hold(i, hold);
}

void world_hold_some(unsigned int most)
{
    if (fuzz_below(2))
        world_hold_all(fuzz_below(2));
    else
        world_hold(8 + fuzz_below(most), true);
}

/* Event channels. */

static struct {
    evtchn_handler handler;
    void *argument;
    bool used, masked, pending;
} ports[PORTS];

int evtchn_attach(uint32_t port, evtchn_handler handler, void *argument)
{
    if (port == 0 || port >= PORTS || ports[port].used)
        return -EINVAL;
    ports[port].handler = handler;
    ports[port].argument = argument;
    ports[port].used = ports[port].masked = true;
    ports[port].pending = false;
    return 0;
}

int evtchn_alloc_unbound(uint16_t domain, evtchn_handler handler, void *argument)
{
    (void)domain;
    for (int port = 1; port < PORTS; port++)
        if (evtchn_attach((uint32_t)port, handler, argument) == 0)
            return port;
    return -ENOSPC;
}

void evtchn_close(int port)
{
    ports[port].used = false;
}

void evtchn_mask(int port)
{
    ports[port].masked = true;
}

void evtchn_unmask(int port)
{
    FUZZ_CHECK(ports[port].used);
    ports[port].masked = false;
}

void evtchn_notify(int port)
{
    FUZZ_CHECK(ports[port].used);
}

unsigned int evtchn_in_use(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < PORTS; i++)
        count += ports[i].used;
    return count;
}

void world_event(int port)
{
    if (port > 0 && port < PORTS)
        ports[port].pending = true;
}

int world_any_port(void)
{
    unsigned int start = fuzz_below(PORTS);

    for (unsigned int i = 0; i < PORTS; i++)
        if (ports[(start + i) % PORTS].used)
            return (int)((start + i) % PORTS);
    return 0;
}

bool world_port_masked(int port)
{
    return ports[port].masked;
}

void world_deliver(void)
{
    for (unsigned int i = 0; i < PORTS; i++) {
        if (!ports[i].used || !ports[i].pending || ports[i].masked)
            continue;
        ports[i].pending = false;
        ports[i].masked = true;
        ports[i].handler(ports[i].argument);
    }
}

/* Time. */

static bool is_earlier(const struct heap_node *a, const struct heap_node *b)
{
    return container_of(a, struct timer, node)->deadline <
           container_of(b, struct timer, node)->deadline;
}

static struct heap timers = { .before = is_earlier };

static struct timer *first_timer(const struct heap *heap)
{
    return heap_first(heap) ? container_of(heap_first(heap), struct timer, node) : NULL;
}

uint64_t clock_monotonic(void)
{
    return now;
}

uint64_t deadline_after(uint64_t ns)
{
    return ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ns;
}

void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
    *timer = (struct timer){ .function = function, .argument = argument };
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    heap_remove(&timers, &timer->node);
    timer->deadline = deadline;
    heap_add(&timers, &timer->node);
}

void timer_cancel(struct timer *timer)
{
    heap_remove(&timers, &timer->node);
}

static uint64_t next_timer(void)
{
    const struct timer *timer = first_timer(&timers);

    return timer != NULL ? timer->deadline : DEADLINE_NEVER;
}

static void run_timers(void)
{
    struct timer *timer;

    while ((timer = first_timer(&timers)) != NULL && timer->deadline <= now) {
        timer_cancel(timer);
        timer->function(timer->argument);
    }
}

void world_pass(uint64_t ns)
{
    now += ns;
    run_timers();
    world_deliver();
}

/* Sleeping. */

struct waiter {
    struct list link;
};

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

static void pass_to(uint64_t deadline)
{
    uint64_t timer = next_timer(), until = timer < deadline ? timer : deadline;

    FUZZ_CHECK(until != DEADLINE_NEVER); /* nothing can end this sleep */
    world_pass(until > now ? until - now : 0);
}

/* Awake means unlinked. */
int wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
    struct waiter waiter;
    unsigned int turns = 0;

    list_init(&waiter.link);
    list_append(&queue->waiters, &waiter.link);
    world_deliver();
    while (!list_empty(&waiter.link)) {
        if (fuzz_left() && turns++ < TURNS_MAX) {
            world_backend();
            world_deliver();
        } else {
            pass_to(deadline);
        }
        if (!list_empty(&waiter.link) && now >= deadline) {
            list_remove(&waiter.link);
            return -ETIMEDOUT;
        }
    }
    return 0;
}

void wake_all(struct wait_queue *queue)
{
    while (!list_empty(&queue->waiters))
        list_remove(list_first(&queue->waiters));
}

void wake_one(struct wait_queue *queue)
{
    if (!list_empty(&queue->waiters))
        list_remove(list_first(&queue->waiters));
}

void mutex_lock(struct mutex *mutex)
{
    FUZZ_CHECK(mutex->owner == NULL);
    mutex->owner = (struct thread *)mutex;
}

void mutex_unlock(struct mutex *mutex)
{
    mutex->owner = NULL;
}

void thread_yield(void)
{
    world_deliver();
}

/* The fuzzer does the work of every thread that is asked for. */
struct thread *thread_self(void)
{
    return (struct thread *)&now;
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    (void)name;
    (void)function;
    (void)argument;
    return thread_self();
}

void world_storm(int port)
{
    void (*hook)(void) = fuzz_hook;
    unsigned int handled = 0;

    fuzz_hook = NULL;
    for (; handled < 200 && ports[port].used && !ports[port].masked; handled++) {
        world_event(port);
        world_deliver();
    }
    FUZZ_CHECK(handled <= 2 * FRONTEND_IDLE_EVENTS + 4);
    fuzz_hook = hook;
}

long hypercall_grant_table_op(unsigned int command, void *argument, unsigned int count)
{
    struct gnttab_query_size *query = argument;

    FUZZ_CHECK(command == GNTTABOP_query_size && count == 1 && query->dom == DOMID_SELF);
    query->max_nr_frames = REFERENCES * sizeof(grant_entry_v1_t) / PAGE_SIZE;
    query->status = GNTST_okay;
    return 0;
}

long hypercall_sched_op(unsigned int command, void *argument)
{
    (void)argument;
    FUZZ_CHECK(command == SCHEDOP_yield);
    if (fuzz_left())
        world_backend();
    world_pass(MILLISECONDS(1));
    return 0;
}

/* From one input to the next. */

void world_start(void)
{
    if (table == NULL) {
        arena_map();
        table = calloc(REFERENCES, sizeof(*table));
    }
    world_backend = NULL;
    fuzz_hook = NULL;
    world_page_failures = 0;
    world_memory = 1024;
    now = SECONDS(1);
    log_lines = 0;
    log_length = 0;
}

void world_end(void)
{
    fuzz_hook = NULL;
    world_page_failures = 0;
    world_hold_all(false);
    world_pass(SECONDS(2)); /* what was set aside is tried again */
    FUZZ_CHECK(gnttab_used() == 0);
    FUZZ_CHECK(gnttab_quarantined() == 0);
    FUZZ_CHECK(evtchn_in_use() == 0);
    FUZZ_CHECK(pages_in_use == 0);
    FUZZ_CHECK(heap_first(&timers) == NULL);
}
