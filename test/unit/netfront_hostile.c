/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_NETFRONT) $(DRIVER_FAKES) test/unit/fake_netback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * netfront against a backend that lies: bad frames are dropped with their chain, a broken protocol
 * ends the device and nothing else.
 */
#include "netfront_user.h"

#include "ring_hook.h"

static uint8_t data[4096];

static struct netfront *front(void)
{
    return nic->private_data;
}

static int send_one(void)
{
    int result = send(data, 100, false);

    nic->operations->kick(nic);
    return result;
}

static unsigned int poll_all(void)
{
    fake_netback_push();
    thread_yield();
    return nic->operations->poll(nic, 512);
}

static void works(void)
{
    unsigned int before = received.count;

    fake_netback_put(data, 60, 0, 0);
    poll_all();
    CHECK(received.count == before + 1 && send_one() == 0);
}

static void is_broken(void)
{
    uint32_t port = fake_netback_receive_port();
    unsigned int before = received.count;

    CHECK(front()->broken && !nic->link_up && fake_log_lines == 1);
    CHECK(send_one() == -EIO);
    CHECK(nic->operations->poll(nic, 64) == 0 && received.count == before);
    fake_event(port);
    thread_yield();
    CHECK(fake_port_masked(port) && fake_log_lines == 1);
}

static uint16_t next_id(void)
{
    return fake_netback_receive_ring()->ring[fake_netback.receive_produced % 256].req.id;
}

/* Receive: what leaves no common ground. */
static void receive_ahead(void)
{
    fake_netback.receive_produced += fake_netback_posted() + 1;
}

static void receive_far_ahead(void)
{
    fake_netback.receive_produced += 0x80000000u;
}

static void receive_backwards(void)
{
    fake_netback.receive_produced -= 1;
}

static void receive_wrong_id(void)
{
    fake_netback_put_raw((struct netif_rx_response){ (uint16_t)(next_id() ^ 1), 0, 0, 60 });
}

static void receive_huge_id(void)
{
    fake_netback_put_raw((struct netif_rx_response){ (uint16_t)(next_id() + 256), 0, 0, 60 });
}

static void receive_id_twice(void)
{
    uint16_t id = next_id();

    fake_netback_put_raw((struct netif_rx_response){ id, 0, 0, 60 });
    fake_netback_put_raw((struct netif_rx_response){ id, 0, 0, 60 });
}

static void chain_past_producer(void)
{
    fake_netback_put(data, 60, 0, NETRXF_more_data);
}

static void extra_past_producer(void)
{
    fake_netback_put(data, 60, 0, NETRXF_extra_info);
    fake_netback_put_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE);
}

static void endless_chain(void)
{
    while (fake_netback_posted() > 0)
        fake_netback_put(data, 60, 0, NETRXF_more_data);
}

static void (*const receive_lies[])(void) = {
    receive_ahead,    receive_far_ahead,   receive_backwards,   receive_wrong_id, receive_huge_id,
    receive_id_twice, chain_past_producer, extra_past_producer, endless_chain,
};

static void receive_lies_break_the_device(void)
{
    for (unsigned int i = 0; i < sizeof(receive_lies) / sizeof(receive_lies[0]); i++) {
        bring_up();
        works();
        fake_log_lines = 0;
        receive_lies[i]();
        poll_all();
        is_broken();
        bring_up(); /* a new connection heals it */
        works();
        detach();
    }
}

/* A backend that restarts shows InitWait and takes up the rings that are, unless they are broken. */
static void restarts_behind_a_connection(void)
{
    uint32_t reference;

    bring_up();
    reference = fake_frontend_number(&device, "rx-ring-ref");
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateConnected && nic->link_up);
    fake_backend_state(&device, XenbusStateConnected);
    CHECK(fake_frontend_number(&device, "rx-ring-ref") == reference);
    works();
    fake_log_lines = 0;
    receive_wrong_id();
    poll_all();
    is_broken();
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateClosed);
    fake_backend_state(&device, XenbusStateConnected); /* all the same */
    CHECK(!nic->link_up);
    bring_up();
    works();
    detach();
}

/* Transmit, likewise: seen when buffers are collected. */
static void transmit_ahead(void)
{
    fake_netback.transmit_produced += 600;
}

static void transmit_backwards(void)
{
    fake_netback.transmit_produced -= 1;
}

static void transmit_wrong_id(void)
{
    fake_netback_complete_raw((struct netif_tx_response){ 999, NETIF_RSP_OKAY });
}

static void transmit_unused_id(void)
{
    fake_netback_complete_raw(
        (struct netif_tx_response){ NETFRONT_SMALL_BUFFERS + 3, NETIF_RSP_OKAY });
}

/* A response to extra-info, of which none was sent. */
static void transmit_null(void)
{
    fake_netback_complete_raw(
        (struct netif_tx_response){ fake_netback.taken[0].id, NETIF_RSP_NULL });
}

static void transmit_id_twice(void)
{
    fake_netback_complete_raw(
        (struct netif_tx_response){ fake_netback.taken[0].id, NETIF_RSP_OKAY });
    fake_netback_complete_raw(
        (struct netif_tx_response){ fake_netback.taken[0].id, NETIF_RSP_OKAY });
}

static void (*const transmit_lies[])(void) = {
    transmit_ahead,     transmit_backwards, transmit_wrong_id,
    transmit_unused_id, transmit_id_twice,  transmit_null,
};

static void transmit_lies_break_the_device(void)
{
    uint8_t seen[200];
    unsigned int flags;

    for (unsigned int i = 0; i < sizeof(transmit_lies) / sizeof(transmit_lies[0]); i++) {
        bring_up();
        for (unsigned int frame = 0; frame < 4; frame++)
            CHECK(send_one() == 0);
        while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
            ;
        fake_log_lines = 0;
        transmit_lies[i]();
        fake_netback_push_transmit();
        while (send_one() == 0)
            ;
        is_broken();
        bring_up();
        works();
        detach();
    }
}

/* A frame that is merely bad is dropped with its whole chain; the next one comes through. */
static void bad_frames_are_dropped(void)
{
    static const struct netif_rx_response bad[] = {
        { 0, 0, 0, 32767 }, { 0, 4095, 0, 60 },  { 0, 65535, 0, 60 },
        { 0, 0, 0, -1 },    { 0, 0, 0, -32768 }, { 0, 0, 0, 0 },
        { 0, 0, 0, 13 },    { 0, 4096, 0, 1 },   { 0, 0, 0, 4097 },
    };
    unsigned int errors = 0;

    bring_up();
    fake_log_lines = 0;
    for (unsigned int position = 0; position < 3; position++) {
        for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            unsigned int before = received.count;

            for (unsigned int piece = 0; piece < 3; piece++) {
                struct netif_rx_response response =
                    piece == position ? bad[i] : (struct netif_rx_response){ .status = 4 };

                response.id = next_id();
                response.flags = piece < 2 ? NETRXF_more_data : 0;
                fake_netback_put_raw(response);
            }
            CHECK(poll_all() == 1);
            /* Harmless where it makes a short frame a whole one. */
            if (received.count == before)
                errors++;
            works();
        }
    }
    CHECK(nic->statistics.receive_errors == errors && errors >= 18);
    CHECK(fake_log_lines == 1 && !front()->broken);
    detach();
}

static void long_chains_are_dropped(void)
{
    bring_up();
    for (unsigned int pieces = 17; pieces <= 100; pieces++) {
        unsigned int before = received.count;

        for (unsigned int i = 0; i < pieces; i++)
            fake_netback_put(data, 4096, 0, i + 1 < pieces ? NETRXF_more_data : 0);
        CHECK(poll_all() == 1);
        CHECK(received.count == before);
        for (unsigned int i = 0; i < pieces; i++)
            fake_netback_put(data, 16, 0, i + 1 < pieces ? NETRXF_more_data : 0);
        CHECK(poll_all() == 1);
        CHECK(received.count == before + (pieces <= NETFRONT_CHAIN_MAX));
        works();
        CHECK(fake_netback_posted() == 256);
    }
    detach();
}

/* Extra-info that nobody negotiated spoils the frame, a chain of it is bounded. */
static void extras_are_bounded(void)
{
    static const uint8_t types[] = { XEN_NETIF_EXTRA_TYPE_NONE, XEN_NETIF_EXTRA_TYPE_GSO,
                                     XEN_NETIF_EXTRA_TYPE_MAX, 255 };

    bring_up();
    for (unsigned int i = 0; i < sizeof(types); i++) {
        unsigned int before = received.count;

        fake_netback_put(data, 60, 0, NETRXF_extra_info);
        fake_netback_put_extra(types[i], 0);
        CHECK(poll_all() == 1 && received.count == before);
        fake_netback_put(data, 60, 0, NETRXF_extra_info);
        for (unsigned int extra = 0; extra < 40; extra++)
            fake_netback_put_extra(XEN_NETIF_EXTRA_TYPE_HASH,
                                   extra < 39 ? XEN_NETIF_EXTRA_FLAG_MORE : 0);
        CHECK(poll_all() == 1 && received.count == before);
        works();
    }
    CHECK(nic->statistics.receive_errors == 8);
    detach();
}

/* A segmentation request is taken in one form only; any other drops the frame with its chain. */
static void segmentation_is_checked(void)
{
    static const struct {
        uint8_t type;
        uint16_t size, features;
        bool twice, good;
    } cases[] = {
        { XEN_NETIF_GSO_TYPE_TCPV4, 1448, 0, false, true },
        { XEN_NETIF_GSO_TYPE_TCPV6, 65535, 0, false, true },
        { XEN_NETIF_GSO_TYPE_TCPV4, 0, 0, false, false },
        { XEN_NETIF_GSO_TYPE_TCPV4, 1448, 1, false, false },
        { XEN_NETIF_GSO_TYPE_TCPV4, 1448, 0x8000, false, false },
        { XEN_NETIF_GSO_TYPE_TCPV4, 1448, 0, true, false },
        { XEN_NETIF_GSO_TYPE_NONE, 1448, 0, false, false },
        { 3, 1448, 0, false, false },
        { 255, 1448, 0, false, false },
    };
    unsigned int errors = 0;

    bring_up();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned int before = received.count;

        fake_netback_put(data, 4096, 0, NETRXF_extra_info | NETRXF_more_data);
        fake_netback_put_segmentation(cases[i].type, cases[i].size, cases[i].features,
                                      cases[i].twice ? XEN_NETIF_EXTRA_FLAG_MORE : 0);
        if (cases[i].twice)
            fake_netback_put_segmentation(cases[i].type, cases[i].size, cases[i].features, 0);
        fake_netback_put(data, 4096, 0, NETRXF_more_data);
        fake_netback_put(data, 100, 0, 0);
        CHECK(poll_all() == 1 && received.count == before + cases[i].good);
        errors += !cases[i].good;
        CHECK(nic->statistics.receive_errors == errors);
        works();
    }
    detach();
    fake_memory = 700; /* too few pages to ask for it */
    bring_up();
    fake_netback_put(data, 1000, 0, NETRXF_extra_info);
    fake_netback_put_segmentation(XEN_NETIF_GSO_TYPE_TCPV4, 500, 0, 0);
    CHECK(poll_all() == 1 && nic->statistics.receive_errors == 1);
    works();
    detach();
}

static void never_completing_fills_once(void)
{
    unsigned int pages, sent = 0;

    bring_up();
    while (send_one() == 0)
        sent++;
    CHECK(sent == 256);
    pages = fake_pages;
    for (unsigned int i = 0; i < 1000; i++)
        CHECK(send_one() == -EAGAIN);
    CHECK(fake_pages == pages && !front()->broken);
    fake_backend_holds = true; /* nor does it unmap */
    netfront_driver.remove(&device);
    CHECK(gnttab_used() == 0 && gnttab_quarantined() == pages && fake_pages == pages);
    fake_release_held();
    CHECK(fake_pages == 0);
}

static void storm_is_braked(void)
{
    unsigned int passed = 0;
    uint32_t port;

    bring_up();
    port = fake_netback_receive_port();
    while (!fake_port_masked(port)) {
        fake_event(port);
        thread_yield();
        CHECK(++passed < 20);
    }
    for (unsigned int i = 0; i < 15; i++) {
        CHECK(fake_timers_run(FRONTEND_DELAY_MAX) == 1);
        fake_event(port);
        thread_yield();
    }
    CHECK(fake_timer_next() == FRONTEND_DELAY_MAX);
    CHECK(fake_timers_run(FRONTEND_DELAY_MAX) == 1);
    works();
    CHECK(!fake_port_masked(port));
    fake_event(port);
    thread_yield();
    CHECK(!fake_port_masked(port)); /* forgiven */
    detach();
}

static void states_flap(void)
{
    bring_up();
    for (unsigned int i = 0; i < 2000; i++) {
        fake_backend_state(&device, (enum xenbus_state)fake_random(9));
        fake_netback_connect();
        send_one();
        nic->operations->poll(nic, 64);
        thread_yield();
    }
    bring_up();
    works();
    detach();
}

/* Connected, broken, closed, and again: a line each, up to a number. */
static void lines_are_bounded(void)
{
    for (unsigned int i = 0; i < 200; i++) {
        bring_up();
        fake_netback_receive_ring()->rsp_prod -= 1;
        fake_event(fake_netback_receive_port());
        thread_yield();
        CHECK(front()->broken);
    }
    CHECK(fake_log_lines >= LOG_LIMIT_LINES && fake_log_lines <= 2 * LOG_LIMIT_LINES);
    detach();
}

/* Between any two reads: anything, anywhere in both rings. */
static void scribble(void)
{
    struct netif_rx_sring *receive = front()->queue[0]->receive.memory;
    struct netif_tx_sring *transmit = front()->queue[0]->transmit.memory;
    struct netif_rx_response *response;

    if (receive == NULL || transmit == NULL)
        return;
    response = &receive->ring[front()->queue[0]->receive.ring.consumed % 256].rsp;
    if (fake_random(3) != 0) { /* plausible, so that much is accepted */
        response->id =
            (uint16_t)(front()->queue[0]->receive.ring.consumed % front()->queue[0]->receive.pages);
        response->flags = (uint16_t)fake_random(16);
        response->offset = (uint16_t)fake_random(4200);
        response->status = (int16_t)fake_random(4200);
    }
    switch (fake_random(8)) {
    case 0:
        receive->rsp_prod = front()->queue[0]->receive.ring.published - fake_random(8);
        break;
    case 1:
        transmit->rsp_prod = front()->queue[0]->transmit.ring.published - fake_random(3);
        break;
    case 2:
        transmit->ring[front()->queue[0]->transmit.ring.consumed % 256].rsp.id =
            (uint16_t)fake_random(330);
        break;
    case 3:
        ((uint32_t *)receive)[fake_random(1024)] = fake_random(UINT32_MAX);
        break;
    case 4:
        ((uint32_t *)transmit)[fake_random(1024)] = fake_random(UINT32_MAX);
        break;
    default:
        break;
    }
}

static void any_page_at_any_time(void)
{
    unsigned int broken = 0;

    fake_memory = 1536; /* fewer pages, more rounds */
    for (unsigned int i = 0; i < 2000; i++) {
        ring_hook = NULL;
        bring_up();
        ring_hook = scribble;
        for (unsigned int turn = 0; turn < 8 && !front()->broken; turn++) {
            fake_event(fake_netback_receive_port());
            thread_yield();
            nic->operations->poll(nic, 1 + fake_random(64));
            for (unsigned int frame = fake_random(300); frame > 0; frame--)
                send_one();
        }
        broken += front()->broken;
    }
    CHECK(broken > 0 && received.count > 0);
    ring_hook = NULL;
    bring_up();
    works();
    detach();
}

ISOLATED(receive_lies_break_the_device)
ISOLATED(restarts_behind_a_connection)
ISOLATED(transmit_lies_break_the_device)
ISOLATED(bad_frames_are_dropped)
ISOLATED(long_chains_are_dropped)
ISOLATED(extras_are_bounded)
ISOLATED(segmentation_is_checked)
ISOLATED(never_completing_fills_once)
ISOLATED(storm_is_braked)
ISOLATED(states_flap)
ISOLATED(lines_are_bounded)
ISOLATED(any_page_at_any_time)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive_lies_break_the_device),
        cmocka_unit_test(test_restarts_behind_a_connection),
        cmocka_unit_test(test_transmit_lies_break_the_device),
        cmocka_unit_test(test_bad_frames_are_dropped),
        cmocka_unit_test(test_long_chains_are_dropped),
        cmocka_unit_test(test_extras_are_bounded),
        cmocka_unit_test(test_segmentation_is_checked),
        cmocka_unit_test(test_never_completing_fills_once),
        cmocka_unit_test(test_storm_is_braked),
        cmocka_unit_test(test_states_flap),
        cmocka_unit_test(test_lines_are_bounded),
        cmocka_unit_test(test_any_page_at_any_time),
    };

    return cmocka_run_group_tests_name("netfront_hostile", tests, NULL, NULL);
}
