/* SPDX-License-Identifier: MIT */
/* clock_monotonic() over whatever Xen writes into the time area: it never goes back, and goes on. */
// SRCS: xen/x86_64/clock.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <xen-abi/xen.h>

#include "lib/base/time.h"
#include "xen/boot_info.h"
#include "xen/clock.h"

struct boot_info boot_info;
static struct shared_info shared;

/* Without a multiplier the counter of this machine has no part in the time. */
static void set_time(uint64_t system_time)
{
    shared.vcpu_info[0].time = (struct vcpu_time_info){ .system_time = system_time };
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(clock_monotonic(), 0); /* no time area yet */
    boot_info.shared_info = &shared;
    set_time(SECONDS(100));
    clock_init();
    return 0;
}

static void numbers_that_go_back(void **state)
{
    (void)state;
    assert_int_equal(clock_monotonic(), 0);
    set_time(SECONDS(110));
    assert_int_equal(clock_monotonic(), SECONDS(10));
    set_time(SECONDS(109));
    assert_int_equal(clock_monotonic(), SECONDS(10));
    set_time(SECONDS(50)); /* before the start */
    assert_int_equal(clock_monotonic(), SECONDS(10));
    set_time(SECONDS(111));
    assert_int_equal(clock_monotonic(), SECONDS(11));
}

/* A counter that is behind the one that Xen read: no time has passed, and not 2^64 ticks. */
static void counter_behind(void **state)
{
    uint64_t before = clock_monotonic();

    (void)state;
    set_time(SECONDS(112));
    shared.vcpu_info[0].time.tsc_timestamp = UINT64_MAX / 4;
    shared.vcpu_info[0].time.tsc_to_system_mul = 0x80000000;
    assert_int_equal(clock_system_time(), SECONDS(112));
    assert_int_equal(clock_monotonic(), SECONDS(12));
    assert_true(clock_monotonic() >= before);
}

/* The new host may have started before or after the old one, and its clock may go back as well. */
static void restored(void **state)
{
    uint64_t monotonic = clock_monotonic();

    (void)state;
    set_time(SECONDS(3));
    clock_resume(monotonic);
    assert_int_equal(clock_monotonic(), monotonic);
    assert_int_equal(clock_to_system_time(monotonic), SECONDS(3));
    set_time(SECONDS(2));
    assert_int_equal(clock_monotonic(), monotonic);
    set_time(SECONDS(4));
    assert_int_equal(clock_monotonic(), monotonic + SECONDS(1));
    monotonic = clock_monotonic();
    set_time(SECONDS(1000000));
    clock_resume(monotonic);
    assert_int_equal(clock_monotonic(), monotonic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_go_back),
        cmocka_unit_test(counter_behind),
        cmocka_unit_test(restored),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
