/* SPDX-License-Identifier: MIT */
/*
 * Slot i of the connection table has entry FIXED_SLOTS + i of the poll set, behind the listeners
 * and the log; free slots have descriptor -1 there, which poll() skips. New connections take the
 * lowest free slot, and the set ends after the highest used one.
 *
 * While the log is full nothing is served: the loop waits for the log alone, and goes on with the
 * slot whose turn it was.
 *
 * When the table is full, the connection that has been idle longest (a second at least) makes room
 * for a new one; if all are busy, the new one goes to a spare slot and is answered by 503; if these
 * are full too, it stays in the listen backlog.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conn.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "say.h"

enum {
    ACCEPTS_A_ROUND = 16,
    EVICTABLE_MS = 1000,
    ACCEPT_PAUSE_MS = 1000,
    MEMORY_PAUSE_MS = 10,
    MEMORY_PAUSES = 50,
    COMPLAINT_PAUSE_MS = 60000
};
enum { LOG_SLOT = LOOP_LISTENERS, FIXED_SLOTS };

struct loop {
    int listeners[LOOP_LISTENERS];
    unsigned limit;         /* connections served */
    unsigned slots;         /* with the spare ones */
    unsigned used;          /* slots from here on are free */
    unsigned memory_pauses; /* since poll() last told of something */
    unsigned turn;          /* the slot to serve first */
    int64_t accept_again;   /* accept() failed: not before this millisecond; 0: at once */
    int64_t complain_again; /* about that: not before this millisecond */
    struct pollfd *polls;
    struct conn *conns;
};

static struct conn *conn_of(struct deadline *deadline)
{
    return (struct conn *)((char *)deadline - offsetof(struct conn, deadline));
}

static struct conn *free_slot(struct loop *loop)
{
    for (unsigned i = 0; i < loop->slots; i++) {
        if (loop->conns[i].poll->fd >= 0)
            continue;
        if (i >= loop->used)
            loop->used = i + 1;
        return &loop->conns[i];
    }
    return NULL;
}

static void make_room(struct loop *loop)
{
    struct deadline *idle = deadline_first(DEADLINE_IDLE);

    if (conn_count() >= loop->limit && idle && deadline_age(idle) >= EVICTABLE_MS)
        conn_close(conn_of(idle));
}

static bool passing_error(int error)
{
    return error == -ECONNABORTED || error == -EINTR;
}

/* Out of descriptors or memory: trying again at once would only spin. */
static void pause_accepting(struct loop *loop, int error)
{
    loop->accept_again = server_clock.now + ACCEPT_PAUSE_MS;
    if (server_clock.now < loop->complain_again)
        return;
    loop->complain_again = server_clock.now + COMPLAINT_PAUSE_MS;
    complain("cannot take a connection: ", strerror(-error), "; new visitors wait", "");
}

static void accept_all(struct loop *loop, int listener)
{
    struct sockaddr_storage address;

    for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
        if (log_full())
            return;
        /* Nobody has to go for a connection that may not be there: poll() tells of one only. */
        if (conn_count() == loop->slots && i == 0)
            make_room(loop);
        if (conn_count() == loop->slots)
            return;

        int socket = listener_accept(listener, &address);

        if (socket == -EAGAIN)
            return;
        if (socket >= 0) {
            make_room(loop);
            conn_open(free_slot(loop), socket, (struct sockaddr *)&address,
                      conn_count() >= loop->limit);
        } else if (!passing_error(socket)) {
            pause_accepting(loop, socket);
            return;
        }
    }
}

/*
 * Listens only while a new connection could be taken. Idle connections keep the listeners on even
 * when the table is full: one of them may have to go. Returns the milliseconds until this is to be
 * called again, -1 if a connection's end will cause that.
 */
static int arm_listeners(struct loop *loop)
{
    bool paused = loop->accept_again > server_clock.now;
    bool full = conn_count() == loop->slots;
    struct deadline *idle = full ? deadline_first(DEADLINE_IDLE) : NULL;
    bool evictable = idle && deadline_age(idle) >= EVICTABLE_MS;

    for (int i = 0; i < LOOP_LISTENERS; i++)
        loop->polls[i].fd = paused || (full && !evictable) ? -1 : loop->listeners[i];
    if (paused)
        return (int)(loop->accept_again - server_clock.now);
    return idle && !evictable ? (int)(EVICTABLE_MS - deadline_age(idle)) : -1;
}

static int sooner(int left, int right)
{
    if (left < 0 || right < 0)
        return left < 0 ? right : left;
    return left < right ? left : right;
}

static void serve_ready(struct loop *loop, int ready)
{
    for (unsigned n = loop->used; n > 0 && ready > 0; n--) {
        struct conn *conn;

        if (log_full())
            return;
        if (loop->turn >= loop->used)
            loop->turn = 0;
        conn = &loop->conns[loop->turn++];
        if (conn->poll->fd < 0 || conn->poll->revents == 0)
            continue;
        ready--;
        conn_ready(conn);
    }
    for (int i = 0; i < LOOP_LISTENERS; i++) {
        if (loop->polls[i].fd >= 0 && loop->polls[i].revents != 0)
            accept_all(loop, loop->polls[i].fd);
    }
}

static void wait_for_log(struct loop *loop)
{
    loop->polls[LOG_SLOT].fd = log_descriptor();
    poll(&loop->polls[LOG_SLOT], 1, log_patience());
    clock_update();
}

static void expire(void)
{
    struct deadline *deadline;

    while ((deadline = deadline_expired()) != NULL)
        conn_expired(conn_of(deadline));
}

/*
 * There is not even the memory to wait for so many, but asking who is ready takes none. If nobody
 * is for a while, the connection that has been idle longest goes, or else the one in the highest
 * slot, behind which the set ends.
 */
static int poll_without_memory(struct loop *loop)
{
    struct deadline *idle = deadline_first(DEADLINE_IDLE);
    int ready = poll(loop->polls, FIXED_SLOTS + loop->used, 0);

    if (ready != 0)
        return ready;
    poll(NULL, 0, MEMORY_PAUSE_MS);
    if (++loop->memory_pauses < MEMORY_PAUSES || loop->used == 0)
        return 0;
    loop->memory_pauses = 0;
    pause_accepting(loop, -ENOMEM);
    conn_close(idle ? conn_of(idle) : &loop->conns[loop->used - 1]);
    return 0;
}

static int run(struct loop *loop)
{
    for (;;) {
        int wait = sooner(sooner(deadline_wait(), log_settle()), arm_listeners(loop));

        while (loop->used > 0 && loop->conns[loop->used - 1].poll->fd < 0)
            loop->used--;

        if (log_full()) {
            wait_for_log(loop);
            continue;
        }
        loop->polls[LOG_SLOT].fd = log_descriptor();

        int ready = poll(loop->polls, FIXED_SLOTS + loop->used, wait);

        if (ready < 0 && errno == ENOMEM)
            ready = poll_without_memory(loop);
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        clock_update();
        if (ready > 0) {
            loop->memory_pauses = 0;
            serve_ready(loop, ready);
        }
        expire();
    }
}

int loop_run(const int listeners[LOOP_LISTENERS], unsigned connections)
{
    struct loop loop = { .limit = connections, .slots = connections + LOOP_SPARE };
    int error = -ENOMEM;

    loop.polls = calloc(FIXED_SLOTS + loop.slots, sizeof(*loop.polls));
    loop.conns = calloc(loop.slots, sizeof(*loop.conns));
    if (loop.polls && loop.conns) {
        for (int i = 0; i < LOOP_LISTENERS; i++) {
            loop.listeners[i] = listeners[i] < 0 ? -1 : listeners[i];
            loop.polls[i].events = POLLIN;
        }
        loop.polls[LOG_SLOT].events = POLLOUT;
        for (unsigned i = 0; i < loop.slots; i++) {
            loop.conns[i].poll = &loop.polls[FIXED_SLOTS + i];
            loop.conns[i].poll->fd = -1;
        }
        clock_update();
        error = run(&loop);
    }
    free(loop.polls);
    free(loop.conns);
    return error;
}
