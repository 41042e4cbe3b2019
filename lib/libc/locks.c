/* SPDX-License-Identifier: MIT */
/*
 * The locks newlib asks for (its <sys/lock.h>, --enable-newlib-retargetable-locking), for stdio,
 * atexit(), the environment and the like.
 *
 * A thread switch happens only where code blocks, so the locks guard what is held over a write() or
 * read(). malloc() never blocks: its lock costs two comparisons.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "lib/base/printk.h"
#include "lib/sched/sched.h"

struct __lock {
    struct mutex mutex;
    unsigned int depth;
};

#define STATIC_LOCK(name) struct __lock __lock_##name = { MUTEX_INIT(__lock_##name.mutex), 0 }

STATIC_LOCK(__sfp_recursive_mutex);
STATIC_LOCK(__atexit_recursive_mutex);
STATIC_LOCK(__at_quick_exit_mutex);
STATIC_LOCK(__malloc_recursive_mutex);
STATIC_LOCK(__env_recursive_mutex);
STATIC_LOCK(__tz_mutex);
STATIC_LOCK(__dd_hash_mutex);

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    *lock = malloc(sizeof(**lock));
    if (!*lock)
        panic("libc: no memory for a lock");
    mutex_init(&(*lock)->mutex);
    (*lock)->depth = 0;
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    if (lock->mutex.owner != thread_self() && !mutex_try_lock(&lock->mutex))
        return 0;
    lock->depth++;
    return 1;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (lock->mutex.owner != thread_self())
        mutex_lock(&lock->mutex);
    lock->depth++;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (--lock->depth == 0)
        mutex_unlock(&lock->mutex);
}

void __retarget_lock_init(_LOCK_T *lock)
{
    __retarget_lock_init_recursive(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    __retarget_lock_close_recursive(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    __retarget_lock_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
    __retarget_lock_release_recursive(lock);
}
