/* SPDX-License-Identifier: MIT */
/*
 * What guest tests share: checks that go on after a failure, one verdict at the end, and the count
 * of what is in use, before and after.
 */
#ifndef TEST_GUEST_CHECK_H
#define TEST_GUEST_CHECK_H

#include <stdint.h>
#include <stdio.h>

#include "lib/mm/paging.h"
#include "lib/mm/memory_pressure.h"
#include "lib/mm/pages.h"
#include "lib/sched/sched.h"
#include "xen/evtchn.h"
#include "xen/bus/gnttab.h"
#include "xen/bus/xenstore.h"

static unsigned int check_failures;

#define CHECK(condition)                                                         \
    do {                                                                         \
        if (!(condition)) {                                                      \
            printf("check failed: %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            check_failures++;                                                    \
        }                                                                        \
    } while (0)

/*
 * What main() returns: 0, so that the domain powers off, or 1, which makes it crash. The line is
 * what run.sh waits for.
 */
static inline int check_verdict(void)
{
    if (check_failures == 0)
        printf("verdict: all checks passed\n");
    else
        printf("verdict: %u checks failed\n", check_failures);
    return check_failures ? 1 : 0;
}

struct check_usage {
    size_t pages;
    unsigned int grants, quarantined, ports, threads, watches, requests;
};

/*
 * What caches keep goes first, and a block comes before the count: the first one under PVH takes a
 * port for its timer. The kernel's own threads may just be asking xenstore something: they finish,
 * if they can.
 */
static inline struct check_usage check_usage_now(void)
{
    memory_pressure_release(SIZE_MAX);
    thread_sleep_until(deadline_after(MILLISECONDS(1)));
    for (int turn = 0; turn < 500 && xenstore_requests_in_flight() > 0; turn++)
        thread_sleep_until(deadline_after(MILLISECONDS(10)));
    return (struct check_usage){
        .pages = pages_total() - pages_unused() - paging_direct_tables(),
        .grants = gnttab_used(),
        .quarantined = gnttab_quarantined(),
        .ports = evtchn_in_use(),
        .threads = thread_count(),
        .watches = xenstore_watches(),
        .requests = xenstore_requests_in_flight(),
    };
}

/*
 * Nothing may be in use `now` that was not before; `heap` pages more are allowed, for what malloc
 * keeps.
 */
static inline void check_usage_compare(const struct check_usage *before, struct check_usage now,
                                       size_t heap)
{
    printf("in use: %zu pages (before: %zu), %u grants (%u), %u ports (%u), %u threads (%u)\n",
           now.pages, before->pages, now.grants, before->grants, now.ports, before->ports,
           now.threads, before->threads);
    CHECK(now.pages <= before->pages + heap);
    CHECK(now.grants == before->grants);
    CHECK(now.quarantined == before->quarantined);
    CHECK(now.ports == before->ports);
    CHECK(now.threads == before->threads);
    CHECK(now.watches == before->watches);
    CHECK(now.requests == before->requests);
}

static inline void check_usage_same(const struct check_usage *before, size_t heap)
{
    check_usage_compare(before, check_usage_now(), heap);
}

#endif
