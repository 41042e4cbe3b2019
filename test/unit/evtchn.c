/* SPDX-License-Identifier: MIT */
// SRCS: xen/evtchn.c
/*
 * Event channels on a shared_info page of the test's own: port numbers that nobody may have given
 * us, bits of ports that nobody knows, and storms.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xen-abi/event_channel.h>
#include <xen-abi/sched.h>
#include <xen-abi/xen.h>

#include "xen/boot_info.h"
#include "xen/clock.h"
#include "xen/platform.h"
#include "lib/sched/sched.h"
#include "xen/evtchn.h"
#include "xen/hypercall.h"

struct boot_info boot_info;

static uint32_t next_port;           /* what Xen gives out */
static unsigned int closed, handled; /* calls */

uint64_t clock_to_system_time(uint64_t monotonic)
{
    return monotonic;
}

long hypercall_event_channel_op(unsigned int command, void *argument)
{
    if (command == EVTCHNOP_alloc_unbound)
        ((struct evtchn_alloc_unbound *)argument)->port = next_port;
    if (command == EVTCHNOP_bind_virq)
        ((struct evtchn_bind_virq *)argument)->port = next_port;
    if (command == EVTCHNOP_bind_interdomain)
        ((struct evtchn_bind_interdomain *)argument)->local_port = next_port;
    closed += command == EVTCHNOP_close;
    return 0;
}

static unsigned int polls;
static uint8_t flag_in_poll;
static void (*while_blocked)(void); /* what the other side does meanwhile */

static void fake_poll(struct sched_poll *poll)
{
    (void)poll;
    polls++;
    flag_in_poll = boot_info.shared_info->vcpu_info[0].evtchn_upcall_pending;
    if (while_blocked)
        while_blocked();
}

static const struct platform fake_platform = { .poll = fake_poll };
const struct platform *platform = &fake_platform;

static void on_event(void *argument)
{
    handled++;
    *(unsigned int *)argument += 1;
}

/* As large as it is and no larger: the sanitizer sees what lies outside. */
static int setup(void **state)
{
    (void)state;
    boot_info.shared_info = calloc(1, sizeof(struct shared_info));
    closed = handled = polls = 0;
    while_blocked = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    evtchn_forget_all();
    free(boot_info.shared_info);
    return 0;
}

static void event(uint32_t port)
{
    struct shared_info *shared = boot_info.shared_info;

    shared->evtchn_pending[port / 64] |= 1ul << port % 64;
    shared->vcpu_info[0].evtchn_pending_sel |= 1ul << port / 64;
    shared->vcpu_info[0].evtchn_upcall_pending = 1;
}

static void ports_out_of_range_are_refused(void **state)
{
    static const uint32_t ports[] = { 0, 4096, 4097, 65536, 0x7fffffff, UINT32_MAX };
    unsigned int count = 0;

    (void)state;
    for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        assert_int_equal(evtchn_attach(ports[i], on_event, &count), -EINVAL);
        next_port = ports[i];
        assert_int_equal(evtchn_alloc_unbound(0, on_event, &count), -EINVAL);
        assert_int_equal(evtchn_bind_virq(1, on_event, &count), -EINVAL);
        assert_int_equal(evtchn_bind_interdomain(0, 1, on_event, &count), -EINVAL);
        /* Nor does anything happen to a bit for them later. */
        evtchn_mask((int)ports[i]);
        evtchn_unmask((int)ports[i]);
        evtchn_close((int)ports[i]);
    }
    assert_int_equal(closed, 3 * sizeof(ports) / sizeof(ports[0]));
    assert_int_equal(evtchn_in_use(), 0);
}

static void a_port_is_attached_once(void **state)
{
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(4095, on_event, &count), 0);
    assert_int_equal(evtchn_attach(4095, on_event, &count), -EINVAL);
    evtchn_unmask(4095);
    event(4095);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 1);
}

/* Whatever the page holds: bits of ports that are not ours are masked and forgotten. */
static void unknown_bits_do_nothing(void **state)
{
    struct shared_info *shared = boot_info.shared_info;
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(7, on_event, &count), 0);
    evtchn_unmask(7);
    memset(shared->evtchn_pending, 0xff, sizeof(shared->evtchn_pending));
    shared->vcpu_info[0].evtchn_pending_sel = ~0ul;
    shared->vcpu_info[0].evtchn_upcall_pending = 1;
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 1);
    assert_int_equal(handled, 1);
    shared->vcpu_info[0].evtchn_pending_sel = ~0ul;
    shared->vcpu_info[0].evtchn_upcall_pending = 1;
    assert_false(evtchn_dispatch());
}

/* A port stays masked until its owner is done: a storm is one call. */
static void a_storm_is_one_call(void **state)
{
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(9, on_event, &count), 0);
    event(9);
    evtchn_dispatch();
    assert_int_equal(count, 0); /* it comes masked */
    evtchn_unmask(9);
    for (unsigned int i = 0; i < 1000; i++) {
        event(9);
        evtchn_dispatch();
    }
    assert_int_equal(count, 1);
    evtchn_unmask(9); /* and the event that came meanwhile is not lost */
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 2);
}

static void event_on_7(void)
{
    event(7);
}

/* Xen interrupts a vCPU whose flag goes from 0 to 1: that is wanted in the poll, and only there. */
static void the_flag_is_clear_only_while_blocked(void **state)
{
    uint8_t *flag = &boot_info.shared_info->vcpu_info[0].evtchn_upcall_pending;
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(7, on_event, &count), 0);
    evtchn_unmask(7);
    while_blocked = event_on_7;
    evtchn_block(DEADLINE_NEVER);
    assert_int_equal(polls, 1);
    assert_int_equal(flag_in_poll, 0);
    assert_int_equal(*flag, 1);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 1);
    assert_int_equal(*flag, 1);
}

static void what_is_pending_is_not_slept_through(void **state)
{
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(7, on_event, &count), 0);
    evtchn_unmask(7);
    event(7);
    evtchn_block(DEADLINE_NEVER);
    assert_int_equal(polls, 0);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 1);
    evtchn_mask(7);
    boot_info.shared_info->evtchn_pending[0] |= 1ul << 7;
    evtchn_unmask(7);
    evtchn_block(DEADLINE_NEVER);
    assert_int_equal(polls, 0);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ports_out_of_range_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_port_is_attached_once, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_bits_do_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_storm_is_one_call, setup, teardown),
        cmocka_unit_test_setup_teardown(the_flag_is_clear_only_while_blocked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_pending_is_not_slept_through, setup, teardown),
    };

    return cmocka_run_group_tests_name("evtchn", tests, NULL, NULL);
}
