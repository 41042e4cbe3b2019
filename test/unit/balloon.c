/* SPDX-License-Identifier: MIT */
// SRCS: xen/domain/balloon.c lib/mm/pages.c lib/mm/absent.c lib/mm/pressure.c lib/base/bit_tree.c test/unit/fake_timer.c
// CFLAGS: -Wl,-T,test/unit/sets.ld
/*
 * The balloon against a Xen that has so many pages and no more, and notes which frames the domain
 * has: none is given or taken twice, none is lost, whatever becomes of a suspend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "xen/boot_info.h"
#include "lib/mm/paging.h"
#include "xen/platform.h"
#include "fake_timer.h"
#include "lib/sched/work.h"
#include "lib/mm/balloon.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/mm.h"
#include "lib/mm/pages.h"
#include "lib/base/suspend.h"
#include "xen/domain/balloon.h"
#include "xen/bus/xenstore.h"

#define FRAMES 4096u  /* maxmem */
#define PRESENT 3072u /* memory */
#define KEPT 64u

extern void (*const initcalls_start[])(void);
extern const struct suspend_hooks *const suspend_hooks_start[];
#define hooks (*suspend_hooks_start)

struct boot_info boot_info;

static uint64_t first_frame;
static bool has[FRAMES];     /* the domain */
static bool counted[FRAMES]; /* Xen would fill it when the domain is saved */
static size_t host_free;
static bool live;
static uint64_t target; /* KiB */
static struct xenstore_watch *target_watch;
static unsigned int looks_again, gives;
static char line[200];

void paging_map_direct(uint64_t start, uint64_t end)
{
    assert_true(start < end);
}

void paging_refill(void)
{
}

void panic(const char *format, ...)
{
    fail_msg("%s", format);
    abort();
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
}

void thread_yield(void)
{
}

uint64_t deadline_after(uint64_t ns)
{
    return ns;
}

void xenstore_watch_register_later(struct xenstore_watch *watch)
{
    target_watch = watch;
}

static struct work *scheduled;

void work_schedule(struct work *work)
{
    scheduled = work;
    looks_again++;
}

void work_schedule_at(struct work *work, uint64_t deadline)
{
    timer_set(&work->timer, deadline);
}

void work_is_due(void *work)
{
    (void)work;
}

int xenstore_read_number(xenstore_transaction transaction, const char *directory, const char *node,
                         uint64_t least, uint64_t most, uint64_t *number)
{
    (void)transaction;
    (void)least;
    assert_string_equal(directory, "memory");
    assert_string_equal(node, "target");
    assert_true(target <= most);
    *number = target;
    return target ? 0 : -ENOENT;
}

static void give_block(uint64_t frame, unsigned int order)
{
    uint64_t number = frame - first_frame;

    assert_int_equal(frame % (1ul << order), 0);
    for (uint64_t i = number; i < number + (1ul << order); i++) {
        assert_true(has[i] || counted[i]);
        host_free += has[i];
        has[i] = counted[i] = false;
    }
    memset((void *)(frame << PAGE_SHIFT), 0xdd, PAGE_SIZE << order);
}

static int give(uint64_t frame, unsigned int order, unsigned int count)
{
    gives++;
    for (uint64_t block = 0; block < count; block++)
        give_block(frame + (block << order), order);
    return 0;
}

static int take(uint64_t frame, unsigned int order)
{
    uint64_t number = frame - first_frame, count = 1ul << order;

    assert_int_equal(frame % count, 0);
    if (count > host_free)
        return -ENOMEM;
    for (uint64_t i = number; i < number + count; i++) {
        assert_false(has[i]);
        has[i] = true;
    }
    host_free -= count;
    memset((void *)(frame << PAGE_SHIFT), 0xee, PAGE_SIZE << order);
    return 0;
}

static bool copied_live(void)
{
    return live;
}

static const struct platform fake_platform = {
    .give_frames = give,
    .take_frames = take,
    .copied_live = copied_live,
};
const struct platform *platform = &fake_platform;
const uint64_t *platform_p2m;

static size_t frames_of_domain(void)
{
    size_t count = 0;

    for (size_t i = 0; i < FRAMES; i++)
        count += has[i];
    return count;
}

static void look(uint64_t pages)
{
    target = pages * 4;
    line[0] = '\0';
    target_watch->callback(target_watch, target_watch->path);
    looks_again--;
    scheduled->function(scheduled);
}

static void domain_has(size_t pages)
{
    assert_int_equal(balloon_pages(), pages);
    assert_int_equal(frames_of_domain(), pages);
}

static int set_up(void **state)
{
    uintptr_t memory = (uintptr_t)mmap(NULL, 2 * FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    memory = (memory + FRAMES * PAGE_SIZE - 1) / (FRAMES * PAGE_SIZE) * (FRAMES * PAGE_SIZE);
    first_frame = memory >> PAGE_SHIFT;
    boot_info.memory[0] = (struct boot_memory){ memory, memory + FRAMES * PAGE_SIZE };
    boot_info.memory_total = FRAMES * PAGE_SIZE;
    boot_info.memory_present = PRESENT * PAGE_SIZE;
    for (size_t i = 0; i < FRAMES; i++) {
        has[i] = i < PRESENT;
        counted[i] = i >= PRESENT;
    }
    host_free = 10000;
    pages_init(boot_info.memory, 1);
    pages_withhold(FRAMES - PRESENT);
    initcalls_start[0]();
    return 0;
}

/* Before the balloon has ever looked at its target. */
static void test_saved_at_once(void **state)
{
    (void)state;
    assert_int_equal(hooks->prepare(0), 0);
    assert_int_equal(gives, 1); /* for two blocks */
    for (size_t i = 0; i < FRAMES; i++)
        assert_false(counted[i]);
    hooks->leave();
    assert_int_equal(pages_unused(), KEPT);
    domain_has(KEPT + 2); /* two for the allocator's bytes of state */
    hooks->forget();
    domain_has(PRESENT);
    look(PRESENT + 10); /* what it was built with, nearly */
    assert_string_equal(line, "");
    domain_has(PRESENT);
}

static void *in_use[FRAMES];
static size_t used;

static void use(size_t pages)
{
    while (used < pages && (in_use[used] = pages_alloc_critical(0)))
        memset(in_use[used++], 0x11, PAGE_SIZE);
    while (used > pages)
        page_free(in_use[--used]);
}

static void check_used(void)
{
    for (size_t i = 0; i < used; i++)
        for (size_t byte = 0; byte < PAGE_SIZE; byte++)
            assert_int_equal(((uint8_t *)in_use[i])[byte], 0x11);
}

static void test_cancelled(void **state)
{
    size_t total = pages_total(), unused;

    (void)state;
    use(2000);
    use(1000); /* free pages on both sides of the frontier */
    unused = pages_unused();
    hooks->leave();
    assert_int_equal(pages_unused(), KEPT);
    assert_int_equal(frames_of_domain(), PRESENT - (unused - KEPT));
    hooks->cancel();
    domain_has(PRESENT);
    assert_int_equal(pages_unused(), unused);
    assert_int_equal(pages_total(), total);
    assert_int_equal(looks_again, 0);
    check_used();
    hooks->cancel(); /* of a suspend that was not prepared to its end */
    domain_has(PRESENT);
}

static void test_live(void **state)
{
    (void)state;
    live = true;
    hooks->leave();
    domain_has(PRESENT);
    hooks->forget();
    domain_has(PRESENT);
    live = false;
}

/* The other host has less; then it has enough. */
static void test_less_memory(void **state)
{
    size_t unused = pages_unused(), left = unused - KEPT;

    (void)state;
    hooks->leave();
    host_free = left - 500;
    hooks->forget();
    domain_has(PRESENT - 500);
    look(PRESENT + 10);
    assert_string_equal(line, "balloon: 10288 KiB of memory now, not 12288: Xen has no more; will "
                              "be tried again");
    assert_non_null(fake_timer);
    look(PRESENT + 10);
    assert_string_equal(line, ""); /* said once */
    host_free = 400;
    look(PRESENT + 10);
    domain_has(PRESENT - 100);
    host_free = 400;
    look(PRESENT + 10);
    assert_string_equal(line, "balloon: 12288 KiB of memory now");
    domain_has(PRESENT);
    assert_int_equal(pages_unused(), unused);
    check_used();
}

/* The same host, which has given some away meanwhile: the balloon must be told to look. */
static void test_cancelled_with_less(void **state)
{
    (void)state;
    hooks->leave();
    host_free = 300;
    hooks->cancel();
    assert_int_equal(looks_again, 1);
    assert_true(balloon_pages() < PRESENT);
    host_free = 10000;
    look(PRESENT + 10);
    domain_has(PRESENT);
}

static void test_nothing_free(void **state)
{
    (void)state;
    use(FRAMES);
    assert_int_equal(pages_unused(), 0);
    hooks->leave();
    hooks->forget();
    domain_has(PRESENT);
    check_used();
    use(1000);
}

static void test_after_targets(void **state)
{
    size_t total = pages_total();

    (void)state;
    look(2000);
    domain_has(2000);
    hooks->leave();
    hooks->forget();
    domain_has(2000);
    look(FRAMES);
    domain_has(FRAMES);
    hooks->leave();
    hooks->forget();
    domain_has(FRAMES);
    look(PRESENT);
    domain_has(PRESENT);
    assert_int_equal(pages_total(), total);
    check_used();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saved_at_once),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_less_memory),
        cmocka_unit_test(test_cancelled_with_less),
        cmocka_unit_test(test_nothing_free),
        cmocka_unit_test(test_after_targets),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
