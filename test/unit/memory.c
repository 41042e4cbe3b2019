/* SPDX-License-Identifier: MIT */
// SRCS: arch/x86_64/memory.S
// CFLAGS: -Dmemcpy=our_memcpy -Dmemset=our_memset
/*
 * memcpy() and memset() at all alignments and sizes around those where they change their ways: all
 * bytes are right, none beside them is written, and none of an unmapped page beside them is read.
 */
#undef memcpy /* the flags rename those of memory.S */
#undef memset

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define ALIGNMENTS 16u
#define SIZE_MAX_TRIED 1100u /* all sizes up to here */
#define ROOM 16384u          /* of each area, with an unmapped page on either side */
#define PAGE 4096u
#define BESIDE 32u /* bytes on either side that are looked at */

void *our_memcpy(void *to, const void *from, size_t size);
void *our_memset(void *to, int byte, size_t size);

static const size_t large_sizes[] = { 2047, 2048, 4095, 4096, 4097, 6000 };

static unsigned char *area(void)
{
    unsigned char *memory =
        mmap(NULL, PAGE + ROOM + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory + PAGE, ROOM, PROT_READ | PROT_WRITE) != 0)
        abort();
    return memory + PAGE;
}

static void for_all_sizes(void (*check)(size_t size))
{
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++)
        check(size);
    for (size_t i = 0; i < sizeof(large_sizes) / sizeof(large_sizes[0]); i++)
        check(large_sizes[i]);
}

static unsigned char *to, *from, *old; /* areas */

static void fill(unsigned char *memory, unsigned int seed)
{
    for (unsigned int i = 0; i < ROOM; i++) {
        seed = seed * 1664525u + 1013904223u;
        memory[i] = (unsigned char)(seed >> 24);
    }
}

static size_t frame_begin(size_t place)
{
    return place > BESIDE ? place - BESIDE : 0;
}

static size_t frame_end(size_t place, size_t size)
{
    return place + size + BESIDE < ROOM ? place + size + BESIDE : ROOM;
}

/* `size` bytes at `place` of `to` are `wanted`, and those beside them as in `old`. */
static void check_written(size_t size, size_t place, const unsigned char *wanted)
{
    size_t begin = frame_begin(place), end = frame_end(place, size), behind = place + size;

    assert_true(memcmp(to + begin, old + begin, place - begin) == 0);
    assert_true(memcmp(to + place, wanted, size) == 0);
    assert_true(memcmp(to + behind, old + behind, end - behind) == 0);
}

static void copy(size_t size, size_t to_place, size_t from_place)
{
    size_t begin = frame_begin(to_place), end = frame_end(to_place, size);

    memcpy(to + begin, old + begin, end - begin);
    assert_ptr_equal(our_memcpy(to + to_place, from + from_place, size), to + to_place);
    check_written(size, to_place, from + from_place);
}

static void copies(size_t size)
{
    for (size_t i = 0; i < ALIGNMENTS; i++)
        for (size_t j = 0; j < ALIGNMENTS; j++)
            copy(size, 64 + i, 64 + j);
    copy(size, ROOM - size, 0);
    copy(size, 0, ROOM - size);
}

static void copies_onto_itself(size_t size)
{
    assert_ptr_equal(our_memcpy(to + 65, to + 65, size), to + 65);
    check_written(size, 65, old + 65);
}

static void set(size_t size, size_t place, int byte)
{
    static unsigned char wanted[ROOM];
    size_t begin = frame_begin(place), end = frame_end(place, size);

    memset(wanted, byte, size);
    memcpy(to + begin, old + begin, end - begin);
    assert_ptr_equal(our_memset(to + place, byte, size), to + place);
    check_written(size, place, wanted);
}

static void sets(size_t size)
{
    for (size_t i = 0; i < ALIGNMENTS; i++)
        set(size, 64 + i, 0x1a5);
    set(size, 0, 0);
    set(size, ROOM - size, -1);
}

static void test_memcpy(void **state)
{
    (void)state;
    for_all_sizes(copies);
}

/* As compilers make of an assignment of a struct to itself. */
static void test_memcpy_onto_itself(void **state)
{
    (void)state;
    memcpy(to, old, ROOM);
    for_all_sizes(copies_onto_itself);
}

static void test_memset(void **state)
{
    (void)state;
    for_all_sizes(sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy),
        cmocka_unit_test(test_memcpy_onto_itself),
        cmocka_unit_test(test_memset),
    };

    to = area();
    from = area();
    old = area();
    fill(from, 1);
    fill(old, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
