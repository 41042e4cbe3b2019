/* SPDX-License-Identifier: MIT */
// SRCS: xen/bus/gnttab.c test/unit/fake_timer.c
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
#include "xen/bus/gnttab.h"

#define PAGES 4u
#define FIRST 8 /* references below are the toolstack's */
#define ENTRIES (PAGE_SIZE / sizeof(grant_entry_v1_t)) /* of a frame; there are two */

static grant_entry_v1_t table[2 * ENTRIES];
static char pages[PAGES]; /* addresses are all that counts */
static unsigned int freed[PAGES];

const uint64_t *platform_p2m;

static int map_grant_frame(unsigned int index, void **address)
{
    if (index >= 2)
        return -ENOSPC;
    *address = &table[index * ENTRIES];
    return 0;
}

static const struct platform fake_platform = { .map_grant_frame = map_grant_frame };
const struct platform *platform = &fake_platform;

void pages_free(void *block, unsigned int order)
{
    assert_int_equal(order, 0);
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
        assert_true(i < 2 * PAGE_SIZE);
    assert_int_equal(table[reference].flags & GTF_permit_access, GTF_permit_access);
    for (int i = FIRST; i < 2 * (int)ENTRIES; i++)
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

/* Of what the host allows, as much as there is room for in our own tables. */
static void the_limit_is_the_hosts(void **state)
{
    (void)state;
    host_frames = 64;
    assert_int_equal(gnttab_limit(), 64 * ENTRIES);
    host_frames = 1000000;
    assert_int_equal(gnttab_limit(), 256 * ENTRIES);
    host_status = GNTST_general_error; /* what is there now */
    assert_int_equal(gnttab_limit(), 2 * ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_that_is_let_go_is_free),
        cmocka_unit_test(a_page_that_is_kept_is_set_aside),
        cmocka_unit_test(each_is_let_go_by_itself),
        cmocka_unit_test(the_limit_is_the_hosts),
    };

    return cmocka_run_group_tests_name("gnttab", tests, NULL, NULL);
}
