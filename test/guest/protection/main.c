/* SPDX-License-Identifier: MIT */
/*
 * Attacks on memory, one a boot, named by the argument: each must be stopped by the protection that
 * run.sh expects. What the compiler would rightly complain about is hidden from it.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xen/boot_info.h"
#include "lib/sched/sched.h"

#define HIDE_MEMORY(array) __asm__ volatile("" : : "r"(array) : "memory")
#define HIDE(variable) __asm__ volatile("" : "+r"(variable) : : "memory")

int main(int argc, char **argv);

static unsigned int __attribute__((noinline)) dig(unsigned int depth)
{
    volatile char hole[512];

    hole[depth % sizeof(hole)] = 1;
    return depth == UINT32_MAX ? 0 : dig(depth + 1) + hole[0];
}

static void digger(void *unused)
{
    (void)unused;
    printf("%u\n", dig(0));
}

/* One frame that is larger than the unmapped pages below a stack. */
static void leaper(void *unused)
{
    size_t size = 200000;

    (void)unused;
    HIDE(size);
    {
        volatile char hole[size];

        hole[0] = 1;
        printf("%d\n", hole[0]);
    }
}

static void in_thread(void (*function)(void *), const char *name)
{
    if (!thread_create(name, function, NULL))
        printf("no thread\n");
    thread_sleep_until(deadline_after(SECONDS(5)));
}

static void overflow(void)
{
    in_thread(digger, "digger");
}

static void leap(void)
{
    in_thread(leaper, "leaper");
}

static void overflow_main(void)
{
    printf("%u\n", dig(0));
}

static void constant(void)
{
    struct boot_info *info = &boot_info;

    HIDE(info);
    info->command_line = "changed";
}

/* A block that the compiler knows nothing of, so that neither it nor its free() is left out. */
static void *take(size_t size)
{
    void *block = malloc(size);

    HIDE(block);
    return block;
}

static void double_free(void)
{
    char *first = take(100), *second = take(100), *copy = first;

    HIDE(copy);
    free(first);
    free(copy);
    free(second);
}

/* The second time, the block is part of a larger free one. */
static void double_free_merged(void)
{
    char *first = take(100), *second = take(100), *third = take(100), *copy = second;

    HIDE(copy);
    free(first);
    free(second);
    free(copy);
    free(third);
}

/* By one byte, the NUL of a string. */
static void overrun(void)
{
    char *block = take(20), *end = block + 20;

    HIDE(end);
    *end = '\0';
    free(block);
}

static void overrun_far(void)
{
    char *block = take(24), *end = block + 24, *next = take(24);

    HIDE(end);
    memset(end, 'a', 64);
    block = realloc(block, 200);
    free(next);
}

static void bad_pointer(void)
{
    char *block = take(100), *inside = block + 32;

    memset(block, 'a', 100);
    HIDE(inside);
    free(inside);
}

static void foreign_pointer(void)
{
    static char data[100] __attribute__((aligned(16)));
    char *pointer = data;

    HIDE(pointer);
    free(pointer);
}

/* The links of a free block, which would make malloc() write where they point. */
static void after_free(void)
{
    char *before = take(1000), *block = take(1000), *behind = take(1000), *copy = block;

    HIDE(copy);
    free(block);
    memset(copy, 'a', 16);
    block = take(1000);
    HIDE(block);
    free(before);
    free(behind);
}

static void fortify_memcpy(void)
{
    char buffer[16];
    const char *from = (const char *)main;
    size_t length = sizeof(buffer) + 1;

    HIDE(length);
    memcpy(buffer, from, length);
    HIDE_MEMORY(buffer);
}

static void fortify_strcpy(void)
{
    char buffer[16];
    const char *from = "just one too lon";

    HIDE(from);
    strcpy(buffer, from);
    HIDE_MEMORY(buffer);
}

static void fortify_read(void)
{
    char buffer[16];
    size_t length = 17;

    HIDE(length);
    printf("%zd read\n", read(0, buffer, length));
    HIDE_MEMORY(buffer);
}

static void fortify_snprintf(void)
{
    char buffer[16];
    size_t length = 17;

    HIDE(length);
    snprintf(buffer, length, "%s", "short");
    HIDE_MEMORY(buffer);
}

/* Allowed: destinations that are just large enough. */
static void fortify_fits(void)
{
    char buffer[16] = "abc";
    const char *from = "fifteen letters";
    size_t length = sizeof(buffer);

    HIDE(from);
    HIDE(length);
    memcpy(buffer, from, length);
    memset(buffer, 0, length);
    memmove(buffer, from, length);
    strcpy(buffer, from);
    buffer[7] = '\0';
    strcat(buffer, from + 7);
    strncpy(buffer, from, length);
    buffer[7] = '\0';
    strncat(buffer, from + 7, length);
    snprintf(buffer, length, "%s", from);
    HIDE_MEMORY(buffer);
    if (strcmp(buffer, from) != 0)
        printf("block copied wrongly\n");
}

/* Allowed: blocks of many sizes, used to their last byte, none disturbed by another. */
static void heap_use(void)
{
    static struct {
        unsigned char *block;
        size_t size;
    } slots[64];
    unsigned int seed = 1, moved = 0;

    for (unsigned int i = 0; i < 20000; i++) {
        unsigned int slot = rand_r(&seed) % 64, kind = rand_r(&seed) % 8;
        size_t size = rand_r(&seed) % (kind == 7 ? 20000 : 200);
        unsigned char *old = slots[slot].block;
        size_t kept = slots[slot].size < size ? slots[slot].size : size;

        for (size_t j = 0; j < slots[slot].size; j++)
            if (old[j] != slot)
                printf("block %u has changed\n", slot);
        if (kind < 4) {
            slots[slot].block = realloc(old, size);
            moved += slots[slot].block != old;
            for (size_t j = 0; j < kept; j++)
                if (slots[slot].block[j] != slot)
                    printf("block %u was not copied\n", slot);
        } else {
            free(old);
            slots[slot].block = kind == 4   ? calloc(1, size)
                                : kind == 5 ? memalign(64, size)
                                            : malloc(size);
        }
        if (kind == 5 && (uintptr_t)slots[slot].block % 64)
            printf("block %u is not aligned\n", slot);
        if (kind == 4 && size && (slots[slot].block[0] || slots[slot].block[size - 1]))
            printf("block %u is not zeroed\n", slot);
        if (malloc_usable_size(slots[slot].block) != size)
            printf("block %u: wrong size\n", slot);
        memset(slots[slot].block, (int)slot, size);
        slots[slot].size = size;
    }
    for (unsigned int i = 0; i < 64; i++)
        free(slots[i].block);
    printf("heap used, %u times moved\n", moved);
}

/* What cannot be had is refused, and other threads can allocate afterwards. */
static void refused(void)
{
    size_t huge = SIZE_MAX / 2;
    char *block = malloc(10);
    void *(*volatile again)(void *, size_t) = realloc; /* or clang leaves it out */
    void *given[3], *grown;

    HIDE(huge);
    given[0] = malloc(huge);
    given[1] = calloc(huge, 4);
    given[2] = memalign(64, huge);
    HIDE_MEMORY(given);
    if (given[0] || given[1] || given[2])
        printf("a huge block was given\n");
    grown = again(block, huge);
    if (grown)
        printf("a block has become huge\n");
    else
        free(block);
}

/* Not an attack: what is allowed goes on working. */
static void allowed(void)
{
    heap_use();
    fortify_fits();
    refused();
}

static const struct attack {
    const char *name;
    void (*run)(void);
} attacks[] = {
    { "overflow", overflow },
    { "leap", leap },
    { "overflow-main", overflow_main },
    { "constant", constant },
    { "double-free", double_free },
    { "double-free-merged", double_free_merged },
    { "overrun", overrun },
    { "overrun-far", overrun_far },
    { "bad-pointer", bad_pointer },
    { "foreign-pointer", foreign_pointer },
    { "after-free", after_free },
    { "fortify-memcpy", fortify_memcpy },
    { "fortify-strcpy", fortify_strcpy },
    { "fortify-read", fortify_read },
    { "fortify-snprintf", fortify_snprintf },
    { "allowed", allowed },
};

int main(int argc, char **argv)
{
    printf("heap %lx stack %lx\n", (unsigned long)malloc(100), (unsigned long)(uintptr_t)&argc);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        if (argc > 1 && strcmp(attacks[i].name, argv[1]) == 0) {
            printf("attack: %s\n", attacks[i].name);
            attacks[i].run();
            printf("survived\n");
            return 0;
        }
    }
    printf("no such attack\n");
    return 1;
}
