/* SPDX-License-Identifier: MIT */
// SRCS: xen/evtchn.c xen/events.c xen/poll.c
// CFLAGS: -fsanitize-coverage=trace-pc
/*
 * Event channels on a shared_info page of the test's own: port numbers that nobody may have given
 * us, bits of ports that nobody knows, and storms.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
#include "lib/base/time.h"
#include "xen/evtchn.h"
#include "xen/hypercall.h"
#include "steps.h"

struct boot_info boot_info;

static uint32_t next_port;           /* what Xen gives out */
static unsigned int closed, handled; /* calls */

uint64_t clock_to_system_time(uint64_t monotonic)
{
    return monotonic;
}

uint64_t clock_monotonic(void)
{
    return 1000;
}

static struct sched_poll polled;
static evtchn_port_t polled_ports[128];

long hypercall_sched_op(unsigned int command, void *argument)
{
    assert_int_equal(command, SCHEDOP_poll);
    polled = *(struct sched_poll *)argument;
    assert_in_range(polled.nr_ports, 0, 128);
    memcpy(polled_ports, polled.ports.p, polled.nr_ports * sizeof(polled_ports[0]));
    return 0;
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

static unsigned int blocks;
static uint8_t flag_in_block;
static void (*while_blocked)(void); /* what the other side does meanwhile */

static void fake_block(uint64_t deadline)
{
    (void)deadline;
    blocks++;
    flag_in_block = boot_info.shared_info->vcpu_info[0].evtchn_upcall_pending;
    if (while_blocked)
        while_blocked();
}

static const struct platform fake_platform = { .block = fake_block };
const struct platform *platform = &fake_platform;

static void on_event(void *argument)
{
    handled++;
    *(unsigned int *)argument += 1;
}

static bool no_memory;

static void *allocate(size_t size)
{
    return no_memory ? NULL : malloc(size);
}

/* As large as it is and no larger: the sanitizer sees what lies outside. */
static int setup(void **state)
{
    (void)state;
    boot_info.shared_info = calloc(1, sizeof(struct shared_info));
    evtchn_init(allocate);
    closed = handled = blocks = 0;
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
    assert_int_equal(evtchn_attach(63, on_event, &count), 0);
    assert_int_equal(evtchn_attach(63, on_event, &count), -EINVAL);
    evtchn_unmask(63);
    event(63);
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

/* What was pending when a port was closed is nothing to the next owner of its number. */
static void a_closed_port_leaves_nothing(void **state)
{
    unsigned int before = 0, after = 0;

    (void)state;
    assert_int_equal(evtchn_attach(9, on_event, &before), 0);
    event(9);
    evtchn_close(9);
    assert_int_equal(evtchn_attach(9, on_event, &after), 0);
    evtchn_unmask(9);
    evtchn_dispatch();
    assert_true(before == 0 && after == 0);
}

static void event_on_7(void)
{
    event(7);
}

/* Xen interrupts a vCPU whose flag goes from 0 to 1: that is wanted in the block, and only there. */
static void the_flag_is_clear_only_while_blocked(void **state)
{
    uint8_t *flag = &boot_info.shared_info->vcpu_info[0].evtchn_upcall_pending;
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(7, on_event, &count), 0);
    evtchn_unmask(7);
    while_blocked = event_on_7;
    evtchn_block(DEADLINE_NEVER);
    assert_int_equal(blocks, 1);
    assert_int_equal(flag_in_block, 0);
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
    assert_int_equal(blocks, 0);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 1);
    evtchn_mask(7);
    boot_info.shared_info->evtchn_pending[0] |= 1ul << 7;
    evtchn_unmask(7);
    evtchn_block(DEADLINE_NEVER);
    assert_int_equal(blocks, 0);
    assert_true(evtchn_dispatch());
    assert_int_equal(count, 2);
}

/* Ports that have no place yet, and no memory for one. */
static void memory_for_ports(void **state)
{
    unsigned int count = 0;

    (void)state;
    assert_int_equal(evtchn_attach(63, on_event, &count), 0);
    no_memory = true;
    assert_int_equal(evtchn_attach(2000, on_event, &count), -ENOMEM);
    next_port = 2000;
    assert_int_equal(evtchn_alloc_unbound(0, on_event, &count), -ENOMEM);
    assert_int_equal(closed, 1);
    no_memory = false;
    assert_int_equal(evtchn_alloc_unbound(0, on_event, &count), 2000);
    assert_int_equal(evtchn_in_use(), 2);
}

/* Every port that there is: each event costs what it costs when there are two. */
static void every_port(void **state)
{
    unsigned int counts[4096] = { 0 };
    unsigned long few, many;

    (void)state;
    for (uint32_t port = 1; port <= 2; port++) {
        assert_int_equal(evtchn_attach(port, on_event, &counts[port]), 0);
        evtchn_unmask((int)port);
    }
    event(2);
    steps();
    assert_true(evtchn_dispatch());
    evtchn_unmask(2);
    few = steps();
    for (uint32_t port = 3; port < 4096; port++) {
        assert_int_equal(evtchn_attach(port, on_event, &counts[port]), 0);
        evtchn_unmask((int)port);
    }
    event(4095);
    steps();
    assert_true(evtchn_dispatch());
    evtchn_unmask(4095);
    many = steps();
    assert_int_equal(many, few);
    for (uint32_t port = 1; port < 4096; port++)
        event(port);
    evtchn_dispatch();
    for (uint32_t port = 1; port < 4096; port++)
        assert_int_equal(counts[port], port == 2 || port == 4095 ? 2 : 1);
    assert_int_equal(evtchn_in_use(), 4095);
    for (int port = 1; port < 4096; port++)
        evtchn_close(port);
    assert_int_equal(evtchn_in_use(), 0);
}

/* What SCHEDOP_poll is asked: the unmasked ports, up to as many as it takes, and often if there are more. */
static void polled_ports_and_time(void **state)
{
    unsigned int count = 0;

    (void)state;
    for (uint32_t port = 1; port <= 200; port++)
        assert_int_equal(evtchn_attach(port, on_event, &count), 0);
    evtchn_unmask(5);
    evtchn_unmask(70);
    evtchn_unmask(71);
    evtchn_mask(71);
    evtchn_poll(DEADLINE_NEVER);
    assert_true(polled.nr_ports == 2 && polled_ports[0] == 5 && polled_ports[1] == 70);
    assert_int_equal(polled.timeout, 0);
    for (int port = 1; port <= 128; port++)
        evtchn_unmask(port);
    evtchn_poll(SECONDS(5));
    assert_true(polled.nr_ports == 128 && polled.timeout == SECONDS(5));
    evtchn_unmask(200);
    evtchn_poll(2000);
    assert_int_equal(polled.timeout, 2000);
    evtchn_poll(DEADLINE_NEVER);
    assert_in_range(polled.timeout, 1, MILLISECONDS(100));
    evtchn_forget_all();
    evtchn_poll(DEADLINE_NEVER);
    assert_int_equal(polled.nr_ports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ports_out_of_range_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_port_is_attached_once, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_bits_do_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_storm_is_one_call, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_port_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_flag_is_clear_only_while_blocked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_pending_is_not_slept_through, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_for_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(every_port, setup, teardown),
        cmocka_unit_test_setup_teardown(polled_ports_and_time, setup, teardown),
    };

    return cmocka_run_group_tests_name("evtchn", tests, NULL, NULL);
}
