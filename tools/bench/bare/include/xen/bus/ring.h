/* SPDX-License-Identifier: MIT */
/*
 * The ring layer as it would be for a backend that is trusted: its index is taken as it is, each id
 * that it names is taken for a pending one, and the compiler may look at a slot again. For the
 * comparison in `make bench` alone.
 */
#ifndef BENCH_BARE_RING_H
#define BENCH_BARE_RING_H

#define ring_poll ring_poll_checked
#define ring_take ring_take_once
#define ring_arm ring_arm_checked
#define ring_ids_pending ring_ids_pending_checked
#define ring_ids_withdraw ring_ids_withdraw_marked
#include_next "xen/bus/ring.h"
#undef ring_poll
#undef ring_take
#undef ring_arm
#undef ring_ids_pending
#undef ring_ids_withdraw

static inline int ring_poll(struct ring *ring)
{
    ring->available = ring->shared->response_producer;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return (int)ring_ready(ring);
}

static inline void ring_take(struct ring *ring, void *response, size_t size)
{
    memcpy(response, ring->slots + (size_t)(ring->consumed++ & ring->mask) * ring->slot_size, size);
}

static inline int ring_arm(struct ring *ring, uint32_t count)
{
    ring->shared->response_event = ring->consumed + count;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_poll(ring);
}

static inline bool ring_ids_pending(const struct ring_ids *ids, uint64_t id)
{
    (void)ids;
    (void)id;
    return true;
}

static inline void ring_ids_withdraw(struct ring_ids *ids, unsigned int id)
{
    (void)ids;
    (void)id;
}

#endif
