/* SPDX-License-Identifier: MIT */
/*
 * The console's ring: text and input across the wrap, and an other side that changes the page
 * between any two accesses.
 */
// SRCS: xen/bus/console_ring.c
// CFLAGS: -DRING_ACCESS_HOOK=ring_access_hook
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/bus/console_ring.h"
#include "../../xen/bus/ring_access.h"

static struct xencons_interface page;
static struct console_ring ring;
static void (*hook)(void);

void ring_access_hook(void)
{
    if (hook != NULL)
        hook();
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)random() % n;
}

static int reset(void **state)
{
    (void)state;
    hook = NULL;
    srandom(1);
    memset(&page, 0, sizeof(page));
    return console_ring_init(&ring, &page);
}

/* Read as the other side does: the bytes taken. */
static size_t drain(char *target)
{
    size_t length = 0;

    while (page.out_cons != page.out_prod)
        target[length++] = page.out[page.out_cons++ % sizeof(page.out)];
    return length;
}

static void test_text(void **state)
{
    char seen[sizeof(page.out)];

    (void)state;
    page.out_cons = page.out_prod = UINT32_MAX - 4; /* the indices wrap */
    assert_int_equal(console_ring_init(&ring, &page), 0);
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(console_ring_write(&ring, "one\ntwo\n", 8), 8);
        assert_int_equal(console_ring_unread(&ring), 10);
        assert_int_equal(drain(seen), 10);
        assert_memory_equal(seen, "one\r\ntwo\r\n", 10);
        assert_int_equal(console_ring_unread(&ring), 0);
    }
}

static void test_full(void **state)
{
    static char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(console_ring_write(&ring, text, 2047), 2047);
    assert_int_equal(console_ring_write(&ring, "\n", 1), 0); /* needs two bytes */
    assert_int_equal(console_ring_write(&ring, "yz", 2), 1);
    assert_int_equal(console_ring_write(&ring, "z", 1), 0);
    assert_false(ring.output_broken);
    page.out_cons = 1000;
    assert_int_equal(console_ring_write(&ring, text, sizeof(text)), 1000);
}

static void test_input(void **state)
{
    char buffer[2000];

    (void)state;
    assert_false(console_ring_readable(&ring));
    memcpy(page.in, "ls\r\nx", 5);
    page.in_prod = 5;
    assert_true(console_ring_readable(&ring));
    assert_int_equal(console_ring_read(&ring, buffer, 2), 2);
    assert_int_equal(console_ring_read(&ring, buffer + 2, 100), 3);
    assert_memory_equal(buffer, "ls\n\nx", 5);
    assert_int_equal(page.in_cons, 5);
    assert_int_equal(console_ring_read(&ring, buffer, 100), 0);
    page.in_prod += 1024;
    assert_int_equal(console_ring_read(&ring, buffer, sizeof(buffer)), 1024);
}

static void test_bad_indices(void **state)
{
    char buffer[8];

    (void)state;
    page.out_cons = 1; /* nothing was written */
    assert_int_equal(console_ring_write(&ring, "x", 1), 0);
    assert_true(ring.output_broken && !ring.input_broken);
    page.out_cons = 0; /* once broken, for good */
    assert_int_equal(console_ring_write(&ring, "x", 1), 0);
    assert_int_equal(console_ring_unread(&ring), 0);

    reset(NULL);
    console_ring_write(&ring, "abcdef", 6);
    page.out_cons = 4;
    assert_int_equal(console_ring_unread(&ring), 2);
    page.out_cons = 3; /* back */
    assert_int_equal(console_ring_unread(&ring), 0);
    assert_true(ring.output_broken);

    reset(NULL);
    page.in_prod = 1025;
    assert_false(console_ring_readable(&ring));
    assert_int_equal(console_ring_read(&ring, buffer, sizeof(buffer)), 0);
    assert_true(ring.input_broken && !ring.output_broken);

    reset(NULL);
    page.in_prod = 10;
    assert_int_equal(console_ring_read(&ring, buffer, 4), 4);
    page.in_prod = 7; /* back, although beyond what was read */
    assert_false(console_ring_readable(&ring));
    assert_true(ring.input_broken);

    page.out_prod = 5000;
    assert_int_equal(console_ring_init(&ring, &page), -EIO);
    assert_int_equal(console_ring_write(&ring, "x", 1), 0);
}

static void mutate(void)
{
    page.in[below(1024)] = (char)random();
    page.out_prod = (uint32_t)random(); /* ours: never read back */
    page.in_cons = (uint32_t)random();
    if (below(3) == 0)
        page.out_cons += below(40);
    if (below(3) == 0)
        page.in_prod += below(40);
    if (below(200) == 0)
        page.out_cons = (uint32_t)random();
    if (below(200) == 0)
        page.in_prod = (uint32_t)random();
}

static void test_mutated(void **state)
{
    unsigned int broken = 0;

    for (unsigned int seed = 0; seed < 20000; seed++) {
        char buffer[64];

        reset(state);
        srandom(seed);
        hook = mutate;
        for (unsigned int turn = 0; turn < 60; turn++) {
            assert_true(console_ring_write(&ring, "some text\n", 10) <= 10);
            assert_true(console_ring_read(&ring, buffer, sizeof(buffer)) <= sizeof(buffer));
            assert_true(ring.output_producer - ring.output_consumer <= sizeof(page.out));
            assert_true(ring.input_producer - ring.input_consumer <= sizeof(page.in));
        }
        broken += ring.input_broken && ring.output_broken;
    }
    assert_true(broken > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_text, reset),
        cmocka_unit_test_setup(test_full, reset),
        cmocka_unit_test_setup(test_input, reset),
        cmocka_unit_test_setup(test_bad_indices, reset),
        cmocka_unit_test_setup(test_mutated, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
