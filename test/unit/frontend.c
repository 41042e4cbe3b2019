/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_FRONTEND) $(DRIVER_FAKES)
// CFLAGS: -Wl,--wrap=evtchn_close
/*
 * What a backend that never lets go of a page can cost: a part of memory, or of the grant references
 * where there are fewer of these, and then it gets no more.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "xen/bus/frontend.h"
#include "xen/bus/gnttab.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

static void kept_pages_are_bounded(size_t memory_pages, unsigned int references)
{
    unsigned int rings = 0;
    void *memory;
    int reference;

    fake_memory = memory_pages;
    fake_grant_limit = references;
    fake_backend_holds = true;
    while (frontend_ring_alloc(3, &memory, &reference) == 0) {
        CHECK(++rings < 1000);
        frontend_ring_free(&memory, &reference);
        CHECK(memory == NULL);
    }
    CHECK(rings == 161);
    CHECK(frontend_ring_alloc(3, &memory, &reference) == -EBUSY && memory == NULL);
    CHECK(fake_pages == rings && gnttab_used() == 0);
    fake_release_held();
    CHECK(frontend_ring_alloc(3, &memory, &reference) == 0);
    frontend_ring_free(&memory, &reference);
    CHECK(fake_pages == 0 && gnttab_used() == 0);
}

static void little_memory(void)
{
    kept_pages_are_bounded(160 * FRONTEND_HELD_SHARE, 1u << 20);
}

static void few_references(void)
{
    kept_pages_are_bounded(1u << 20, 160 * FRONTEND_HELD_SHARE);
}

static void test_kept_pages_are_bounded(void **state)
{
    (void)state;
    fake_isolated(little_memory);
    fake_isolated(few_references);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_pages_are_bounded),
    };

    return cmocka_run_group_tests_name("frontend", tests, NULL, NULL);
}
