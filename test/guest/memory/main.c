/* SPDX-License-Identifier: MIT */
/*
 * Takes all memory in pieces of many sizes, checks that no two overlap, gives it back, twice;
 * malloc fails with ENOMEM at the end, and the guest lives.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"

#define RESERVE 16u /* pages that malloc() and its like do not get */

/* A compiler may drop an allocation that nobody looks into, and take it for done. */
static void *(*volatile allocate)(size_t) = malloc;
static void *(*volatile allocate_anew)(void *, size_t) = realloc;

struct piece {
    struct piece *next;
    size_t size;
    unsigned char fill;
};

static const size_t sizes[] = { 40, 100, 1000, 5000, 65536, 1000000 };

/*
 * Only the ends of each piece are written, so that a guest of 1 GB takes no minute under emulation.
 */
static void mark(struct piece *piece, unsigned char fill)
{
    piece->fill = fill;
    memset(piece + 1, fill, 8);
    memset((char *)piece + piece->size - 8, fill, 8);
}

static bool intact(const struct piece *piece)
{
    const unsigned char *start = (const unsigned char *)(piece + 1),
                        *end = (const unsigned char *)piece + piece->size - 8;

    return start[0] == piece->fill && start[7] == piece->fill && end[0] == piece->fill &&
           end[7] == piece->fill;
}

static size_t fill_and_free(void)
{
    struct piece *all = NULL, *piece;
    size_t total = 0;
    unsigned int count = 0;

    for (int kind = sizeof(sizes) / sizeof(sizes[0]) - 1; kind >= 0; kind--) {
        while ((piece = malloc(sizes[kind])) && count < 100000) {
            piece->size = sizes[kind];
            piece->next = all;
            mark(piece, count++);
            all = piece;
            total += sizes[kind];
        }
        free(piece);
    }
    errno = 0;
    CHECK(allocate(10000000) == NULL && errno == ENOMEM);
    CHECK(pages_unused() >= RESERVE && pages_available() == pages_unused() - RESERVE);
    while (all) {
        piece = all;
        all = piece->next;
        CHECK(intact(piece));
        free(piece);
    }
    return total;
}

/* Blocks of pages of each order: aligned, and whole again after they came back in another order. */
static void test_pages(void)
{
    size_t unused = pages_unused();
    void *blocks[8];

    for (unsigned int order = 0; order < 8; order++) {
        blocks[order] = pages_alloc(order);
        CHECK(!blocks[order] || (uintptr_t)blocks[order] % (PAGE_SIZE << order) == 0);
    }
    for (unsigned int i = 0; i < 8; i++) {
        unsigned int order = i * 5 % 8;

        if (blocks[order])
            pages_free(blocks[order], order);
    }
    CHECK(pages_unused() == unused);
    CHECK(pages_alloc(20) == NULL);
}

int main(void)
{
    volatile size_t too_much = (size_t)-1;
    size_t first, second;

    printf("%zu KiB free of %zu KiB\n", pages_unused() * 4, pages_total() * 4);
    test_pages();
    first = fill_and_free();
    second = fill_and_free();
    printf("malloc gave %zu KiB, then %zu KiB\n", first / 1024, second / 1024);
    CHECK(second >= first / 10 * 9);
    CHECK(allocate_anew(NULL, too_much) == NULL);
    CHECK(sbrk(-100000000000) == (void *)-1);
    return check_verdict();
}
