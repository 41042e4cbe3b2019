/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_NETFRONT) $(DRIVER_FAKES) test/unit/fake_netback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * Groups that netfront asks its backend for: told, taken back, told anew to another backend, and
 * given up when there are too many.
 */
#include "netfront_user.h"

#define MANY (NETFRONT_GROUPS + 6)

static uint8_t frame[2048];

static const uint8_t *group(unsigned int number)
{
    static uint8_t mac[6] = { 0x33, 0x33, 0, 0, 1, 0 };

    mac[5] = (uint8_t)number;
    return mac;
}

static void want(unsigned int number, bool wanted)
{
    nic->operations->filter(nic, group(number), wanted);
}

static void want_the_first(void)
{
    want(0, true);
}

static void bring_up_with_one(void)
{
    when_added = want_the_first;
    bring_up();
    fake_netback_listen();
    CHECK(fake_netback_listed(group(0)) == 1 && fake_netback.groups == 1);
}

/* What xenstore says: the backend is asked to filter, or not any more (0), or never was (-1). */
static int requested(void)
{
    uint64_t value;

    if (xenstore_read_number(XENSTORE_NONE, device.node, "request-multicast-control", 0, 1,
                             &value) != 0)
        return -1;
    return (int)value;
}

/* The call that the driver has asked xenbus for. */
static void again(void)
{
    CHECK(fake_again == 1);
    fake_again = 0;
    netfront_driver.backend_again(&device);
}

static const struct netfront_multicast *multicast(void)
{
    return &netfront_of(nic)->multicast;
}

static void told_and_taken_back(void)
{
    bring_up_with_one();
    CHECK(requested() == 1 && fake_again == 0 && fake_netback.words == 1);
    want(1, true);
    want(1, true);
    fake_netback_listen();
    CHECK(fake_netback_listed(group(1)) == 1 && fake_netback.words == 2);
    want(1, false);
    fake_netback_listen();
    CHECK(fake_netback_listed(group(1)) == 1 && fake_netback.words == 2);
    want(1, false);
    fake_netback_listen();
    CHECK(fake_netback_listed(group(1)) == 0 && fake_netback.words == 3);
    want(1, false); /* one that nobody has asked for */
    CHECK(!multicast()->unsettled && multicast()->excess == 0);
    CHECK(netfront_multicast_groups(netfront_of(nic)) == 1);
    detach();
}

/* The request is made when the list is on its way, and the backend hears of it by itself. */
static void no_request_without_a_list(void)
{
    uint32_t sent;

    when_added = want_the_first;
    bring_up();
    sent = fake_netback_transmit_ring()->req_prod;
    CHECK(requested() == 1 && sent == 2);
    fake_netback_listen();
    detach();
}

static void nobody_asks(void)
{
    bring_up();
    CHECK(requested() == -1 && fake_netback_transmit_ring()->req_prod == 0);
    want(3, true); /* late */
    CHECK(requested() == -1 && fake_netback_transmit_ring()->req_prod == 0);
    again();
    fake_netback_listen();
    CHECK(requested() == 1 && fake_netback_listed(group(3)) == 1);
    detach();
}

/* A backend that could not be told to stop is not asked to begin. */
static void not_offered(void)
{
    when_added = want_the_first;
    for (unsigned int both = 0; both < 2; both++) {
        bring_up();
        fake_backend_state(&device, XenbusStateClosed);
        fake_backend_node(&device, "feature-dynamic-multicast-control", "0");
        fake_backend_node(&device, "feature-multicast-control", both ? "1" : "0");
        bring_up();
        want(1, true);
        want(0, false);
        CHECK(requested() == 0 && fake_again == 0);
        CHECK(fake_netback_transmit_ring()->req_prod == 0);
        fake_backend_node(&device, "feature-dynamic-multicast-control", "1");
        bring_up();
        fake_netback_listen();
        CHECK(requested() == 1 && fake_netback.groups == 1 && fake_netback_listed(group(1)) == 1);
        detach();
    }
}

/* Behind the connection, with the old backend's list or an empty one; seen by the driver or not. */
static void backend_restarts(void)
{
    bring_up_with_one();
    for (unsigned int i = 0; i < 4; i++) {
        want(1 + i, true);
        fake_netback_listen();
        want(10 + i, true); /* not taken by the old one */
        if (i & 1)
            fake_netback_restart();
        if (i & 2) {
            fake_backend_state(&device, XenbusStateInitWait);
            CHECK(nic->link_up && device.state == XenbusStateConnected);
            fake_backend_state(&device, XenbusStateConnected);
        } else {
            netfront_driver.backend_again(&device);
        }
        want(10 + i, false);
        fake_netback_listen();
        CHECK(fake_netback.groups == 2 + i && requested() == 1);
        for (unsigned int number = 0; number < 2 + i; number++)
            CHECK(fake_netback_listed(group(number)) == 1);
    }
    detach();
}

static void connected_anew(void)
{
    bring_up_with_one();
    want(1, true);
    fake_netback_listen();
    bring_up();
    CHECK(requested() == 1);
    fake_netback_listen();
    CHECK(fake_netback.groups == 2 && fake_netback.words == 2);
    netfront_driver.resume(&device);
    nothing_left();
    want(1, false);
    want(2, true);
    meet_backend();
    fake_netback_listen();
    CHECK(fake_netback.groups == 2 && fake_netback.words == 2 && requested() == 1);
    CHECK(fake_netback_listed(group(0)) == 1 && fake_netback_listed(group(2)) == 1);
    detach();
}

/* In the moment in which the backend looks, the filter is off, whatever was asked for before. */
static void off_while_connecting(void)
{
    bring_up_with_one();
    fake_backend_state(&device, XenbusStateClosed);
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateConnected && requested() == 0);
    detach();
}

static void no_room_at_the_backend(void)
{
    bring_up_with_one();
    fake_netback_room = 3;
    for (unsigned int i = 1; i < 5; i++)
        want(i, true);
    CHECK(requested() == 1);
    fake_netback_listen();
    again();
    CHECK(requested() == 0 && !multicast()->unsettled && !netfront_of(nic)->broken);
    CHECK(netfront_multicast_groups(netfront_of(nic)) == 0);
    want(5, true);
    want(4, false);
    fake_netback_listen();
    CHECK(fake_netback.groups == 3 && fake_again == 0);
    netfront_driver.backend_again(&device); /* no new attempt on this connection */
    CHECK(requested() == 0);
    fake_netback_room = FAKE_NETBACK_GROUPS;
    bring_up();
    fake_netback_listen();
    CHECK(requested() == 1 && fake_netback.groups == 5);
    detach();
}

static void no_room_here(void)
{
    bring_up_with_one();
    for (unsigned int i = 1; i < MANY; i++)
        want(i, true);
    again();
    fake_netback_listen();
    CHECK(requested() == 0 && fake_again == 0);
    bring_up(); /* too many from the beginning */
    CHECK(requested() == 0 && fake_netback_transmit_ring()->req_prod == 0);
    for (unsigned int i = 0; i < MANY; i += 2) /* whoever has an entry and who has not */
        want(i, false);
    CHECK(multicast()->excess <= MANY - NETFRONT_GROUPS);
    for (unsigned int i = MANY - 5; i < MANY; i += 2)
        want(i, false);
    CHECK(multicast()->excess == 0);
    bring_up();
    fake_netback_listen();
    CHECK(requested() == 1 && fake_netback.groups == MANY / 2 - 3);
    detach();
}

static void ring_is_full(void)
{
    unsigned int flags, sent = 0;

    bring_up_with_one();
    while (send(frame, 60, false) == 0)
        sent++;
    CHECK(sent == 256);
    want(1, true);
    want(0, false);
    CHECK(ring_outstanding(&netfront_of(nic)->queue[0]->transmit.ring) == 256);
    writable = 0;
    while (fake_netback_take(frame, sizeof(frame), &flags) > 0)
        ;
    fake_netback_complete(fake_netback.held);
    thread_yield();
    CHECK(writable == 1);
    fake_netback_listen();
    CHECK(fake_netback.groups == 1 && fake_netback_listed(group(1)) == 1);
    detach();
}

/* However often they come and go, an idle backend's ring holds one word about each. */
static void words_are_few(void)
{
    bring_up_with_one();
    for (unsigned int i = 0; i < 1001; i++)
        for (unsigned int number = 1; number < 4; number++)
            want(number, i % 2 == 0);
    CHECK(ring_outstanding(&netfront_of(nic)->queue[0]->transmit.ring) == 6);
    fake_netback_listen();
    CHECK(fake_netback.groups == 4);
    detach();
}

/* Answers come while frames are sent, by whoever looks for room: nothing is left untold. */
static void answers_beside_frames(void)
{
    unsigned int flags;

    bring_up_with_one();
    for (unsigned int round = 0; round < 200; round++) {
        want(1 + fake_random(40), fake_random(2));
        for (unsigned int i = fake_random(300); i > 0; i--)
            send(frame, 60, false);
        nic->operations->kick(nic);
        for (unsigned int i = fake_random(100); i > 0; i--)
            fake_netback_take(frame, sizeof(frame), &flags);
        fake_netback_complete(fake_netback.held > 0 ? fake_random(fake_netback.held) : 0);
        thread_yield();
        CHECK(!netfront_of(nic)->broken);
    }
    while (fake_netback_take(frame, sizeof(frame), &flags) > 0)
        ;
    fake_netback_listen();
    CHECK(!multicast()->unsettled && multicast()->excess == 0 && fake_again == 0);
    for (unsigned int i = 0; i < NETFRONT_GROUPS; i++)
        CHECK(fake_netback_listed(multicast()->group[i].mac) == (multicast()->group[i].users > 0));
    CHECK(netfront_multicast_groups(netfront_of(nic)) == fake_netback.groups);
    detach();
}

static void answer(unsigned int id, int status)
{
    fake_netback_complete_raw((struct netif_tx_response){ (uint16_t)id, (int16_t)status });
}

/* Nothing was said about this group, it is none, the answer comes twice, or another in its place. */
static void lies_about_groups(void)
{
    for (unsigned int lie = 0; lie < 5; lie++) {
        fake_log_lines = 0;
        bring_up_with_one();
        want(1, true);
        answer(lie == 4 ? 5
                        : NETFRONT_BUFFERS + (lie == 0   ? 2
                                              : lie == 1 ? NETFRONT_GROUPS
                                                         : 1),
               NETIF_RSP_OKAY);
        answer(lie == 2 ? NETFRONT_BUFFERS + 1 : 0, lie == 2 ? NETIF_RSP_OKAY : NETIF_RSP_NULL);
        if (lie == 3)
            answer(0, NETIF_RSP_NULL);
        fake_netback_push_transmit();
        thread_yield();
        CHECK(netfront_of(nic)->broken && !nic->link_up);
        want(2, true);
        want(0, false);
        CHECK(fake_again == 0);
        fake_backend_state(&device, XenbusStateClosed);
        nothing_left();
        want(2, false);
        want(0, true);
        want(1, false);
    }
    detach();
}

/* One that does not answer, and sends events without end, is braked as any other. */
static void never_answered(void)
{
    unsigned int passed = 0;
    uint32_t port;

    bring_up();
    port = fake_netback_transmit_port();
    want(0, true);
    again();
    want(1, true);
    while (!fake_port_masked(port)) {
        fake_event(port);
        thread_yield();
        CHECK(++passed < 20);
    }
    fake_timers_run(FRONTEND_DELAY_MAX);
    fake_netback_listen();
    CHECK(fake_netback.groups == 2 && !fake_port_masked(port));
    detach();
}

/* xenstore cannot be told: one line, and everything is passed on as before. */
static void xenstore_fails(void)
{
    bring_up();
    want(0, true);
    fake_store_fail_write = 1;
    fake_log_lines = 0;
    again();
    CHECK(fake_log_lines == 1 && requested() == -1 && nic->link_up);
    fake_netback_listen();
    detach();
}

ISOLATED(told_and_taken_back)
ISOLATED(no_request_without_a_list)
ISOLATED(nobody_asks)
ISOLATED(not_offered)
ISOLATED(backend_restarts)
ISOLATED(connected_anew)
ISOLATED(off_while_connecting)
ISOLATED(no_room_at_the_backend)
ISOLATED(no_room_here)
ISOLATED(ring_is_full)
ISOLATED(words_are_few)
ISOLATED(answers_beside_frames)
ISOLATED(lies_about_groups)
ISOLATED(never_answered)
ISOLATED(xenstore_fails)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_and_taken_back),
        cmocka_unit_test(test_no_request_without_a_list),
        cmocka_unit_test(test_nobody_asks),
        cmocka_unit_test(test_not_offered),
        cmocka_unit_test(test_backend_restarts),
        cmocka_unit_test(test_connected_anew),
        cmocka_unit_test(test_off_while_connecting),
        cmocka_unit_test(test_no_room_at_the_backend),
        cmocka_unit_test(test_no_room_here),
        cmocka_unit_test(test_ring_is_full),
        cmocka_unit_test(test_words_are_few),
        cmocka_unit_test(test_answers_beside_frames),
        cmocka_unit_test(test_lies_about_groups),
        cmocka_unit_test(test_never_answered),
        cmocka_unit_test(test_xenstore_fails),
    };

    return cmocka_run_group_tests_name("netfront_multicast", tests, NULL, NULL);
}
