/* SPDX-License-Identifier: MIT */
// SRCS: xen/bus/gnttab.c test/unit/fake_timer.c
// CFLAGS: -fsanitize-coverage=trace-pc
/*
 * The grant table against a side that keeps what it was given: neither page nor reference is used
 * again before it lets go, each is tried again by the clock, and how much a domain keeps is known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xen-abi/grant_table.h>

#include "xen/platform.h"
#include "fake_timer.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "steps.h"
#include "xen/bus/gnttab.h"

#define PAGES 4u
#define FIRST 8                                        /* references below are the toolstack's */
#define ENTRIES (PAGE_SIZE / sizeof(grant_entry_v1_t)) /* of a frame */
#define FRAMES 12u
#define AT_ONCE 4096u /* as many of those set aside are tried each second */

static grant_entry_v1_t table[FRAMES * ENTRIES];
static char pages[PAGES]; /* addresses are all that counts */
static unsigned int freed[PAGES];

const uint64_t *platform_p2m;

static int map_grant_frame(unsigned int index, void **address)
{
    if (index >= FRAMES)
        return -ENOSPC;
    *address = &table[index * ENTRIES];
    return 0;
}

static const struct platform fake_platform = { .map_grant_frame = map_grant_frame };
const struct platform *platform = &fake_platform;

void pages_free(void *block, unsigned int order)
{
    assert_int_equal(order, 0);
    if (block != NULL)
        freed[(char *)block - pages]++;
}

static unsigned int host_frames;
static int16_t host_status;

long hypercall_grant_table_op(unsigned int command, void *argument, unsigned int count)
{
    struct gnttab_query_size *query = argument;

    assert_int_equal(command, GNTTABOP_query_size);
    assert_int_equal(query->dom, DOMID_SELF);
    assert_int_equal(count, 1);
    query->nr_frames = 1;
    query->max_nr_frames = host_frames;
    query->status = host_status;
    return 0;
}

uint64_t deadline_after(uint64_t ns)
{
    return ns;
}

static void run_timer(void)
{
    struct timer *timer = fake_timer;

    assert_non_null(timer);
    fake_timer = NULL;
    timer->function(timer->argument);
}

static void a_page_that_is_let_go_is_free(void **state)
{
    int reference = gnttab_grant(5, 0x123, true);

    (void)state;
    assert_true(reference >= FIRST);
    assert_int_equal(table[reference].flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(table[reference].frame, 0x123);
    assert_int_equal(table[reference].domid, 5);
    gnttab_end_and_free(reference, &pages[0]);
    assert_int_equal(freed[0], 1);
    assert_int_equal(table[reference].flags, 0);
    assert_int_equal(gnttab_used(), 0);
    assert_null(fake_timer);
}

static void a_page_that_is_kept_is_set_aside(void **state)
{
    int reference = gnttab_grant(5, 0x123, false), other = gnttab_grant(6, 0x124, false);

    (void)state;
    table[reference].flags |= GTF_reading | GTF_writing;
    assert_true(gnttab_in_use(reference));
    assert_int_equal(gnttab_revoke(reference), -EBUSY);
    assert_int_equal(gnttab_end(reference), -EBUSY);
    gnttab_end_and_free(reference, &pages[1]);
    assert_int_equal(freed[1], 0);
    assert_int_equal(gnttab_quarantined(), 1);
    assert_int_equal(gnttab_held_by(5), 1);
    assert_int_equal(gnttab_held_by(6), 0);
    assert_int_equal(gnttab_used(), 1);
    /* All other references there are, and this is none of them. */
    for (unsigned int i = 0; gnttab_take() > 0; i++)
        assert_true(i < FRAMES * ENTRIES);
    assert_int_equal(table[reference].flags & GTF_permit_access, GTF_permit_access);
    for (int i = FIRST; i < (int)(FRAMES * ENTRIES); i++)
        if (i != reference && i != other)
            gnttab_release(i);

    assert_int_equal(fake_timer->deadline, SECONDS(1));
    run_timer();
    assert_int_equal(freed[1], 0);
    table[reference].flags &= (uint16_t)~GTF_writing; /* reads on */
    run_timer();
    assert_int_equal(freed[1], 0);
    table[reference].flags &= (uint16_t)~GTF_reading;
    run_timer();
    assert_int_equal(freed[1], 1);
    assert_null(fake_timer);
    assert_int_equal(gnttab_quarantined(), 0);
    assert_int_equal(gnttab_held_by(5), 0);
    assert_int_equal(gnttab_end(other), 0);
    assert_int_equal(gnttab_used(), 0);
}

static void each_is_let_go_by_itself(void **state)
{
    int references[3];

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        references[i] = gnttab_grant(7, i, false);
        table[references[i]].flags |= GTF_reading;
        freed[i] = 0;
        gnttab_end_and_free(references[i], &pages[i]);
    }
    assert_int_equal(gnttab_held_by(7), 3);
    table[references[1]].flags &= (uint16_t)~GTF_reading;
    run_timer();
    assert_int_equal(gnttab_held_by(7), 2);
    assert_int_equal(freed[0] + freed[2], 0);
    assert_int_equal(freed[1], 1);
    table[references[0]].flags = table[references[2]].flags = GTF_permit_access;
    run_timer();
    assert_int_equal(freed[0] + freed[2], 2);
    assert_int_equal(gnttab_held_by(7), 0);
    assert_null(fake_timer);
}

static void set_aside(int reference)
{
    table[reference].flags |= GTF_reading;
    gnttab_end_and_free(reference, NULL);
}

static void let_go(int reference)
{
    table[reference].flags &= (uint16_t)~GTF_reading;
}

/* One that is set aside costs the same among few references and among many. */
static void no_table_is_searched(void **state)
{
    int references[FRAMES * ENTRIES], count = 0;

    (void)state;
    while ((references[count] = gnttab_grant(7, 1, false)) > 0)
        count++;
    set_aside(references[count - 1]);
    steps();
    assert_int_equal(gnttab_held_by(7), 1);
    run_timer();
    assert_in_range(steps(), 1, 100);
    let_go(references[--count]);
    run_timer();
    while (count > 0)
        gnttab_end(references[--count]);
    assert_int_equal(gnttab_used(), 0);
}

/* Many are tried in turns, each second so many, and each of them gets its turn. */
static void many_are_tried_in_turns(void **state)
{
    int references[AT_ONCE + 1000];
    const int count = AT_ONCE + 1000;

    (void)state;
    for (int i = 0; i < count; i++) {
        references[i] = gnttab_grant(7, 1, false);
        set_aside(references[i]);
    }
    assert_int_equal(gnttab_held_by(7), count);
    let_go(references[count - 1]);
    run_timer();
    assert_int_equal(gnttab_quarantined(), count);
    run_timer();
    assert_int_equal(gnttab_quarantined(), count - 1);
    for (int i = 0; i < count - 1; i++)
        let_go(references[i]);
    run_timer();
    assert_int_equal(gnttab_quarantined(), count - 1 - AT_ONCE);
    run_timer();
    assert_int_equal(gnttab_quarantined(), 0);
    assert_null(fake_timer);
}

/* One after the other, each before the second is over: the clock of the first runs on. */
static void the_next_does_not_put_off_the_first(void **state)
{
    int first = gnttab_grant(7, 1, false), second = gnttab_grant(7, 2, false);

    (void)state;
    set_aside(first);
    fake_timer->deadline = 1;
    set_aside(second);
    assert_int_equal(fake_timer->deadline, 1);
    let_go(first);
    let_go(second);
    run_timer();
    assert_int_equal(gnttab_quarantined(), 0);
}

/* Of what the host allows, as much as there is room for in our own tables. */
static void the_limit_is_the_hosts(void **state)
{
    (void)state;
    host_frames = 64;
    assert_int_equal(gnttab_limit(), 64 * ENTRIES);
    host_frames = 1000000;
    assert_int_equal(gnttab_limit(), 256 * ENTRIES);
    host_status = GNTST_general_error; /* what is there now */
    assert_int_equal(gnttab_limit(), FRAMES * ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_that_is_let_go_is_free),
        cmocka_unit_test(a_page_that_is_kept_is_set_aside),
        cmocka_unit_test(each_is_let_go_by_itself),
        cmocka_unit_test(no_table_is_searched),
        cmocka_unit_test(many_are_tried_in_turns),
        cmocka_unit_test(the_next_does_not_put_off_the_first),
        cmocka_unit_test(the_limit_is_the_hosts),
    };

    return cmocka_run_group_tests_name("gnttab", tests, NULL, NULL);
}
