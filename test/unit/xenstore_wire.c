/* SPDX-License-Identifier: MIT */
/*
 * Xenstore's wire format: honest traffic of all sizes, and an other side that changes the page
 * between any two accesses.
 */
// SRCS: xen/bus/xenstore_wire.c
// CFLAGS: -DRING_ACCESS_HOOK=ring_hook
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/bus/ring_access.h"
#include "../../xen/bus/xenstore_wire.h"

static struct xenstore_domain_interface ring;
static struct xenstore_wire wire;
static void (*hook)(void);

void ring_hook(void)
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
    memset(&ring, 0, sizeof(ring));
    return xenstore_wire_init(&wire, &ring);
}

/* Put bytes where the other side would; returns how many fitted. */
static uint32_t give(const void *bytes, uint32_t length)
{
    uint32_t i;

    for (i = 0; i < length && ring.rsp_prod - ring.rsp_cons < XENSTORE_RING_SIZE; i++)
        ring.rsp[MASK_XENSTORE_IDX(ring.rsp_prod++)] = ((const char *)bytes)[i];
    return i;
}

static void test_receive_all_sizes(void **state)
{
    static char bytes[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];

    (void)state;
    ring.rsp_cons = ring.rsp_prod = UINT32_MAX - 100; /* the indices wrap */
    assert_int_equal(xenstore_wire_init(&wire, &ring), 0);
    for (uint32_t size = 0; size <= XENSTORE_PAYLOAD_MAX; size += 1 + size / 16) {
        struct xsd_sockmsg header = { .type = XS_READ, .req_id = size, .len = size };
        uint32_t whole = (uint32_t)sizeof(header) + size, given = 0;
        bool complete = false;

        memcpy(bytes, &header, sizeof(header));
        memset(bytes + sizeof(header), (int)('a' + size % 26), size);
        while (!complete) {
            uint32_t piece = 1 + below(400);

            given += give(bytes + given, piece < whole - given ? piece : whole - given);
            assert_int_equal(xenstore_wire_poll(&wire), 0);
            complete = xenstore_wire_next(&wire);
            xenstore_wire_release(&wire);
        }
        assert_int_equal(given, whole);
        assert_memory_equal(&wire.message, bytes, whole);
        assert_int_equal(wire.message.payload[size], '\0');
        assert_false(xenstore_wire_next(&wire));
    }
}

static void test_send_wraps_and_fills(void **state)
{
    char text[700], seen[700];

    (void)state;
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    for (unsigned int round = 0; round < 20; round++) {
        size_t sent = xenstore_wire_send(&wire, text, sizeof(text));

        assert_int_equal(sent, sizeof(text));
        sent = xenstore_wire_send(&wire, text, sizeof(text));
        assert_int_equal(sent, XENSTORE_RING_SIZE - sizeof(text));
        assert_int_equal(xenstore_wire_send(&wire, text, sizeof(text)), 0);
        for (unsigned int i = 0; i < sizeof(seen); i++)
            seen[i] = ring.req[MASK_XENSTORE_IDX(ring.req_cons + i)];
        assert_memory_equal(seen, text, sizeof(text));
        ring.req_cons = ring.req_prod;
    }
    assert_null(wire.violation);
}

static void test_release_notifies_a_full_ring(void **state)
{
    static char bytes[XENSTORE_RING_SIZE];
    struct xsd_sockmsg header = { .type = XS_READ, .len = 2000 };

    (void)state;
    memcpy(bytes, &header, sizeof(header));
    assert_int_equal(give(bytes, 100), 100);
    assert_int_equal(xenstore_wire_poll(&wire), 0);
    assert_false(xenstore_wire_next(&wire));
    assert_false(xenstore_wire_release(&wire));
    assert_false(xenstore_wire_release(&wire));
    assert_int_equal(give(bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(xenstore_wire_poll(&wire), 0);
    assert_false(xenstore_wire_next(&wire));
    assert_true(xenstore_wire_release(&wire));
}

static void fill_after_poll(void)
{
    hook = NULL;
    while (ring.rsp_prod - ring.rsp_cons < XENSTORE_RING_SIZE)
        ring.rsp_prod++;
}

/*
 * The other side fills the ring up to our old index while we read, and goes to sleep: it must be
 * woken.
 */
static void test_release_sees_a_ring_filled_meanwhile(void **state)
{
    struct xsd_sockmsg header = { .type = XS_READ, .len = 4000 };

    (void)state;
    give(&header, sizeof(header));
    assert_int_equal(xenstore_wire_poll(&wire), 0);
    assert_false(xenstore_wire_next(&wire));
    hook = fill_after_poll;
    assert_true(xenstore_wire_release(&wire));
}

static void test_bad_indices(void **state)
{
    (void)state;
    ring.rsp_prod = XENSTORE_RING_SIZE + 1;
    assert_int_equal(xenstore_wire_poll(&wire), -EIO);
    assert_non_null(wire.violation);
    assert_int_equal(xenstore_wire_send(&wire, "x", 1), 0);
    assert_false(xenstore_wire_next(&wire));

    reset(NULL);
    give("12345678", 8);
    assert_int_equal(xenstore_wire_poll(&wire), 0);
    ring.rsp_prod = 4; /* nothing was read yet: it went back */
    assert_int_equal(xenstore_wire_poll(&wire), -EIO);

    reset(NULL);
    ring.req_cons = 1;
    assert_int_equal(xenstore_wire_send(&wire, "x", 1), 0);
    assert_non_null(wire.violation);

    reset(NULL);
    xenstore_wire_send(&wire, "xyz", 3);
    ring.req_cons = 2;
    xenstore_wire_send(&wire, "xyz", 3);
    ring.req_cons = 1;
    assert_int_equal(xenstore_wire_send(&wire, "x", 1), 0);
    assert_non_null(wire.violation);

    ring.req_prod = 5000;
    assert_int_equal(xenstore_wire_init(&wire, &ring), -EIO);
}

static void test_message_too_long(void **state)
{
    struct xsd_sockmsg header = { .type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1 };

    (void)state;
    give(&header, sizeof(header));
    assert_int_equal(xenstore_wire_poll(&wire), 0);
    assert_false(xenstore_wire_next(&wire));
    assert_string_equal(wire.violation, "message too long");
}

/* What we wrote into the page must not be read back. */
static void scribble_on_our_indices(void)
{
    if (below(4) == 0)
        ring.req_prod = (uint32_t)random();
    if (below(4) == 0)
        ring.rsp_cons = (uint32_t)random();
}

static void test_our_indices_are_private(void **state)
{
    struct xsd_sockmsg header = { .type = XS_READ, .len = 4 };
    char bytes[20];

    (void)state;
    memcpy(bytes, &header, 16);
    memcpy(bytes + 16, "abcd", 4);
    hook = scribble_on_our_indices;
    for (unsigned int round = 0; round < 5000; round++) {
        ring.rsp_cons = ring.rsp_prod;
        give(bytes, sizeof(bytes));
        assert_int_equal(xenstore_wire_poll(&wire), 0);
        assert_true(xenstore_wire_next(&wire));
        assert_memory_equal(wire.message.payload, "abcd", 5);
        xenstore_wire_release(&wire);
        assert_int_equal(xenstore_wire_send(&wire, bytes, sizeof(bytes)), sizeof(bytes));
        ring.req_cons += sizeof(bytes);
    }
}

/*
 * Anything may change at any access: bytes, headers and indices, mostly a little, so that long
 * runs stay sound.
 */
static void mutate(void)
{
    if (below(3) == 0)
        ring.rsp[below(XENSTORE_RING_SIZE)] = (char)random();
    if (below(3) == 0)
        ring.rsp_prod += below(200);
    if (below(3) == 0)
        ring.req_cons += below(3);
    if (below(400) == 0)
        ring.rsp_prod = (uint32_t)random();
    if (below(400) == 0)
        ring.req_cons = (uint32_t)random();
}

static void plausible_bytes(void)
{
    for (unsigned int i = 0; i < XENSTORE_RING_SIZE; i += 16) {
        struct xsd_sockmsg header = { .type = below(24), .req_id = below(8), .len = below(90) };

        memcpy(ring.rsp + i, &header, sizeof(header));
    }
}

static void test_mutated_rings(void **state)
{
    unsigned int messages = 0, violations = 0;

    for (unsigned int round = 0; round < 20000; round++) {
        reset(state);
        srandom(round);
        plausible_bytes();
        hook = mutate;
        for (unsigned int turn = 0; turn < 40 && wire.violation == NULL; turn++) {
            uint32_t before = wire.response_consumer;
            uint32_t token;

            xenstore_wire_send(&wire, "some bytes of a request", 23);
            xenstore_wire_poll(&wire);
            while (xenstore_wire_next(&wire)) {
                const struct xenstore_message *message = &wire.message;

                assert_true(message->header.len <= XENSTORE_PAYLOAD_MAX);
                assert_int_equal(message->payload[message->header.len], '\0');
                xenstore_parse_watch_event(message->payload, message->header.len, &token);
                xenstore_parse_error(message->payload, message->header.len);
                messages++;
            }
            xenstore_wire_release(&wire);
            assert_true(wire.response_consumer - before <= XENSTORE_RING_SIZE);
            assert_true(wire.request_producer - wire.request_consumer <= XENSTORE_RING_SIZE);
            assert_true(wire.received <= sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX);
        }
        violations += wire.violation != NULL;
    }
    assert_true(messages > 1000);
    assert_true(violations > 1000);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t number;
    } cases[] = {
        { "0", 0, 0 },
        { "42", 0, 42 },
        { "007", 0, 7 },
        { "18446744073709551615", 0, UINT64_MAX },
        { "18446744073709551616", -ERANGE, 0 },
        { "99999999999999999999999", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { "+1", -EINVAL, 0 },
        { " 1", -EINVAL, 0 },
        { "1 ", -EINVAL, 0 },
        { "0x10", -EINVAL, 0 },
        { "1\n", -EINVAL, 0 },
        { "one", -EINVAL, 0 },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t number = 0;

        int result = xenstore_parse_number(cases[i].text, strlen(cases[i].text), &number);

        assert_int_equal(result, cases[i].result);
        assert_int_equal(number, cases[i].number);
    }
    uint64_t number;
    assert_int_equal(xenstore_parse_number("12\0", 3, &number), 0);
    assert_int_equal(xenstore_parse_number("1\0"
                                           "2",
                                           3, &number),
                     -EINVAL);
    assert_int_equal(xenstore_parse_number("\0", 1, &number), -EINVAL);
}

static void test_error_names(void **state)
{
    (void)state;
    assert_int_equal(xenstore_parse_error("ENOENT", 7), -ENOENT);
    assert_int_equal(xenstore_parse_error("EAGAIN", 7), -EAGAIN);
    assert_int_equal(xenstore_parse_error("ENOENT", 6), -EIO); /* not terminated */
    assert_int_equal(xenstore_parse_error("EWHAT", 6), -EIO);
    assert_int_equal(xenstore_parse_error("", 0), -EIO);
}

static void test_watch_events(void **state)
{
    uint32_t token = 0;

    (void)state;
    assert_int_equal(xenstore_parse_watch_event("a/b\0"
                                                "17",
                                                7, &token),
                     0);
    assert_int_equal(token, 17);
    assert_int_equal(xenstore_parse_watch_event("a/b\0"
                                                "17",
                                                6, &token),
                     -EINVAL);
    assert_int_equal(xenstore_parse_watch_event("a/b", 4, &token), -EINVAL);
    assert_int_equal(xenstore_parse_watch_event("\0"
                                                "17",
                                                4, &token),
                     -EINVAL);
    assert_int_equal(xenstore_parse_watch_event("a\0"
                                                "1\0"
                                                "2",
                                                6, &token),
                     -EINVAL);
    assert_int_equal(xenstore_parse_watch_event("a\0"
                                                "4294967296",
                                                13, &token),
                     -EINVAL);
    assert_int_equal(xenstore_parse_watch_event("", 0, &token), -EINVAL);
}

static void test_strings(void **state)
{
    (void)state;
    assert_int_equal(xenstore_count_strings("", 0), 0);
    assert_int_equal(xenstore_count_strings("a\0bc", 5), 2);
    assert_int_equal(xenstore_count_strings("a\0bc", 4), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_receive_all_sizes, reset),
        cmocka_unit_test_setup(test_send_wraps_and_fills, reset),
        cmocka_unit_test_setup(test_release_notifies_a_full_ring, reset),
        cmocka_unit_test_setup(test_release_sees_a_ring_filled_meanwhile, reset),
        cmocka_unit_test_setup(test_bad_indices, reset),
        cmocka_unit_test_setup(test_message_too_long, reset),
        cmocka_unit_test_setup(test_our_indices_are_private, reset),
        cmocka_unit_test_setup(test_mutated_rings, reset),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_watch_events),
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
