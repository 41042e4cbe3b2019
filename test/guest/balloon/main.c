/* SPDX-License-Identifier: MIT */
/*
 * Memory that goes and comes by `xl mem-set`, under requests of run.sh: the application holds
 * blocks with known contents, fills memory to the edge, and keeps a cache that it gives up when it
 * is asked to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "../requests.h"
#include "lib/mm/memory_pressure.h"
#include "xen/domain/balloon.h"

#define BLOCK 65536u
#define BLOCKS_MAX 4096u

static unsigned char *blocks[BLOCKS_MAX];
static unsigned int count;
static void *cache[512];
static unsigned int cached, asked;

static unsigned char mark(unsigned int block, unsigned int page)
{
    return (unsigned char)(block * 31 + page * 7 + 1);
}

/* "hold N": that many blocks in all, as far as they can be had; each page is written. */
static void hold(char *words, char *answer)
{
    unsigned int wanted = (unsigned int)strtoul(words, NULL, 10);

    while (count > wanted)
        free(blocks[--count]);
    errno = 0;
    while (count < wanted && count < BLOCKS_MAX && (blocks[count] = malloc(BLOCK)) != NULL) {
        for (unsigned int page = 0; page < BLOCK / PAGE_SIZE; page++)
            memset(blocks[count] + page * PAGE_SIZE, mark(count, page), 256);
        count++;
    }
    snprintf(answer, REQUESTS_ANSWER, "%u %s", count, errno == ENOMEM ? "ENOMEM" : "held");
}

/* "check": the contents of all blocks. */
static void check(char *words, char *answer)
{
    unsigned int wrong = 0;

    (void)words;
    for (unsigned int block = 0; block < count; block++)
        for (unsigned int page = 0; page < BLOCK / PAGE_SIZE; page++)
            for (unsigned int byte = 0; byte < 256; byte++)
                wrong += blocks[block][page * PAGE_SIZE + byte] != mark(block, page);
    snprintf(answer, REQUESTS_ANSWER, "%u wrong", wrong);
}

static size_t release_cache(size_t pages, void *argument)
{
    size_t released = 0;

    (void)argument;
    asked++;
    for (; released < pages && cached > 0; released++)
        page_free(cache[--cached]);
    return released;
}

/* "cache N": pages that the application can do without. */
static void fill_cache(char *words, char *answer)
{
    unsigned int wanted = (unsigned int)strtoul(words, NULL, 10);

    while (cached < wanted && cached < 512 && (cache[cached] = page_alloc()) != NULL)
        cached++;
    snprintf(answer, REQUESTS_ANSWER, "%u", cached);
}

struct page {
    struct page *next;
    uintptr_t self;
};

static struct page *every_other;

/* "holes": all pages are taken, then every other one is given back: how many are kept. */
static void make_holes(char *words, char *answer)
{
    struct page *all = NULL, *page;
    unsigned int kept = 0;

    (void)words;
    while ((page = page_alloc()) != NULL) {
        *page = (struct page){ .next = all, .self = (uintptr_t)page };
        all = page;
    }
    while ((page = all) != NULL) {
        all = page->next;
        if ((uintptr_t)page / PAGE_SIZE % 2 == 0) {
            page_free(page);
            continue;
        }
        page->next = every_other;
        every_other = page;
        kept++;
    }
    snprintf(answer, REQUESTS_ANSWER, "%u", kept);
}

/* "kept": how many of them are as they were. */
static void count_kept(char *words, char *answer)
{
    unsigned int kept = 0;

    (void)words;
    for (const struct page *page = every_other; page != NULL; page = page->next)
        kept += page->self == (uintptr_t)page;
    snprintf(answer, REQUESTS_ANSWER, "%u", kept);
}

/* "memory": KiB present, managed and free; pages in the cache, and whether it was asked for any. */
static void memory(char *words, char *answer)
{
    (void)words;
    snprintf(answer, REQUESTS_ANSWER, "present=%zu total=%zu free=%zu cached=%u asked=%s",
             balloon_pages() * 4, pages_total() * 4, pages_unused() * 4, cached,
             asked > 0 ? "yes" : "no");
}

static const struct requests_command commands[] = {
    { "hold", hold },        { "check", check },     { "cache", fill_cache },
    { "holes", make_holes }, { "kept", count_kept }, { "memory", memory },
};

static bool handle(char *words, char answer[REQUESTS_ANSWER])
{
    return requests_dispatch(commands, sizeof(commands) / sizeof(commands[0]), words, answer);
}

int main(void)
{
    static struct memory_pressure pressure = { .release = release_cache };

    memory_pressure_register(&pressure);
    printf("ready\n");
    CHECK(requests_serve(handle) == 0);
    return check_verdict();
}
