/* SPDX-License-Identifier: MIT */
/*
 * A turn of a connection: receive once, answer every whole request that is there, send the answers
 * together, keep what is unfinished. The shared buffers are empty between turns.
 *
 * Unsent bytes: those of a file in memory, or when memory is short, are simply read again later;
 * heads, and bytes that came from a disk, are kept in `held`. What follows in conn->body comes
 * behind them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "budget.h"
#include "conn.h"
#include "respond.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum {
    OUTPUT_SIZE = 2 * RESPOND_ROOM,
    INPUT_FIRST = 1024,        /* bytes kept for an unfinished request, doubled as needed */
    FILLS_A_TURN = 4,          /* of the output, by one body, before others get their turn */
    LINGER_BYTES = 256 * 1024, /* read and thrown away after the last answer */
};

static char shared_input[REQUEST_HEAD_MAX];
static char shared_output[OUTPUT_SIZE];
static struct text out = { .data = shared_output, .cap = sizeof(shared_output) };
static unsigned count;

unsigned conn_count(void)
{
    return count;
}

static void drop_input(struct conn *conn)
{
    budget_give(conn->input, conn->input_size);
    conn->input = NULL;
    conn->input_len = conn->input_size = 0;
}

static void drop_held(struct conn *conn)
{
    budget_give(conn->held, conn->held_size);
    conn->held = NULL;
    conn->held_at = conn->held_size = 0;
}

void conn_close(struct conn *conn)
{
    deadline_set(&conn->deadline, DEADLINE_NONE);
    drop_input(conn);
    drop_held(conn);
    body_release(&conn->body);
    close(conn->poll->fd);
    conn->poll->fd = -1;
    count--;
}

/* Returns the bytes that the socket took, 0 if it takes none now, or -errno. */
static ssize_t send_some(const struct conn *conn, const char *data, size_t len)
{
    ssize_t sent;

    do {
        sent = send(conn->poll->fd, data, len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

/* 0 when nothing is held any more, -EAGAIN if the socket is full, or another -errno. */
static int send_held(struct conn *conn)
{
    size_t left = conn->held_size - conn->held_at;

    if (!conn->held)
        return 0;

    ssize_t sent = send_some(conn, conn->held + conn->held_at, left);

    if (sent < 0)
        return (int)sent;
    if (sent > 0)
        deadline_set(&conn->deadline, DEADLINE_WRITE);
    conn->held_at += (size_t)sent;
    if ((size_t)sent < left)
        return -EAGAIN;
    drop_held(conn);
    return 0;
}

/* Keeps the last `unsent` bytes of the output for later; they end with body.unsettled of body. */
static int hold(struct conn *conn, size_t unsent)
{
    struct body *body = &conn->body;
    size_t again = body->unsettled < unsent ? body->unsettled : unsent;

    if (!body_in_memory(body)) {
        conn->held = budget_take(unsent);
        if (conn->held)
            again = 0;
    }
    body_settle(body, again);
    unsent -= again;
    if (unsent == 0)
        return 0;
    if (!conn->held)
        conn->held = budget_take(unsent);
    if (!conn->held)
        return -ENOMEM;
    memcpy(conn->held, out.data + out.len - again - unsent, unsent);
    conn->held_size = unsent;
    return 0;
}

/* Sends the output, which is empty afterwards. 0, -EAGAIN if a part is kept, or another -errno. */
static int flush(struct conn *conn)
{
    if (out.len == 0)
        return 0;

    ssize_t sent = out.overflow ? -EMSGSIZE : send_some(conn, out.data, out.len);
    int error = 0;

    if (sent < 0) {
        error = (int)sent;
    } else if ((size_t)sent < out.len) {
        error = hold(conn, out.len - (size_t)sent);
        if (error == 0)
            error = -EAGAIN;
    } else {
        body_settle(&conn->body, 0);
    }
    if (sent > 0 && conn->state == CONN_WRITING)
        deadline_set(&conn->deadline, DEADLINE_WRITE);
    out.len = 0;
    out.overflow = false;
    return error;
}

/*
 * Sends everything there is to send. 0 when it is gone, -EAGAIN if the rest waits for the socket
 * or for this connection's next turn, another -errno if the connection cannot go on.
 */
static int deliver(struct conn *conn)
{
    int error = send_held(conn);

    for (int fills = 0; error == 0 && (out.len > 0 || conn->body.left > 0); fills++) {
        if (fills == FILLS_A_TURN)
            return -EAGAIN;
        error = body_fill(&conn->body, &out);
        if (error == 0)
            error = flush(conn);
    }
    if (error != 0)
        out.len = 0;
    return error;
}

/* Keeps `len` bytes at `data` as the unparsed input. -ENOMEM if there is no memory for them. */
static int keep_input(struct conn *conn, const char *data, size_t len)
{
    if (len == 0) {
        drop_input(conn);
        return 0;
    }
    if (!conn->input) {
        size_t size = INPUT_FIRST;

        while (size < len)
            size *= 2;
        conn->input = budget_take(size);
        if (!conn->input)
            return -ENOMEM;
        conn->input_size = (uint16_t)size;
    }
    memmove(conn->input, data, len);
    conn->input_len = (uint16_t)len;
    return 0;
}

/* Makes room for at least one more byte of input. */
static int grow_input(struct conn *conn)
{
    size_t size = (size_t)conn->input_size * 2;

    if (conn->input_len < conn->input_size)
        return 0;

    char *larger = size <= REQUEST_HEAD_MAX ? budget_take(size) : NULL;

    if (!larger)
        return -ENOMEM;
    memcpy(larger, conn->input, conn->input_len);
    budget_give(conn->input, conn->input_size);
    conn->input = larger;
    conn->input_size = (uint16_t)size;
    return 0;
}

static void start_lingering(struct conn *conn)
{
    if (shutdown(conn->poll->fd, SHUT_WR) < 0) {
        conn_close(conn);
        return;
    }
    drop_input(conn);
    conn->state = CONN_LINGERING;
    conn->poll->events = POLLIN;
    deadline_set(&conn->deadline, DEADLINE_LINGER);
}

/* The last answer is out. */
static void finish(struct conn *conn, size_t unparsed)
{
    if (conn->linger || conn->skip > 0 || unparsed > 0 || conn->request.body_unread)
        start_lingering(conn);
    else
        conn_close(conn);
}

static void wait_for_socket(struct conn *conn)
{
    if (conn->state != CONN_WRITING)
        deadline_set(&conn->deadline, DEADLINE_WRITE);
    conn->state = CONN_WRITING;
    conn->poll->events = POLLOUT;
}

/* A request's time starts with its first byte and is not extended by further ones. */
static void wait_for_input(struct conn *conn, bool begun, bool fresh)
{
    conn->state = CONN_READING;
    conn->poll->events = POLLIN;
    if (!begun)
        deadline_set(&conn->deadline, DEADLINE_IDLE);
    else if (fresh || conn->deadline.kind != DEADLINE_HEAD)
        deadline_set(&conn->deadline, DEADLINE_HEAD);
}

/* Decides what comes after a turn that left `len` bytes unparsed and ended with `error`. */
static void settle(struct conn *conn, const char *data, size_t len, bool fresh, int error)
{
    if (error != 0 && error != -EAGAIN) {
        conn_close(conn);
        return;
    }
    if (error == 0 && conn->closing) {
        finish(conn, len);
        return;
    }
    if (keep_input(conn, data, len) < 0) {
        conn->closing = conn->linger = true;
        if (error == 0) {
            respond_error(conn, data, 503, &out);
            error = deliver(conn);
        }
        if (error == 0)
            start_lingering(conn);
        else
            conn_close(conn);
        return;
    }
    if (error == -EAGAIN)
        wait_for_socket(conn);
    else
        wait_for_input(conn, len > 0 || conn->skip > 0, fresh);
}

/* Answers a bad request. Where the next one would start is unknown: the connection ends. */
static void refuse(struct conn *conn, const char *head, int status)
{
    conn->closing = conn->linger = true;
    respond_error(conn, head, status, &out);
}

/*
 * Answers the request at `data` if its head is complete, and returns the bytes it took, 0 if more
 * are needed.
 */
static size_t serve_one(struct conn *conn, const char *data, size_t len)
{
    int head = request_parse(&conn->request, data, len);

    if (head == 0)
        return 0;
    /* The body before this one is all in the output; from here on it is sent as part of that. */
    body_release(&conn->body);
    if (head < 0) {
        refuse(conn, data, -head);
        return len;
    }
    conn->skip = conn->request.content_length;
    respond(conn, data, &out);
    if (!conn->closing)
        request_reset(&conn->request);
    return (size_t)head;
}

static size_t skip_body(struct conn *conn, size_t len)
{
    size_t skipped = conn->skip < len ? conn->skip : len;

    conn->skip -= (uint32_t)skipped;
    return skipped;
}

/* Answers what the `len` bytes at `data`, the input so far, hold of whole requests. */
static void serve(struct conn *conn, const char *data, size_t len)
{
    size_t used = 0;
    bool fresh = false;
    int error = 0;

    while (used < len && !conn->closing && error == 0) {
        size_t taken;

        if (conn->skip > 0) {
            used += skip_body(conn, len - used);
            continue;
        }
        taken = serve_one(conn, data + used, len - used);
        if (taken == 0)
            break;
        fresh = true;
        used += taken;
        if (out.cap - out.len < RESPOND_ROOM || conn->body.left > 0)
            error = deliver(conn);
    }
    if (conn->skip > 0)
        used += skip_body(conn, len - used);
    if (error == 0)
        error = deliver(conn);
    settle(conn, data + used, len - used, fresh, error);
}

static void receive(struct conn *conn)
{
    char *buffer = shared_input;
    size_t size = sizeof(shared_input);

    if (conn->input) {
        if (grow_input(conn) < 0) {
            refuse(conn, conn->input, 503);
            settle(conn, NULL, 0, false, deliver(conn));
            return;
        }
        buffer = conn->input;
        size = conn->input_size;
    }

    ssize_t got = recv(conn->poll->fd, buffer + conn->input_len, size - conn->input_len, 0);

    if (got > 0)
        serve(conn, buffer, conn->input_len + (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        conn_close(conn);
}

/* The socket takes bytes again; what was received meanwhile is served when they are gone. */
static void resume_writing(struct conn *conn)
{
    int error = deliver(conn);

    if (error == -EAGAIN)
        return;
    if (error < 0)
        conn_close(conn);
    else if (conn->closing)
        finish(conn, conn->input_len);
    else
        serve(conn, conn->input, conn->input_len);
}

static void drain(struct conn *conn)
{
    ssize_t got = recv(conn->poll->fd, shared_input, sizeof(shared_input), 0);

    if (got > 0)
        conn->lingered += (uint32_t)got;
    if (got == 0 || conn->lingered > LINGER_BYTES ||
        (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        conn_close(conn);
}

void conn_ready(struct conn *conn)
{
    switch (conn->state) {
    case CONN_READING:
        receive(conn);
        break;
    case CONN_WRITING:
        resume_writing(conn);
        break;
    case CONN_LINGERING:
        drain(conn);
        break;
    }
}

void conn_expired(struct conn *conn)
{
    if (conn->deadline.kind != DEADLINE_HEAD || conn->input_len == 0) {
        conn_close(conn);
        return;
    }
    refuse(conn, conn->input, 408);
    settle(conn, NULL, 0, false, deliver(conn));
}

/* IPv4 peers of an IPv6 socket are shown as IPv4. */
static void name_peer(struct conn *conn, const struct sockaddr *address)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    const void *bytes = &v4->sin_addr;
    int family = AF_INET;

    if (address->sa_family == AF_INET6) {
        bool is_mapped = memcmp(&v6->sin6_addr, mapped, sizeof(mapped)) == 0;

        bytes = (const char *)&v6->sin6_addr + (is_mapped ? sizeof(mapped) : 0);
        family = is_mapped ? AF_INET : AF_INET6;
    }
    if (!inet_ntop(family, bytes, conn->peer, sizeof(conn->peer)))
        memcpy(conn->peer, "-", sizeof("-"));
}

void conn_open(struct conn *conn, int socket, const struct sockaddr *address, bool refused)
{
    struct pollfd *slot = conn->poll;

    *conn = (struct conn){ .poll = slot, .refused = refused };
    slot->fd = socket;
    slot->revents = 0;
    count++;
    name_peer(conn, address);
    wait_for_input(conn, false, false);
    receive(conn);
}
