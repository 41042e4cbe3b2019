/* SPDX-License-Identifier: MIT */
/*
 * Xenstore client: watches and the thread that runs their callbacks.
 *
 * The scheduler-side handler puts events into a byte queue of fixed size, as records {token, path
 * size} path NUL; an event that is queued already is not queued twice. When the queue is full, or
 * a path too long for it, the watch is marked instead, and its callback is later called once with
 * the watch's own path: something at or below it changed. So memory is bounded and no change is
 * lost, whatever rate events come at.
 *
 * Registrations, events, and watches that were marked take turns, so that a stream of the ones does
 * not keep the others waiting.
 *
 * A watch is PENDING (the thread shall ask xenstore for it), REGISTERING (somebody is asking),
 * ACTIVE or FAILED. One that xenstore has not answered in time is PENDING again, eight times.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/printk.h"
#include "xenstore_internal.h"

#define QUEUE_SIZE 2048u
#define PATH_SIZE_MAX 512u
#define TOKEN_SIZE 12 /* ten digits, NUL */
#define BUCKETS 64u
#define ATTEMPTS_MAX 8u

enum watch_state { WATCH_PENDING, WATCH_REGISTERING, WATCH_ACTIVE, WATCH_FAILED };

struct event_header {
    uint32_t token;
    uint32_t path_size; /* with its NUL */
};

static struct {
    unsigned int count;
    uint32_t last_token;
    struct thread *thread;
    struct xenstore_watch *running; /* whose callback or registration the thread is in */
    unsigned int turn;              /* which kind of work was done last */
    size_t queued;                  /* bytes of `queue` in use */
    char queue[QUEUE_SIZE];
    char path[PATH_SIZE_MAX]; /* of the event in hand */
} state;

static struct list watches = LIST_INIT(watches);
static struct xenstore_watch *by_token[BUCKETS];
static struct list pending = LIST_INIT(pending);
static struct list marked = LIST_INIT(marked); /* an event was lost, or asked for */
static struct wait_queue work_queue = WAIT_QUEUE_INIT(work_queue); /* the thread, for work */
static struct wait_queue idle_queue = WAIT_QUEUE_INIT(idle_queue); /* for `running` to change */

/* Tokens are given out in order, so that they spread evenly. */
static struct xenstore_watch **bucket_of(uint32_t token)
{
    return &by_token[token % BUCKETS];
}

static struct xenstore_watch *find_token(uint32_t token)
{
    struct xenstore_watch *watch = *bucket_of(token);

    while (watch != NULL && watch->token != token)
        watch = watch->next_in_bucket;
    return watch;
}

static void leave_bucket(struct xenstore_watch *watch)
{
    struct xenstore_watch **place = bucket_of(watch->token);

    while (*place != watch)
        place = &(*place)->next_in_bucket;
    *place = watch->next_in_bucket;
}

static size_t record_size(size_t offset)
{
    struct event_header header;

    memcpy(&header, state.queue + offset, sizeof(header));
    return sizeof(header) + header.path_size;
}

static bool already_queued(const struct event_header *header, const char *path)
{
    for (size_t offset = 0; offset < state.queued; offset += record_size(offset))
        if (memcmp(state.queue + offset, header, sizeof(*header)) == 0 &&
            memcmp(state.queue + offset + sizeof(*header), path, header->path_size) == 0)
            return true;
    return false;
}

static void mark(struct xenstore_watch *watch)
{
    list_remove(&watch->mark);
    list_append(&marked, &watch->mark);
}

static void set_pending(struct xenstore_watch *watch)
{
    watch->state = WATCH_PENDING;
    list_remove(&watch->pending);
    list_append(&pending, &watch->pending);
    wake_all(&work_queue);
}

void xenstore_watch_event(const char *path, uint32_t token)
{
    struct xenstore_watch *watch = find_token(token);
    struct event_header header = { token, (uint32_t)strlen(path) + 1 };

    /* Events of a watch that was just removed may still be under way. */
    if (watch == NULL || already_queued(&header, path))
        return;
    if (header.path_size > PATH_SIZE_MAX ||
        sizeof(header) + header.path_size > QUEUE_SIZE - state.queued) {
        mark(watch);
    } else {
        memcpy(state.queue + state.queued, &header, sizeof(header));
        memcpy(state.queue + state.queued + sizeof(header), path, header.path_size);
        state.queued += sizeof(header) + header.path_size;
    }
    wake_all(&work_queue);
}

static void remove_record(size_t offset)
{
    size_t size = record_size(offset);

    state.queued -= size;
    memmove(state.queue + offset, state.queue + offset + size, state.queued - offset);
}

static void drop_events(uint32_t token)
{
    size_t offset = 0;

    while (offset < state.queued) {
        struct event_header header;

        memcpy(&header, state.queue + offset, sizeof(header));
        if (header.token == token)
            remove_record(offset);
        else
            offset += record_size(offset);
    }
}

/* XS_WATCH or XS_UNWATCH. */
static int watch_request(enum xsd_sockmsg_type type, const struct xenstore_watch *watch)
{
    char token[TOKEN_SIZE];
    int length = ksnprintf(token, sizeof(token), "%u", watch->token);
    const struct xenstore_piece pieces[] = {
        { watch->path, strlen(watch->path) + 1 },
        { token, (size_t)length + 1 },
    };

    return xenstore_request(type, XENSTORE_NONE, pieces, 2, NULL);
}

static void add_watch(struct xenstore_watch *watch)
{
    watch->token = ++state.last_token;
    watch->state = WATCH_REGISTERING;
    watch->attempts = 0;
    watch->known = true;
    list_init(&watch->pending);
    list_init(&watch->mark);
    list_append(&watches, &watch->link);
    watch->next_in_bucket = *bucket_of(watch->token);
    *bucket_of(watch->token) = watch;
    state.count++;
}

static void remove_watch(struct xenstore_watch *watch)
{
    leave_bucket(watch);
    list_remove(&watch->link);
    list_remove(&watch->pending);
    list_remove(&watch->mark);
    watch->known = false;
    state.count--;
    drop_events(watch->token);
}

int xenstore_watch_register(struct xenstore_watch *watch)
{
    /* In the list first: the first event may come before the answer. */
    add_watch(watch);
    int error = watch_request(XS_WATCH, watch);
    watch->state = WATCH_ACTIVE;
    if (error < 0)
        remove_watch(watch);
    return error;
}

void xenstore_watch_register_later(struct xenstore_watch *watch)
{
    add_watch(watch);
    set_pending(watch);
}

void xenstore_watch_unregister(struct xenstore_watch *watch)
{
    remove_watch(watch);
    if (thread_self() == state.thread && state.running == watch)
        state.running = NULL;
    /* Our own callbacks end, and what they ask of xenstore has a time limit. */
    while (state.running == watch)
        wait_queue_sleep(&idle_queue, DEADLINE_NEVER);
    if (watch->state == WATCH_ACTIVE)
        watch_request(XS_UNWATCH, watch);
}

/* An event that has lost its path says just what is wanted. */
void xenstore_watch_again(struct xenstore_watch *watch)
{
    if (!watch->known)
        return;
    mark(watch);
    wake_all(&work_queue);
}

unsigned int xenstore_watches(void)
{
    return state.count;
}

/* An attempt whose answer came too late may have done it. */
static void register_pending(struct xenstore_watch *watch)
{
    int error;

    state.running = watch;
    list_remove(&watch->pending);
    watch->state = WATCH_REGISTERING;
    error = watch_request(XS_WATCH, watch);
    if (error == -EEXIST && watch->attempts > 0)
        error = 0;
    watch->state = error == 0 ? WATCH_ACTIVE : WATCH_FAILED;
    if (error == -ETIMEDOUT && watch->attempts++ < ATTEMPTS_MAX)
        set_pending(watch);
    else if (error != 0)
        printk("xenstore: cannot watch %s: %d", watch->path, error);
    state.running = NULL;
    wake_all(&idle_queue);
}

static void run_callback(struct xenstore_watch *watch, const char *path)
{
    state.running = watch;
    watch->callback(watch, path);
    state.running = NULL; /* the callback may have freed the watch */
    wake_all(&idle_queue);
}

static void run_first_event(void)
{
    struct event_header header;

    memcpy(&header, state.queue, sizeof(header));
    memcpy(state.path, state.queue + sizeof(header), header.path_size);
    remove_record(0);
    struct xenstore_watch *watch = find_token(header.token);
    if (watch != NULL)
        run_callback(watch, state.path);
}

static void run_first_marked(void)
{
    struct xenstore_watch *watch = container_of(list_first(&marked), struct xenstore_watch, mark);

    list_remove(&watch->mark);
    run_callback(watch, watch->path);
}

static struct xenstore_watch *first_pending(void)
{
    struct list *node = list_first(&pending);

    return node != NULL ? container_of(node, struct xenstore_watch, pending) : NULL;
}

/* One piece of work, if there is any. */
static bool work(void)
{
    for (unsigned int i = 0; i < 3; i++) {
        state.turn = (state.turn + 1) % 3;
        if (state.turn == 0 && first_pending() != NULL) {
            register_pending(first_pending());
            return true;
        }
        if (state.turn == 1 && state.queued > 0) {
            run_first_event();
            return true;
        }
        if (state.turn == 2 && !list_empty(&marked)) {
            run_first_marked();
            return true;
        }
    }
    return false;
}

/* One that somebody is registering now has its request repeated. */
void xenstore_watch_resume(void)
{
    struct list *node, *next;

    list_for_each (node, next, &watches) {
        struct xenstore_watch *watch = container_of(node, struct xenstore_watch, link);

        watch->attempts = 0;
        if (watch->state != WATCH_REGISTERING)
            set_pending(watch);
    }
}

static void watch_thread(void *argument)
{
    (void)argument;
    for (;;)
        if (!work())
            wait_queue_sleep(&work_queue, DEADLINE_NEVER);
}

int xenstore_watch_start(void)
{
    state.thread = thread_create("xenstore", watch_thread, NULL);
    return state.thread != NULL ? 0 : -ENOMEM;
}
