/* SPDX-License-Identifier: MIT */
// SRCS: lib/mm/pages.c lib/mm/absent.c lib/mm/heap.c lib/mm/pressure.c lib/base/bit_tree.c lib/base/format.c
// CFLAGS: -fsanitize-coverage=trace-pc
/*
 * The page allocator over memory of this process: alignment, no overlap, merging, the frontier,
 * running out, the reserve, frees that are wrong. The direct map is this process' own address space, so that
 * what the allocator touches is what AddressSanitizer sees.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "xen/boot_info.h"
#include "lib/mm/paging.h"
#include "lib/mm/balloon.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/base/printk.h"
#include "steps.h"

#define RESERVE 16u /* include/lib/mm/pages.h says so */
#define REGION_PAGES 3000u
#define BLOCKS 4000
#define STEPS_A_PAGE 150u

static uint64_t direct_end;
static unsigned int refills;
static jmp_buf panic_jump;
static uint8_t *region_one, *region_two;

void paging_map_direct(uint64_t start, uint64_t end)
{
    assert_true(start < end);
    if (end > direct_end)
        direct_end = end;
}

void paging_refill(void)
{
    refills++;
}

/* The heap's range: what is mapped where, by page number. */
#define HEAP_PAGES 8192
#define HEAP_PLACE 500 /* in pages: 12 fit before the first page table is full */
#define HEAP_START (HEAP_BASE + HEAP_PLACE * PAGE_SIZE)
static void *heap_map[HEAP_PAGES];
static int heap_map_failures;
static unsigned int heap_maps;

int paging_map_page(uintptr_t address, void *page)
{
    size_t number = (address - HEAP_START) / PAGE_SIZE;

    heap_maps++;
    if (heap_map_failures > 0 && --heap_map_failures == 0)
        return -12;
    assert_true(number < HEAP_PAGES);
    assert_null(heap_map[number]);
    heap_map[number] = page;
    return 0;
}

void *paging_unmap_page(uintptr_t address)
{
    size_t number = (address - HEAP_START) / PAGE_SIZE;
    void *page = heap_map[number];

    assert_non_null(page);
    heap_map[number] = NULL;
    return page;
}

uint32_t random_u32(void)
{
    return HEAP_PLACE;
}

void random_bytes(void *buffer, size_t length)
{
    memset(buffer, 1, length);
}

void panic(const char *format, ...)
{
    (void)format;
    longjmp(panic_jump, 1);
}

static uint8_t *map_region(void)
{
    uint8_t *memory = mmap(NULL, REGION_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static int set_up(void **state)
{
    struct boot_memory memory[2];
    uint8_t *swap;

    (void)state;
    region_one = map_region();
    region_two = map_region();
    if (region_one > region_two) {
        swap = region_one;
        region_one = region_two;
        region_two = swap;
    }
    memory[0] = (struct boot_memory){ (uintptr_t)region_one,
                                      (uintptr_t)region_one + REGION_PAGES * PAGE_SIZE };
    memory[1] = (struct boot_memory){ (uintptr_t)region_two,
                                      (uintptr_t)region_two + REGION_PAGES * PAGE_SIZE };
    pages_init(memory, 2);
    return 0;
}

static void test_totals(void **state)
{
    (void)state;
    assert_int_equal(pages_total(), pages_unused());
    /* One byte of state a page: 3000 bytes, one page a region. */
    assert_int_equal(pages_total(), 2 * (REGION_PAGES - 1));
}

struct block {
    uint8_t *memory;
    unsigned int order;
    uint8_t fill;
};

static bool inside(const uint8_t *memory, unsigned int order)
{
    size_t size = PAGE_SIZE << order;

    return (memory >= region_one && memory + size <= region_one + REGION_PAGES * PAGE_SIZE) ||
           (memory >= region_two && memory + size <= region_two + REGION_PAGES * PAGE_SIZE);
}

static void check_and_free(struct block *block)
{
    size_t size = PAGE_SIZE << block->order;

    assert_int_equal(block->memory[0], block->fill);
    assert_int_equal(block->memory[size - 1], block->fill);
    pages_free(block->memory, block->order);
    block->memory = NULL;
}

/* Random allocations and frees; each block's first and last byte tell an overlap. */
static void test_random(void **state)
{
    static struct block blocks[BLOCKS];
    size_t before = pages_unused();
    unsigned int failures = 0;

    (void)state;
    srand(7);
    for (int step = 0; step < 200000; step++) {
        struct block *block = &blocks[rand() % BLOCKS];

        if (block->memory) {
            check_and_free(block);
            continue;
        }
        block->order = rand() % 10 ? rand() % 3 : rand() % 11;
        block->fill = rand();
        block->memory = pages_alloc(block->order);
        if (!block->memory) {
            failures++;
            continue;
        }
        assert_true(inside(block->memory, block->order));
        assert_int_equal((uintptr_t)block->memory % (PAGE_SIZE << block->order), 0);
        assert_true((uintptr_t)block->memory + (PAGE_SIZE << block->order) <= direct_end);
        block->memory[0] = block->fill;
        block->memory[(PAGE_SIZE << block->order) - 1] = block->fill;
    }
    assert_true(failures > 0);
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].memory)
            check_and_free(&blocks[i]);
    assert_int_equal(pages_unused(), before);
    assert_true(refills > 0);
}

/* After all came back, the largest blocks can be had again: buddies merge. */
static void test_merging(void **state)
{
    static void *pages[2 * REGION_PAGES];
    size_t count = 0, large = 0;
    void *blocks[8];

    (void)state;
    while ((pages[count] = page_alloc()))
        count++;
    assert_int_equal(count, pages_total() - RESERVE);
    assert_int_equal(pages_unused(), RESERVE);
    while ((pages[count] = pages_alloc_critical(0)))
        count++;
    assert_int_equal(pages_unused(), 0);
    for (size_t i = 0; i < count; i += 2)
        page_free(pages[i]);
    for (size_t i = 1; i < count; i += 2)
        page_free(pages[i]);
    while (large < 8 && (blocks[large] = pages_alloc(10)))
        large++;
    assert_true(large >= 2);
    while (large > 0)
        pages_free(blocks[--large], 10);
    assert_int_equal(pages_unused(), pages_total());
}

static unsigned int low_calls;

static void on_low(void)
{
    low_calls++;
}

/* What is left of memory goes to who may draw on the reserve, and is filled up by whoever frees. */
static void test_reserve(void **state)
{
    static void *pages[2 * REGION_PAGES];
    size_t count = 0;
    void *reserve[2];

    (void)state;
    memory_pressure_listen(on_low);
    low_calls = 0;
    assert_int_equal(pages_available(), pages_total() - RESERVE);
    while ((pages[count] = page_alloc()))
        count++;
    assert_int_equal(low_calls, 1); /* whoever keeps what it could give hears of a refusal */
    assert_int_equal(pages_available(), 0);
    assert_int_equal(pages_unused(), RESERVE);
    assert_null(page_alloc_zeroed());
    reserve[0] = pages_alloc_critical(0);
    reserve[1] = pages_alloc_critical(1);
    assert_true(reserve[0] != NULL && reserve[1] != NULL);
    page_free(pages[--count]);
    assert_null(page_alloc()); /* the reserve comes first */
    page_free(reserve[0]);
    assert_null(page_alloc());
    pages_free(reserve[1], 1);
    assert_non_null(pages[count++] = page_alloc());
    assert_null(pages_alloc(1));
    page_free(pages[--count]);
    page_free(pages[--count]);
    assert_null(pages_alloc(2)); /* two pages are left above the reserve */
    while (count > 0)
        page_free(pages[--count]);
    assert_int_equal(pages_unused(), pages_total());
    memory_pressure_check();
}

static void expect_panic(void *block, unsigned int order)
{
    if (setjmp(panic_jump) == 0) {
        pages_free(block, order);
        fail_msg("a wrong free was taken");
    }
}

static void test_wrong_frees(void **state)
{
    uint8_t *block = pages_alloc(2);

    (void)state;
    expect_panic(block, 1);
    expect_panic(block + PAGE_SIZE, 0);
    expect_panic(block + 1, 2);
    expect_panic(&block, 0);
    pages_free(block, 2);
    expect_panic(block, 2);
    pages_free(NULL, 3);
    assert_null(pages_alloc(11));
    assert_null(pages_alloc_critical(11));
    assert_int_equal(pages_unused(), pages_total());
}

static void test_zeroed(void **state)
{
    uint8_t *page = page_alloc();

    (void)state;
    memset(page, 0xff, PAGE_SIZE);
    page_free(page);
    page = page_alloc_zeroed();
    for (size_t i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(page[i], 0);
    page_free(page);
}

/* What never was handed out goes first, from the end, and costs nothing to give back. */
static void test_withheld(void **state)
{
    size_t total = pages_total();
    uint64_t start, end;

    (void)state;
    pages_withhold(1000);
    assert_int_equal(pages_total(), total - 1000);
    assert_int_equal(pages_unused(), total - 1000);
    assert_true(pages_withheld(1, &start, &end));
    assert_int_equal(end - start, 1000);
    assert_int_equal(end, ((uintptr_t)region_two >> PAGE_SHIFT) + REGION_PAGES);
    assert_true(pages_withheld(0, &start, &end) && start == end);
    assert_false(pages_withheld(2, &start, &end));
    pages_withhold(1000000);
    assert_int_equal(pages_total(), 0);
    assert_null(page_alloc());
    assert_true(pages_withheld(1, &start, &end));
    assert_int_equal(start, (uintptr_t)region_two >> PAGE_SHIFT); /* the bytes of state as well */
    for (unsigned int order = 9; (start = pages_find_absent(&order)) != 0; order = 9)
        pages_restore(start, order);
    assert_int_equal(pages_total(), total);
    assert_int_equal(pages_unused(), total);
}

static void expect_zeroes(uint64_t frame, unsigned int order)
{
    const uint8_t *block = (const uint8_t *)(frame << PAGE_SHIFT);

    for (size_t i = 0; i < PAGE_SIZE << order; i++)
        assert_int_equal(block[i], 0);
}

/*
 * Memory in use at random; all that is free goes away in blocks of all orders, whose contents
 * nobody touches; what is freed then goes too; all comes back, in other blocks, and merges.
 */
static void test_balloon(void **state)
{
    static void *kept[200];
    static uint64_t gone[2 * REGION_PAGES];
    size_t total = pages_total(), count = 0, out = 0;
    unsigned int order;
    uint64_t frame;

    (void)state;
    srand(3);
    for (unsigned int i = 0; i < 200; i++) {
        void *hole;

        order = rand() % 3;
        hole = pages_alloc(order);
        kept[i] = page_alloc();
        assert_non_null(kept[i]);
        memset(hole, 0xaa, PAGE_SIZE << order);
        pages_free(hole, order);
    }
    assert_int_equal(pages_unused(), total - 200);
    for (order = rand() % 10; (frame = pages_withdraw(&order)) != 0; order = rand() % 10) {
        assert_int_equal(frame & ((1ul << order) - 1), 0);
        assert_true(inside((uint8_t *)(frame << PAGE_SHIFT), order));
        expect_zeroes(frame, order); /* Xen gives it to others as it is */
        memset((void *)(frame << PAGE_SHIFT), 0xff, PAGE_SIZE << order);
        for (unsigned int i = 0; i < 1u << order; i++)
            gone[count++] = frame + i;
        out += 1ul << order;
        assert_int_equal(pages_total(), total - out);
    }
    assert_int_equal(out, total - 200);
    assert_int_equal(pages_unused(), 0);
    assert_null(page_alloc());
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < count; j++)
            assert_int_not_equal(gone[j] << PAGE_SHIFT, (uintptr_t)kept[i]);
        page_free(kept[i]);
    }
    assert_int_equal(pages_unused(), 200);
    for (order = rand() % 10; (frame = pages_find_absent(&order)) != 0; order = rand() % 10) {
        unsigned int same = order;

        assert_int_equal(frame & ((1ul << order) - 1), 0);
        assert_int_equal(pages_find_absent(&same), frame); /* not restored: found again */
        assert_int_equal(same, order);
        memset((void *)(frame << PAGE_SHIFT), 0xee, PAGE_SIZE << order);
        pages_restore(frame, order);
        out -= 1ul << order;
        assert_int_equal(pages_total(), total - out);
    }
    assert_int_equal(out, 0);
    assert_int_equal(pages_unused(), total);
    test_random(state);
    test_merging(state);
}

/* Of memory in use, `holes` pages that are free by themselves go to Xen: steps until all are back. */
static unsigned long steps_to_restore(size_t holes)
{
    static void *pages[2 * REGION_PAGES];
    size_t count = 0, freed = 0;
    unsigned long taken;
    unsigned int order;
    uint64_t frame;

    while ((pages[count] = pages_alloc_critical(0)))
        count++;
    for (size_t i = 0; i < count && freed < holes; i++) {
        if ((uintptr_t)pages[i] / PAGE_SIZE % 2 == 0)
            continue;
        page_free(pages[i]);
        pages[i] = NULL;
        freed++;
    }
    assert_int_equal(freed, holes);
    for (order = 9; pages_withdraw(&order) != 0; order = 9)
        assert_int_equal(order, 0);
    assert_int_equal(pages_unused(), 0);
    steps();
    for (order = 9; (frame = pages_find_absent(&order)) != 0; order = 9)
        pages_restore(frame, order);
    taken = steps();
    assert_int_equal(pages_unused(), holes);
    while (count > 0)
        page_free(pages[--count]);
    assert_int_equal(pages_unused(), pages_total());
    return taken;
}

/* A resume of a fragmented guest: each page costs the same, wherever it lies among the others. */
static void test_restore_is_linear(void **state)
{
    (void)state;
    assert_in_range(steps_to_restore(250), 1, 250 * STEPS_A_PAGE);
    assert_in_range(steps_to_restore(2500), 1, 2500 * STEPS_A_PAGE);
}

static size_t release_one(size_t pages, void *argument)
{
    void **held = argument;

    assert_true(pages > 0);
    if (*held != NULL)
        page_free(*held);
    *held = NULL;
    return 1;
}

static void test_pressure(void **state)
{
    void *held[2] = { page_alloc(), page_alloc() };
    struct memory_pressure first = { release_one, &held[0], { 0 } };
    struct memory_pressure second = { release_one, &held[1], { 0 } };
    size_t before = pages_unused();
    unsigned int order = 9;
    void *block;

    (void)state;
    memory_pressure_register(&first);
    memory_pressure_register(&second);
    memory_pressure_listen(on_low);
    low_calls = 0;
    memory_pressure_check();
    assert_int_equal(low_calls, 0);
    assert_int_equal(memory_pressure_release(1), 1);
    assert_true(held[0] == NULL && held[1] != NULL);
    assert_int_equal(memory_pressure_release(5), 1);
    assert_int_equal(memory_pressure_release(5), 0);
    assert_int_equal(pages_unused(), before + 2);
    memory_pressure_unregister(&first);
    memory_pressure_unregister(&second);
    while (pages_unused() * 16 >= pages_total()) {
        block = pages_alloc(order);
        order -= block == NULL && order > 0;
        memory_pressure_check();
    }
    memory_pressure_check();
    memory_pressure_check();
    assert_int_equal(low_calls, 1); /* once for each time */
    memory_pressure_relieve();
}

static void test_heap(void **state)
{
    size_t before = pages_unused(), tables, most;
    uint8_t *start;

    (void)state;
    heap_init();
    start = heap_grow(0);
    assert_int_equal((uintptr_t)start, HEAP_START);
    assert_int_equal(heap_pages(), 0);
    assert_ptr_equal(heap_grow(1), start);
    assert_int_equal(heap_pages(), 1 + 3); /* with a page table of each level */
    assert_ptr_equal(heap_grow(4095), start + 1);
    assert_int_equal(heap_pages(), 1 + 3);
    assert_ptr_equal(heap_grow(10 * 4096), start + 4096);
    assert_int_equal(heap_pages(), 11 + 3);
    assert_int_equal(pages_unused(), before - 11);

    /* More than there is: that is seen before anything is mapped. */
    heap_maps = 0;
    assert_null(heap_grow((intptr_t)pages_total() * 4096));
    assert_int_equal(heap_maps, 0);
    assert_int_equal(heap_pages(), 11 + 3);

    /* All that there is, with room for page tables, but for the reserve; and not a page more. */
    most = before - 11 - RESERVE - 1;
    most -= most / 512;
    assert_null(heap_grow(((intptr_t)most + 1) * 4096));
    assert_int_equal(heap_maps, 0);
    assert_non_null(heap_grow((intptr_t)most * 4096));
    tables = heap_pages() - 11 - most;
    assert_true(pages_unused() >= RESERVE + tables - 3); /* which are not taken here */
    assert_non_null(heap_grow(-(intptr_t)most * 4096));

    /* A table that cannot be had: nothing changes. */
    heap_map_failures = 3;
    assert_null(heap_grow(5 * 4096));
    assert_int_equal(heap_pages(), 11 + tables);
    assert_int_equal(pages_unused(), before - 11);
    assert_null(heap_grow(-12 * 4096));
    assert_null(heap_grow(INTPTR_MIN));

    assert_ptr_equal(heap_grow(-4096), start + 11 * 4096);
    assert_int_equal(heap_pages(), 10 + tables);
    assert_non_null(heap_grow(-10 * 4096));
    assert_int_equal(heap_pages(), tables);
    assert_int_equal(pages_unused(), before);
}

static char printed[1024];

static void keep_line(const char *format, ...)
{
    size_t length = strlen(printed);
    va_list arguments;

    va_start(arguments, format);
    kvsnprintf(printed + length, sizeof(printed) - length, format, arguments);
    va_end(arguments);
    strcat(printed, "\n");
}

static void test_print(void **state)
{
    char expected[64];

    (void)state;
    pages_print(keep_line);
    ksnprintf(expected, sizeof(expected), "pages: %zu of %zu free", pages_unused(), pages_total());
    assert_non_null(strstr(printed, expected));
    assert_non_null(strstr(printed, "used below "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_withheld), /* of fresh memory */
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_wrong_frees),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_restore_is_linear),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_balloon),
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_pressure), /* takes memory, and keeps it */
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
