/* SPDX-License-Identifier: MIT */
/*
 * The only ways in which ring code touches an index of a shared page: read once, or publish once;
 * and the only one in which it reads what the other side wrote: copied once.
 *
 * A unit test that plays the other side defines RING_ACCESS_HOOK as the name of a function; it is
 * called around every access and may change the shared page there.
 */
#ifndef XEN_RING_ACCESS_H
#define XEN_RING_ACCESS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef RING_ACCESS_HOOK
void RING_ACCESS_HOOK(void);
#else
#define RING_ACCESS_HOOK() ((void)0)
#endif

/*
 * Read an index that the other side writes. Orders this read before the reads (and writes) of the
 * slots that it hands to us: no slot is looked at before it was given. On x86 that binds the
 * compiler only.
 */
static inline uint32_t ring_index_read(const uint32_t *index)
{
    RING_ACCESS_HOOK();
    uint32_t value = __atomic_load_n(index, __ATOMIC_ACQUIRE);
    RING_ACCESS_HOOK();
    return value;
}

/*
 * Publish an index of ours. Orders the accesses to the slots before this write: the other side
 * sees the index only after what we wrote, and takes a slot back only after we have read it. On
 * x86 that binds the compiler only.
 */
static inline void ring_index_publish(uint32_t *index, uint32_t value)
{
    RING_ACCESS_HOOK();
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
    RING_ACCESS_HOOK();
}

/*
 * Copy out of a shared page. Only the copy is looked at: the fence keeps the compiler from going
 * back to the page for what it has already copied.
 */
static inline void ring_copy_out(void *target, const void *shared, size_t size)
{
    RING_ACCESS_HOOK();
    memcpy(target, shared, size);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    RING_ACCESS_HOOK();
}

/*
 * Orders an index that we published before an index that we read next (store before load: a real
 * fence on x86).
 */
static inline void ring_publish_before_read(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
