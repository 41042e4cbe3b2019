/* SPDX-License-Identifier: MIT */
// SRCS: xen/frontend.c xen/frontend_port.c $(DRIVER_FAKES)
// CFLAGS: -Wl,--wrap=evtchn_close
/*
 * What a backend that never lets go of a page can cost: a part of memory, and then it gets no more.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "xen/frontend.h"
#include "xen/gnttab.h"
#include "xen_driver_fakes.h"
#include "xen_fakes.h"

static void kept_pages_are_bounded(void)
{
    unsigned int rings = 0;
    void *memory;
    int reference;

    fake_memory = 160 * FRONTEND_HELD_SHARE;
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

static void test_kept_pages_are_bounded(void **state)
{
    (void)state;
    fake_isolated(kept_pages_are_bounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_pages_are_bounded),
    };

    return cmocka_run_group_tests_name("frontend", tests, NULL, NULL);
}
