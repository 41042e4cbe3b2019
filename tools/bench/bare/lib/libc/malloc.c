/* SPDX-License-Identifier: MIT */
/*
 * malloc() and its kin as newlib has them: no seal behind a block, and no look at a chunk before it
 * is used. For the comparison in `make bench` alone.
 */
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <string.h>

void *__newlib_malloc_r(struct _reent *reent, size_t size);
void __newlib_free_r(struct _reent *reent, void *block);
void *__newlib_realloc_r(struct _reent *reent, void *block, size_t size);
void *__newlib_memalign_r(struct _reent *reent, size_t alignment, size_t size);
void __malloc_check_free(const void *chunk);

void __malloc_check_free(const void *chunk)
{
    (void)chunk;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    return __newlib_malloc_r(reent, size);
}

void _free_r(struct _reent *reent, void *block)
{
    __newlib_free_r(reent, block);
}

void *_realloc_r(struct _reent *reent, void *block, size_t size)
{
    return __newlib_realloc_r(reent, block, size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    void *block;

    if (__builtin_mul_overflow(count, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    block = _malloc_r(reent, size);
    return block ? memset(block, 0, size) : NULL;
}

void *_memalign_r(struct _reent *reent, size_t alignment, size_t size)
{
    return __newlib_memalign_r(reent, alignment, size);
}
