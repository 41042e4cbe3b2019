/* SPDX-License-Identifier: MIT */
/*
 * The frontend's half of a shared ring (<xen-abi/io/ring.h>), hardened against the other side.
 *
 * The ring page is written by a peer that may lie. Everything that decides anything lives in the
 * private struct ring; of the page we read two kinds of things only, each exactly once:
 *   - the peer's indices, with one volatile load, checked before use: `consumed <= rsp_prod <=
 *     published`, in arithmetic modulo 2^32, so an index that went backwards and one that is ahead
 *     of what is outstanding are both the same error;
 *   - response slots, copied to the caller's stack and never looked at again.
 * What we wrote is never read back.
 *
 * Indices run freely; `index & mask` is the slot. Invariant: consumed <= available <= published <=
 * produced <= consumed + size. No locks, no calls into Xen, no allocation: any context, and host
 * programs. Errors are -EPROTO: the caller marks its device broken.
 */
#ifndef XEN_BUS_RING_H
#define XEN_BUS_RING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A test that plays the peer defines this to change shared memory right before each of our reads,
 * and right after a slot was copied.
 */
#ifndef RING_BEFORE_READ
#define RING_BEFORE_READ(ring) ((void)(ring))
#endif

/* The head of the shared page; the slots follow it. */
struct ring_header {
    uint32_t request_producer;
    uint32_t request_event;
    uint32_t response_producer;
    uint32_t response_event;
    uint8_t reserved[48];
};
_Static_assert(sizeof(struct ring_header) == 64, "the ABI puts the first slot at byte 64");

struct ring {
    volatile struct ring_header *shared;
    uint8_t *slots;
    uint32_t slot_size;
    uint32_t mask;
    uint32_t produced;  /* requests written */
    uint32_t published; /* requests that the peer may see */
    uint32_t consumed;  /* responses taken */
    uint32_t available; /* the peer's producer, as last checked */
};

/* Slots of a ring in `bytes` of memory: the largest power of two that fits. */
static inline unsigned int ring_slots(size_t bytes, size_t slot_size)
{
    unsigned int slots = 1;

    while ((slots * 2) * slot_size + sizeof(struct ring_header) <= bytes)
        slots *= 2;
    return slots;
}

/* Start with an empty ring in zeroed memory that the peer does not use yet. */
static inline void ring_init(struct ring *ring, void *memory, size_t bytes, size_t slot_size)
{
    memset(ring, 0, sizeof(*ring));
    ring->shared = memory;
    ring->slots = (uint8_t *)memory + sizeof(struct ring_header);
    ring->slot_size = (uint32_t)slot_size;
    ring->mask = ring_slots(bytes, slot_size) - 1;
    ring->shared->request_event = 1;
    ring->shared->response_event = 1;
}

/* Requests without a response, and slots that are free for requests. */
static inline unsigned int ring_outstanding(const struct ring *ring)
{
    return ring->produced - ring->consumed;
}

static inline unsigned int ring_space(const struct ring *ring)
{
    return ring->mask + 1 - ring_outstanding(ring);
}

/* The next request's slot, write-only; the caller has made sure of ring_space(). */
static inline void *ring_next_request(struct ring *ring)
{
    return ring->slots + (size_t)(ring->produced++ & ring->mask) * ring->slot_size;
}

/*
 * Show the peer all requests written so far. True when it asked to be notified of one of them. The
 * first fence orders the slots before the index, the second the index before the look at the peer's
 * wish: a peer that goes to sleep writes its wish first and then looks at the index, so one of the
 * two sees the other.
 */
static inline bool ring_publish(struct ring *ring)
{
    uint32_t before = ring->published;
    uint32_t wanted;

    if (before == ring->produced)
        return false;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    ring->shared->request_producer = ring->produced;
    ring->published = ring->produced;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    RING_BEFORE_READ(ring);
    wanted = ring->shared->request_event;
    return ring->published - wanted < ring->published - before;
}

/* Responses that are in memory and not yet taken, known without a look at the page. */
static inline unsigned int ring_ready(const struct ring *ring)
{
    return ring->available - ring->consumed;
}

/*
 * Look at the peer's producer: the number of responses to take (>= 0), or -EPROTO when it cannot be
 * true.
 */
static inline int ring_poll(struct ring *ring)
{
    uint32_t producer;

    RING_BEFORE_READ(ring);
    producer = ring->shared->response_producer;
    /* Orders the load of the index before the loads of the slots it covers. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (producer - ring->consumed > ring->published - ring->consumed ||
        producer - ring->consumed < ring->available - ring->consumed)
        return -EPROTO;
    ring->available = producer;
    return (int)ring_ready(ring);
}

/* Copy the next response out; the caller knows from ring_ready() that there is one. */
static inline void ring_take(struct ring *ring, void *response, size_t size)
{
    RING_BEFORE_READ(ring);
    memcpy(response, ring->slots + (size_t)(ring->consumed++ & ring->mask) * ring->slot_size, size);
    /* The compiler may not go back to the slot for what was copied. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    RING_BEFORE_READ(ring);
}

/*
 * Ask for an event when `count` more responses have come, and look again: as ring_poll(). When it
 * answers fewer than `count`, the event will come.
 */
static inline int ring_arm(struct ring *ring, uint32_t count)
{
    ring->shared->response_event = ring->consumed + count;
    /*
     * Orders our wish before the look at the producer: the peer does the reverse, so no response
     * falls between.
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_poll(ring);
}

/*
 * Ask for no event at all until the next ring_arm() or ring_quiet(): the wish lies beyond every
 * response that can come until then.
 */
static inline void ring_quiet(struct ring *ring)
{
    ring->shared->response_event = ring->consumed + ring->mask + 2;
}

/*
 * Request ids: indices below `count`, each absent, free or pending, in the caller's array. Free
 * ones are handed out last in, first out, so that few buffers serve light traffic and stay in the
 * cache.
 */
#define RING_ID_PENDING 0xffffu
#define RING_ID_ABSENT 0xfffeu
#define RING_ID_END 0xfffdu

struct ring_ids {
    uint16_t *next; /* of a free id: the one below it; else PENDING or ABSENT */
    uint16_t first; /* free id on top, or END */
    uint16_t count;
    uint16_t unused; /* free ids */
};

/* All absent; `next` has room for `count` < RING_ID_END entries. */
static inline void ring_ids_init(struct ring_ids *ids, uint16_t *next, unsigned int count)
{
    unsigned int i;

    ids->next = next;
    ids->count = (uint16_t)count;
    ids->first = RING_ID_END;
    ids->unused = 0;
    for (i = 0; i < count; i++)
        next[i] = RING_ID_ABSENT;
}

/* Put an absent or a pending id on the free list. */
static inline void ring_ids_add(struct ring_ids *ids, unsigned int id)
{
    ids->next[id] = ids->first;
    ids->first = (uint16_t)id;
    ids->unused++;
}

/* A free id, now pending, or -ENOSPC. */
static inline int ring_ids_take(struct ring_ids *ids)
{
    unsigned int id = ids->first;

    if (id == RING_ID_END)
        return -ENOSPC;
    ids->first = ids->next[id];
    ids->next[id] = RING_ID_PENDING;
    ids->unused--;
    return (int)id;
}

/* Is this number, which the peer sent, a pending id? */
static inline bool ring_ids_pending(const struct ring_ids *ids, uint64_t id)
{
    return id < ids->count && ids->next[id] == RING_ID_PENDING;
}

/*
 * A pending id becomes absent: the peer is done with it, its owner not yet. ring_ids_add() frees it
 * later.
 */
static inline void ring_ids_withdraw(struct ring_ids *ids, unsigned int id)
{
    ids->next[id] = RING_ID_ABSENT;
}

#endif
