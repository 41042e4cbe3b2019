/* SPDX-License-Identifier: MIT */
/*
 * TCP sockets: data in and out.
 *
 * In: the buffers of arriving segments are linked into one list per socket and copied out by the
 * reader; the window opens as the reader takes data, and closes as the memory that is held (not
 * only the bytes in it) grows. Out: data is copied into segments, all pieces of a call before
 * anything is sent, so that a header and its body travel together.
 *
 * A connection may hold all of lwIP's send buffer while memory is plentiful, less as it runs short,
 * and one segment always (net/memory.c). Who finds no room sleeps until an acknowledgement has freed
 * a quarter of it, or, when there is no memory for a segment, tries again each half second.
 *
 * poll() says that one can write if there is that room and the memory for a segment lies ready; and
 * send() puts in one segment where it finds no memory for more. So they always agree.
 *
 * Peers hear of no larger window than their connection's share has room for, and hear anew when a
 * reader has made room. What comes in beyond it all the same is dropped, before it is acknowledged.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "net_internal.h"
#include "socket_internal.h"

#define SEGMENTS_IN_RESERVE 64
#define WINDOW_STEP 65535u
#define WRITE_PIECE 11u         /* MSS in one buffer: a quarter of a large segment */
#define BUFFER_OVERHEAD 128u    /* memory of a received buffer beyond its bytes */
#define SEND_OVERHEAD 256u      /* memory of a small segment, about */
#define HEADERS_AND_BUFFER 128u /* what a segment's buffer has room for beside its data */
#define CHARGE_MAXIMUM (2u * TCP_WND)
#define POLL_INTERVAL 1 /* half seconds */

/* ---- in ---- */

static void append_buffers(struct socket *socket, struct pbuf *p)
{
    if (socket->last)
        socket->last->next = p;
    else
        socket->first = p;
    for (;; p = p->next) {
        socket->queued += p->len;
        socket_charge(socket, p->len + BUFFER_OVERHEAD);
        socket->last = p;
        if (!p->next)
            return;
    }
}

static void stream_ended(struct socket *socket)
{
    socket->end_of_stream = true;
    if (socket->write_shut) {
        socket_tcp_detach(socket);
        socket->state = SOCKET_DEAD;
    }
}

err_t socket_tcp_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct socket *socket = argument;

    (void)error;
    if (!p) {
        stream_ended(socket);
    } else if (socket->read_shut) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        return ERR_OK;
    } else {
        if (socket->charged > CHARGE_MAXIMUM)
            return ERR_MEM;
        append_buffers(socket, p);
    }
    wake_all(&socket->queue);
    return ERR_OK;
}

size_t socket_tcp_window(const struct tcp_pcb *pcb)
{
    struct socket *socket = pcb->callback_arg;
    size_t share = net_memory_receive_share(CHARGE_MAXIMUM), room;

    if (pcb->recv != socket_tcp_received)
        return TCP_WND;
    room = share > socket->charged ? share - socket->charged : 0;
    socket->window_limited |= room < pcb->rcv_wnd;
    return room;
}

/*
 * Where memory is scarce: may this connection hold data up to so many bytes beyond what has come in
 * order? Twice its share, since that may have shrunk after the peer has heard of it.
 */
bool socket_tcp_admits(const struct tcp_pcb *pcb, size_t extent)
{
    const struct socket *socket = pcb->callback_arg;

    return pcb->recv != socket_tcp_received ||
           socket->charged + extent <= 2 * net_memory_receive_share(CHARGE_MAXIMUM);
}

static void release_first(struct socket *socket)
{
    struct pbuf *p = socket->first;

    socket->first = p->next;
    if (!socket->first)
        socket->last = NULL;
    socket->first_offset = 0;
    socket_charge(socket, -(ssize_t)(p->len + BUFFER_OVERHEAD));
    p->next = NULL;
    pbuf_free(p);
}

/* Half of what it may become, or nothing is left to read. */
static bool window_is_worthwhile(const struct socket *socket)
{
    return socket->queued == 0 || socket->charged <= net_memory_receive_share(CHARGE_MAXIMUM) / 2;
}

/* Tell lwIP that data was taken; what it had to keep back for want of room comes now. */
static void open_window(struct socket *socket, size_t length)
{
    while (socket->tcp && length > 0) {
        u16_t part = (u16_t)(length < WINDOW_STEP ? length : WINDOW_STEP);

        tcp_recved(socket->tcp, part);
        length -= part;
    }
    if (socket->tcp && socket->tcp->refused_data)
        tcp_process_refused_data(socket->tcp);
    if (socket->tcp && socket->window_limited && window_is_worthwhile(socket)) {
        socket->window_limited = false;
        tcp_ack_now(socket->tcp);
        tcp_output(socket->tcp);
    }
}

void socket_tcp_drop_received(struct socket *socket)
{
    size_t length = socket->queued;

    while (socket->first)
        release_first(socket);
    socket->queued = 0;
    if (socket->state == SOCKET_CONNECTED)
        open_window(socket, length);
}

/* Copy up to `length` bytes out of the queue, from `skip` bytes behind its start, without taking
 * them. */
static size_t peek_bytes(const struct socket *socket, size_t skip, uint8_t *to, size_t length)
{
    const struct pbuf *p = socket->first;
    size_t offset = socket->first_offset + skip, done = 0;

    for (; p && done < length; p = p->next) {
        size_t part;

        if (offset >= p->len) {
            offset -= p->len;
            continue;
        }
        part = p->len - offset;
        if (part > length - done)
            part = length - done;
        memcpy(to + done, (const uint8_t *)p->payload + offset, part);
        done += part;
        offset = 0;
    }
    return done;
}

static size_t take_bytes(struct socket *socket, uint8_t *to, size_t length)
{
    size_t done = 0;

    while (socket->first && done < length) {
        struct pbuf *p = socket->first;
        size_t part = (size_t)(p->len - socket->first_offset);

        if (part > length - done)
            part = length - done;
        memcpy(to + done, (const uint8_t *)p->payload + socket->first_offset, part);
        done += part;
        socket->first_offset = (uint16_t)(socket->first_offset + part);
        if (socket->first_offset == p->len)
            release_first(socket);
    }
    socket->queued -= done;
    return done;
}

/* Fill the vector, from its byte `from` on, with what is queued. */
static size_t fill(struct socket *socket, const struct socket_message *message, size_t from,
                   bool peek)
{
    size_t done = 0;
    int index;

    for (index = 0; index < message->count && socket->queued > (peek ? done : 0); index++) {
        size_t room = message->vector[index].iov_len;
        uint8_t *to = message->vector[index].iov_base;

        if (from >= room) {
            from -= room;
            continue;
        }
        to += from;
        room -= from;
        from = 0;
        done += peek ? peek_bytes(socket, done, to, room) : take_bytes(socket, to, room);
    }
    return done;
}

static bool readable(const struct socket *socket)
{
    return socket->queued > 0 || socket->end_of_stream || socket->read_shut || socket->error ||
           (socket->state != SOCKET_CONNECTED && socket->state != SOCKET_CONNECTING);
}

/* Nothing is queued: why, and what the call answers. */
static ssize_t receive_nothing(struct socket *socket)
{
    if (socket->error)
        return -socket_take_error(socket);
    if (socket->end_of_stream || socket->read_shut || socket->state == SOCKET_DEAD)
        return 0;
    return -ENOTCONN;
}

ssize_t socket_tcp_receive(struct socket *socket, struct socket_message *message)
{
    bool peek = message->flags & MSG_PEEK, all = (message->flags & MSG_WAITALL) && !peek;
    size_t total = 0;

    if (message->length == 0 && socket->state == SOCKET_CONNECTED)
        return 0;
    do {
        int error = socket_wait(socket, readable, message->flags, socket->receive_timeout);
        size_t part;

        if (error < 0)
            return total > 0 ? (ssize_t)total : error;
        if (socket->queued == 0)
            return total > 0 ? (ssize_t)total : receive_nothing(socket);
        part = fill(socket, message, total, peek);
        total += part;
        if (!peek) {
            open_window(socket, part);
            net_flush();
        }
    } while (all && total < message->length);
    return (ssize_t)total;
}

size_t socket_tcp_readable(const struct socket *socket)
{
    return socket->queued;
}

/* ---- out ---- */

static size_t send_limit(void)
{
    return net_memory_send_share(TCP_SND_BUF);
}

/* A limit for small segments too, whose memory is not in their bytes. */
static size_t segments_limit(size_t limit)
{
    size_t most = limit / SEND_OVERHEAD;

    return most < TCP_SND_QUEUELEN - SEGMENTS_IN_RESERVE ? most
                                                         : TCP_SND_QUEUELEN - SEGMENTS_IN_RESERVE;
}

static size_t send_room(const struct socket *socket)
{
    const struct tcp_pcb *pcb = socket->tcp;
    size_t limit = send_limit(), held = TCP_SND_BUF - pcb->snd_buf;

    if (tcp_sndqueuelen(pcb) >= segments_limit(limit))
        return 0;
    return held < limit ? limit - held : 0;
}

/* tcp_write() of at most an MSS fills up a segment and begins another. */
static bool memory_for_a_segment(void)
{
    return net_memory_ready(TCP_MSS + HEADERS_AND_BUFFER, 2) &&
           net_memory_ready(sizeof(struct tcp_seg), 1);
}

static bool send_room_is_worthwhile(const struct socket *socket)
{
    return send_room(socket) >= send_limit() / 4 && memory_for_a_segment();
}

static void room_came(struct socket *socket)
{
    if (!socket->send_waiting || !send_room_is_worthwhile(socket))
        return;
    socket->send_waiting = false;
    tcp_poll(socket->tcp, NULL, 0);
    wake_all(&socket->queue);
}

err_t socket_tcp_sent(void *argument, struct tcp_pcb *pcb, uint16_t length)
{
    (void)pcb;
    (void)length;
    room_came(argument);
    return ERR_OK;
}

err_t socket_tcp_polled(void *argument, struct tcp_pcb *pcb)
{
    (void)pcb;
    room_came(argument);
    return ERR_OK;
}

static void wait_for_room(struct socket *socket)
{
    socket->send_waiting = true;
    tcp_poll(socket->tcp, socket_tcp_polled, POLL_INTERVAL);
}

static bool sendable(const struct socket *socket)
{
    return socket->state != SOCKET_CONNECTING &&
           (!socket->tcp || socket->state != SOCKET_CONNECTED || socket->write_shut ||
            !socket->send_waiting);
}

static int send_refusal(struct socket *socket)
{
    if (socket->error)
        return -socket_take_error(socket);
    if (socket->state == SOCKET_FRESH || socket->state == SOCKET_LISTENING)
        return -ENOTCONN;
    return socket->write_shut || socket->state == SOCKET_DEAD ? -EPIPE : 0;
}

static bool write_bytes(struct tcp_pcb *pcb, const uint8_t *data, size_t length, bool more)
{
    u8_t flags = TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0);

    return tcp_write(pcb, data, (u16_t)length, flags) == ERR_OK;
}

/* Queue part of one piece of memory: the number of bytes, 0 when there is no room. */
static size_t queue_bytes(struct socket *socket, const uint8_t *data, size_t length, bool more)
{
    size_t room = send_room(socket), part = length < room ? length : room;
    size_t mss = tcp_mss(socket->tcp), piece = WRITE_PIECE * mss;

    if (part > piece)
        part = piece;
    if (part == 0 || write_bytes(socket->tcp, data, part, more || part < length))
        return part;
    if (part > mss)
        part = mss;
    if (!memory_for_a_segment())
        return 0;
    return write_bytes(socket->tcp, data, part, more || part < length) ? part : 0;
}

static void push(struct socket *socket)
{
    if (socket->tcp)
        tcp_output(socket->tcp);
    net_flush();
}

/* Queue all of one element of the vector, waiting for room: bytes queued, less than its length when
 * the call has to end (*error tells why). */
static size_t send_element(struct socket *socket, const struct iovec *element, bool more, int flags,
                           int *error)
{
    const uint8_t *data = element->iov_base;
    size_t done = 0;

    while (done < element->iov_len) {
        size_t part;

        *error = send_refusal(socket);
        if (*error == 0 && socket->state == SOCKET_CONNECTED) {
            part = queue_bytes(socket, data + done, element->iov_len - done, more);
            done += part;
            if (part > 0)
                continue;
            wait_for_room(socket);
            push(socket);
        }
        if (*error == 0)
            *error = socket_wait(socket, sendable, flags, socket->send_timeout);
        if (*error < 0)
            return done;
    }
    return done;
}

ssize_t socket_tcp_send(struct socket *socket, struct socket_message *message)
{
    bool hold = (message->flags & MSG_MORE) || socket->cork;
    int error = send_refusal(socket), index;
    size_t total = 0;

    if (error < 0)
        return error;
    for (index = 0; index < message->count && error == 0; index++) {
        bool more = hold || index + 1 < message->count;

        total += send_element(socket, &message->vector[index], more, message->flags, &error);
    }
    if (!hold || error < 0)
        push(socket);
    return total > 0 ? (ssize_t)total : error;
}

/* ---- poll ---- */

static short poll_connected(struct socket *socket)
{
    short events = 0;

    if (socket->queued > 0 || socket->end_of_stream || socket->read_shut)
        events |= POLLIN | POLLRDNORM;
    if (socket->end_of_stream)
        events |= POLLRDHUP;
    if (socket->end_of_stream && socket->write_shut)
        events |= POLLHUP;
    if (socket->write_shut || send_room_is_worthwhile(socket))
        events |= POLLOUT | POLLWRNORM;
    return events;
}

short socket_tcp_poll(struct socket *socket, short events)
{
    short now = socket->error ? POLLERR : 0;

    switch (socket->state) {
    case SOCKET_LISTENING:
        return list_empty(&socket->connections) ? 0 : POLLIN | POLLRDNORM;
    case SOCKET_CONNECTED:
        now |= poll_connected(socket);
        if ((events & POLLOUT) && !(now & POLLOUT))
            wait_for_room(socket);
        return now;
    case SOCKET_CONNECTING:
        return now;
    case SOCKET_FRESH:
        return now | POLLOUT | POLLWRNORM | POLLHUP;
    case SOCKET_DEAD:
        return now | POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM | POLLHUP;
    }
    return now;
}
