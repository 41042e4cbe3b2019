/* SPDX-License-Identifier: MIT */
// SRCS:
/*
 * The shared ring layer against a peer that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void (*before_read)(void);

#define RING_BEFORE_READ(ring) \
    do {                       \
        (void)(ring);          \
        if (before_read)       \
            before_read();     \
    } while (0)
#include "xen/bus/ring.h"

#define PAGE 4096u
#define SLOTS 256u
#define SLOT_SIZE 12u

static uint8_t *page;
static struct ring ring;

static struct ring_header *header(void)
{
    return (struct ring_header *)page;
}

static int setup(void **state)
{
    (void)state;
    page = aligned_alloc(PAGE, PAGE);
    memset(page, 0, PAGE);
    ring_init(&ring, page, PAGE, SLOT_SIZE);
    before_read = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(page);
    return 0;
}

/* Let the ring begin at any index, as it would after that many requests. */
static void start_at(uint32_t index)
{
    ring.produced = ring.published = ring.consumed = ring.available = index;
    header()->request_producer = header()->response_producer = index;
    header()->request_event = header()->response_event = index + 1;
}

static void produce(unsigned int count)
{
    while (count-- > 0)
        memset(ring_next_request(&ring), 0, SLOT_SIZE);
}

static void sizes_follow_the_abi(void **state)
{
    (void)state;
    assert_int_equal(ring_slots(PAGE, 112), 32);
    assert_int_equal(ring_slots(PAGE, 12), 256);
    assert_int_equal(ring_slots(PAGE, 8), 256);
    assert_int_equal(ring_slots(4 * PAGE, 112), 128);
    assert_int_equal(header()->request_event, 1);
    assert_int_equal(header()->response_event, 1);
}

static void publish_notifies_only_when_asked(void **state)
{
    (void)state;
    for (uint32_t start = UINT32_MAX - 300; start != 300; start++) {
        start_at(start);
        produce(4);
        header()->request_event = start + 3;
        assert_true(ring_publish(&ring));
        assert_int_equal(header()->request_producer, start + 4);
        assert_false(ring_publish(&ring));
        produce(1);
        assert_false(ring_publish(&ring));
        header()->request_event = start + 7;
        produce(1);
        assert_false(ring_publish(&ring));
        produce(1);
        assert_true(ring_publish(&ring));
    }
}

static void responses_come_out_in_order(void **state)
{
    uint8_t copy[SLOT_SIZE];

    (void)state;
    start_at(UINT32_MAX - 100);
    for (unsigned int round = 0; round < 1000; round++) {
        produce(3);
        ring_publish(&ring);
        for (uint32_t i = 0; i < 3; i++)
            page[64 + (ring.consumed + i) % SLOTS * SLOT_SIZE] = (uint8_t)(round + i);
        header()->response_producer += 3;
        assert_int_equal(ring_poll(&ring), 3);
        for (unsigned int i = 0; i < 3; i++) {
            ring_take(&ring, copy, sizeof(copy));
            assert_int_equal(copy[0], (uint8_t)(round + i));
        }
        assert_int_equal(ring_poll(&ring), 0);
        assert_int_equal(ring_space(&ring), SLOTS);
    }
}

static void producer_ahead_is_refused(void **state)
{
    (void)state;
    start_at(UINT32_MAX - 3);
    produce(6);
    ring_publish(&ring);
    produce(1); /* not shown to the peer: no answer to it can be true */
    header()->response_producer = ring.consumed + 7;
    assert_int_equal(ring_poll(&ring), -EPROTO);
    header()->response_producer = ring.consumed + 0x80000000u;
    assert_int_equal(ring_poll(&ring), -EPROTO);
    header()->response_producer = ring.consumed + 6;
    assert_int_equal(ring_poll(&ring), 6);
}

static void producer_backwards_is_refused(void **state)
{
    uint8_t copy[SLOT_SIZE];

    (void)state;
    start_at(2);
    produce(8);
    ring_publish(&ring);
    header()->response_producer = 6;
    assert_int_equal(ring_poll(&ring), 4);
    header()->response_producer = 5; /* behind what it said, though ahead of what we took */
    assert_int_equal(ring_poll(&ring), -EPROTO);
    header()->response_producer = 6;
    ring_take(&ring, copy, sizeof(copy));
    header()->response_producer = 2;
    assert_int_equal(ring_poll(&ring), -EPROTO);
}

static void arm_sees_what_came_meanwhile(void **state)
{
    (void)state;
    produce(4);
    ring_publish(&ring);
    assert_int_equal(ring_arm(&ring, 1), 0);
    assert_int_equal(header()->response_event, 1);
    header()->response_producer = 2;
    assert_int_equal(ring_arm(&ring, 3), 2);
    assert_int_equal(header()->response_event, 3);
}

/* A quiet ring asks for an event that no number of honest responses can reach. */
static void quiet_is_out_of_reach(void **state)
{
    (void)state;
    start_at(UINT32_MAX - 5);
    ring_quiet(&ring);
    produce(SLOTS);
    for (uint32_t responses = 1; responses <= SLOTS; responses++) {
        uint32_t before = ring.consumed, after = ring.consumed + responses;

        assert_false(after - header()->response_event < after - before);
    }
}

static uint32_t random_number(void)
{
    static uint64_t seed = 88172645463325252ull;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static void scribble(void)
{
    uint32_t *word = (uint32_t *)page + random_number() % (PAGE / 4);

    *word = random_number();
    switch (random_number() % 4) {
    case 0:
        header()->response_producer = ring.consumed + random_number() % (SLOTS + 8) - 4;
        break;
    case 1:
        header()->response_producer = random_number();
        break;
    case 2:
        header()->response_producer = ring.published;
        break;
    default:
        break;
    }
}

/*
 * Whatever the page holds at each read, the private indices stay in their order and no copy leaves
 * the page (ASan).
 */
static void invariants_hold_against_scribbling(void **state)
{
    uint8_t copy[SLOT_SIZE];

    (void)state;
    start_at(UINT32_MAX - 1000);
    before_read = scribble;
    for (unsigned int round = 0; round < 200000; round++) {
        unsigned int space = ring_space(&ring);
        int ready;

        produce(space > 0 ? random_number() % (space + 1) : 0);
        ring_publish(&ring);
        ready = random_number() % 2 ? ring_poll(&ring) : ring_arm(&ring, 1);
        assert_true(ready == -EPROTO || (ready >= 0 && (unsigned int)ready <= SLOTS));
        assert_true(ring_ready(&ring) <= ring.published - ring.consumed);
        assert_true(ring_outstanding(&ring) <= SLOTS);
        while (ring_ready(&ring) > 0 && random_number() % 8 != 0)
            ring_take(&ring, copy, sizeof(copy));
    }
    before_read = NULL;
}

static void what_we_wrote_is_not_read_back(void **state)
{
    (void)state;
    produce(5);
    ring_publish(&ring);
    header()->request_producer = 77;
    header()->response_event = 99;
    assert_int_equal(ring_outstanding(&ring), 5);
    produce(1);
    ring_publish(&ring);
    assert_int_equal(header()->request_producer, 6);
}

static void ids_are_handed_out_once(void **state)
{
    uint16_t next[8];
    struct ring_ids ids;

    (void)state;
    ring_ids_init(&ids, next, 8);
    assert_int_equal(ring_ids_take(&ids), -ENOSPC);
    for (unsigned int i = 8; i-- > 2;)
        ring_ids_add(&ids, i);
    for (int i = 2; i < 8; i++)
        assert_int_equal(ring_ids_take(&ids), i);
    assert_int_equal(ring_ids_take(&ids), -ENOSPC);
    assert_int_equal(ids.unused, 0);
    assert_true(ring_ids_pending(&ids, 5));
    ring_ids_withdraw(&ids, 5);
    assert_false(ring_ids_pending(&ids, 5));
    ring_ids_add(&ids, 5);
    assert_false(ring_ids_pending(&ids, 5)); /* answered twice */
    assert_false(ring_ids_pending(&ids, 0)); /* never there */
    assert_false(ring_ids_pending(&ids, 8));
    assert_false(ring_ids_pending(&ids, UINT64_MAX));
    assert_false(ring_ids_pending(&ids, (1ull << 32) + 3));
    assert_int_equal(ring_ids_take(&ids), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sizes_follow_the_abi, setup, teardown),
        cmocka_unit_test_setup_teardown(publish_notifies_only_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(responses_come_out_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(producer_ahead_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(producer_backwards_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(arm_sees_what_came_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(quiet_is_out_of_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(invariants_hold_against_scribbling, setup, teardown),
        cmocka_unit_test_setup_teardown(what_we_wrote_is_not_read_back, setup, teardown),
        cmocka_unit_test(ids_are_handed_out_once),
    };

    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
