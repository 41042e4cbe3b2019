/* SPDX-License-Identifier: MIT */
/*
 * Disks that come late: who waits for one finds it, hears of it meanwhile, and does not wait for
 * ever, nor for what nobody expects.
 */
// SRCS: lib/block/registry.c test/unit/xen_fakes.c lib/libc/kernel_heap.c
#include "../../lib/block/wait.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xen_fakes.h"

static struct block_device disk = {
    .name = "xvda",
    .sector_size = 512,
    .link = LIST_INIT(disk.link),
};

static void arrive(void *argument)
{
    thread_sleep_until(deadline_after(SECONDS((uintptr_t)argument)));
    block_expect_no_more(&disk);
    CHECK(block_register(&disk) == 0);
}

static void leave(void *argument)
{
    thread_sleep_until(deadline_after(SECONDS((uintptr_t)argument)));
    block_expect_no_more(&disk);
}

static void waits_no_longer(uint64_t start, uint64_t seconds)
{
    CHECK(clock_monotonic() - start >= SECONDS(seconds));
    CHECK(clock_monotonic() - start < SECONDS(seconds) + MILLISECONDS(100));
}

static void late(void)
{
    uint64_t start = clock_monotonic();

    block_expect(&disk);
    CHECK(block_find("xvda") == NULL && block_at(0) == NULL);
    thread_create("disk", arrive, (void *)25);
    CHECK(block_wait("xvda") == &disk);
    waits_no_longer(start, 25);
    CHECK(fake_log_lines == 2);
    CHECK(strstr(fake_log_last, "xvda: the disk is not ready: waiting for it, 20 of 60") != NULL);
    CHECK(block_wait("xvda") == &disk && block_at(0) == &disk);
}

static void never(void)
{
    uint64_t start = clock_monotonic();

    CHECK(block_wait("xvda") == NULL); /* of which nobody knows */
    waits_no_longer(start, 0);
    block_expect(&disk);
    CHECK(block_wait("xvdb") == NULL);
    waits_no_longer(start, 0);
    CHECK(set_disk_wait("33") == 0);
    CHECK(block_wait("xvda") == NULL);
    waits_no_longer(start, 33);
    CHECK(fake_log_lines == 4);
    CHECK(set_disk_wait("0") == 0);
    CHECK(block_wait("xvda") == NULL);
    waits_no_longer(start, 33);
}

static void goes(void)
{
    uint64_t start = clock_monotonic();

    block_expect(&disk);
    thread_create("disk", leave, (void *)15);
    CHECK(block_wait("xvda") == NULL);
    waits_no_longer(start, 15);
    CHECK(fake_log_lines == 1);
    block_expect(&disk); /* and comes again */
    thread_create("disk", arrive, (void *)5);
    CHECK(block_wait("xvda") == &disk);
}

static void option(void)
{
    static const char *const bad[] = { "", "x", "-1", "1s", "86401", "99999999999999999999", " 1" };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(set_disk_wait(bad[i]) == -EINVAL);
    CHECK(set_disk_wait("86400") == 0 && set_disk_wait("007") == 0);
}

ISOLATED(late)
ISOLATED(never)
ISOLATED(goes)
ISOLATED(option)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_goes),
        cmocka_unit_test(test_option),
    };

    return cmocka_run_group_tests_name("block_wait", tests, NULL, NULL);
}
