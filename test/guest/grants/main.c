/* SPDX-License-Identifier: MIT */
/*
 * Grant references and event channels are taken until there are none, given back, and taken again.
 */
#include <errno.h>
#include <stdlib.h>

#include "../check.h"

#define MOST_REFERENCES 200000

static int references[MOST_REFERENCES];

static unsigned int take_all(void)
{
    unsigned int count = 0;
    int reference;

    while (count < MOST_REFERENCES && (reference = gnttab_take()) > 0)
        references[count++] = reference;
    CHECK(count < MOST_REFERENCES && gnttab_take() == -ENOSPC);
    return count;
}

static void test_references(void)
{
    unsigned int first, second;

    first = take_all();
    printf("%u grant references\n", first);
    CHECK(gnttab_used() >= first);
    CHECK(gnttab_grant(0, 0x10, true) == -ENOSPC);
    for (unsigned int i = 0; i < first; i++)
        gnttab_release(references[i]);
    second = take_all();
    CHECK(second == first);
    for (unsigned int i = 0; i < second; i++)
        gnttab_release(references[i]);
}

static void test_grant(void)
{
    void *page = page_alloc_zeroed();
    int reference = gnttab_grant(0, page_frame(page), false);

    CHECK(reference > 0);
    CHECK(!gnttab_in_use(reference));
    CHECK(gnttab_revoke(reference) == 0);
    gnttab_grant_at(reference, 0, page_frame(page), true);
    gnttab_end_and_free(reference, page);
    CHECK(gnttab_quarantined() == 0);
}

static void never(void *argument)
{
    (void)argument;
    CHECK(!"an event on a port that nobody knows");
}

static void test_ports(void)
{
    static int ports[EVTCHN_MAX];
    unsigned int count = 0;
    int port;

    while (count < EVTCHN_MAX && (port = evtchn_alloc_unbound(0, never, NULL)) > 0)
        ports[count++] = port;
    /* xl gives a domain 1,023, unless its cfg says otherwise. */
    CHECK(count > 900 && evtchn_alloc_unbound(0, never, NULL) < 0);
    printf("%u event channels beside the system's own\n", count);
    while (count > 0)
        evtchn_close(ports[--count]);
    CHECK(evtchn_bind_interdomain(0, 4095, never, NULL) < 0);
    CHECK(evtchn_bind_virq(9999, never, NULL) < 0);
}

int main(void)
{
    struct check_usage before;

    printf("starting\n"); /* stdio takes its buffer */
    free(malloc(600000)); /* let the heap take its pages for the tables of references */
    take_all();
    for (unsigned int i = 0; references[i]; i++)
        gnttab_release(references[i]);
    before = check_usage_now();
    test_references();
    test_grant();
    test_ports();
    check_usage_same(&before, 0);
    return check_verdict();
}
