/* SPDX-License-Identifier: MIT */
/*
 * malloc() and its kin: newlib's allocator (Doug Lea's), each block with a seal behind it that
 * free() and realloc() check.
 *
 *      -16        -8          0             n                       end of the chunk
 *       | (prev)  | size, bits | n bytes ... | seal, cut ... | seal ^ slack |
 *
 * The seal is a number that depends on the block's address and on a random one. Its first copy
 * starts right behind the bytes that were asked for, its second fills the last word of the chunk
 * and holds how many bytes (`slack`, few) lie between n and that word; where there is less room
 * than a word, the first copy is cut short. So an overrun by one byte shows, a block that was
 * freed has no seal any more, and no other address looks like a block. A seal has no zero in its
 * first byte: a terminating NUL that is one too far shows as well.
 *
 * A block's chunk is newlib's: its size is the word before it, and a free chunk has its size again
 * in its last word, which is the first of the next chunk (the seal's place), and the links of its
 * list in its first two words. newlib asks us to look at these before it follows them (our patch).
 */
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mm/mm.h"
#include "lib/base/printk.h"

#define WORD sizeof(uint64_t)
#define ALIGNMENT 16u
#define SMALLEST_CHUNK 32u
#define CHUNK_BITS 7u
#define PREVIOUS_IN_USE 1u
#define SLACK_MAX 63u /* newlib leaves less than the smallest chunk and an alignment */
#define SIZE_MOST ((size_t)INT32_MAX - 256) /* newlib's limit, with room for the seal */

struct chunk {
    uint64_t previous_size;
    uint64_t size;
    struct chunk *next, *previous; /* of a free one: in its list */
};

extern char image_start[], image_end[];

void *__newlib_malloc_r(struct _reent *reent, size_t size);
void __newlib_free_r(struct _reent *reent, void *block);
void *__newlib_realloc_r(struct _reent *reent, void *block, size_t size);
void *__newlib_memalign_r(struct _reent *reent, size_t alignment, size_t size);
void __malloc_check_free(const void *chunk);

static uint64_t seal_of(const void *block)
{
    return ((heap_secret ^ (uintptr_t)block) * 0x9e3779b97f4a7c15ull) | 1;
}

static uint64_t load(const void *from)
{
    uint64_t word;

    memcpy(&word, from, WORD);
    return word;
}

static void store(void *to, uint64_t word)
{
    memcpy(to, &word, WORD);
}

static struct chunk *chunk_of(const void *block)
{
    return (struct chunk *)((uintptr_t)block - offsetof(struct chunk, next));
}

static size_t chunk_size(const struct chunk *chunk)
{
    return chunk->size & ~(uint64_t)CHUNK_BITS;
}

/* The last word that belongs to a block. */
static uint64_t *last_word(const void *block)
{
    const struct chunk *chunk = chunk_of(block);

    return (uint64_t *)((uintptr_t)chunk + chunk_size(chunk));
}

static void *seal(void *block, size_t size)
{
    uint64_t number, *last;

    if (block == NULL)
        return NULL;
    number = seal_of(block);
    last = last_word(block);
    store((char *)block + size, number);
    *last = number ^ ((uintptr_t)last - (uintptr_t)block - size);
    return block;
}

/* Whether a chunk's size can be one: it ends within the heap, with the next one's header. */
static bool has_sound_size(const struct chunk *chunk)
{
    size_t size = chunk_size(chunk);

    return size >= SMALLEST_CHUNK && size % ALIGNMENT == 0 &&
           heap_holds(chunk, size + offsetof(struct chunk, next));
}

/* For a block without a seal: what is likely to have happened to it. */
static const char *damage(const void *block)
{
    const struct chunk *chunk = chunk_of(block), *next;

    if (!has_sound_size(chunk))
        return heap_holds(chunk, chunk_size(chunk))
                   ? "freed already" /* it has become part of what lies free at the heap's end */
                   : "no block, or the word before it was overwritten";
    next = (const struct chunk *)((uintptr_t)chunk + chunk_size(chunk));
    if (!(next->size & PREVIOUS_IN_USE) && next->previous_size >= chunk_size(chunk) &&
        next->previous_size % ALIGNMENT == 0)
        return "freed already";
    if (load(last_word(block)) == 0)
        return "no block in use (freed already, or never one)";
    return "overrun: what lies behind it was overwritten";
}

static void __attribute__((noreturn))
refuse(const char *function, const void *block, const char *reason)
{
    panic("heap: %s(%p): %s", function, block, reason);
}

/* The size that a block in use was asked for with; a report if its seal is not whole. */
static size_t check(const char *function, const void *block)
{
    uint64_t number = seal_of(block), slack, mask;
    const char *end;

    if ((uintptr_t)block % ALIGNMENT || !heap_holds(chunk_of(block), SMALLEST_CHUNK))
        refuse(function, block, "not a block of the heap");
    if (!has_sound_size(chunk_of(block)))
        refuse(function, block, damage(block));
    slack = *last_word(block) ^ number;
    end = (const char *)last_word(block) - slack;
    if (slack > SLACK_MAX || end < (const char *)block)
        refuse(function, block, damage(block));
    mask = slack < WORD ? (1ull << 8 * slack) - 1 : UINT64_MAX;
    if ((load(end) ^ number) & mask)
        panic("heap: %s(%p): overrun: it has %zu bytes, and those behind were overwritten",
              function, block, (size_t)(end - (const char *)block));
    return end - (const char *)block;
}

static void unseal(void *block)
{
    *last_word(block) = 0;
}

static bool may_be_linked(const struct chunk *chunk)
{
    uintptr_t address = (uintptr_t)chunk;

    return (address >= (uintptr_t)image_start && address < (uintptr_t)image_end) ||
           heap_holds(chunk, SMALLEST_CHUNK); /* list heads lie in the image */
}

/* newlib may have cut the chunk's size already, so only its links say that it is free. */
void __malloc_check_free(const void *address)
{
    const struct chunk *chunk = address;

    if (!has_sound_size(chunk) || !may_be_linked(chunk->next) || !may_be_linked(chunk->previous) ||
        chunk->next->previous != chunk || chunk->previous->next != chunk)
        panic("heap: the free block at %p was written to after it was freed", (void *)&chunk->next);
}

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    if (size > SIZE_MOST)
        return out_of_memory();
    return seal(__newlib_malloc_r(reent, size + WORD), size);
}

void _free_r(struct _reent *reent, void *block)
{
    if (block == NULL)
        return;
    check("free", block);
    unseal(block);
    __newlib_free_r(reent, block);
}

void *_realloc_r(struct _reent *reent, void *block, size_t size)
{
    size_t old_size;
    void *new_block;

    if (block == NULL)
        return _malloc_r(reent, size);
    old_size = check("realloc", block);
    if (size > SIZE_MOST)
        return out_of_memory();
    unseal(block);
    new_block = __newlib_realloc_r(reent, block, size + WORD);
    if (new_block)
        return seal(new_block, size);
    seal(block, old_size);
    return NULL;
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    void *block;

    if (__builtin_mul_overflow(count, size, &size))
        return out_of_memory();
    block = _malloc_r(reent, size);
    return block ? memset(block, 0, size) : NULL;
}

void *_memalign_r(struct _reent *reent, size_t alignment, size_t size)
{
    if (size > SIZE_MOST || alignment > SIZE_MOST)
        return out_of_memory();
    return seal(__newlib_memalign_r(reent, alignment, size + WORD), size);
}

size_t _malloc_usable_size_r(struct _reent *reent, void *block)
{
    (void)reent;
    return block ? check("malloc_usable_size", block) : 0;
}
