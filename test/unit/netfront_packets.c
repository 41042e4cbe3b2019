/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_NETFRONT) $(DRIVER_FAKES) test/unit/fake_netback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * netfront with an honest backend: frames both ways, chains, large segments, checksum flags, full
 * rings, few notifications.
 */
#include "netfront_user.h"

static void frames_come_in(void)
{
    uint8_t data[4096];

    bring_up();
    for (unsigned int i = 0; i < 2000; i++) {
        unsigned int length = 60 + i % 1455, offset = i % 7 ? 0 : 2 + i % 1000;

        fill(data, length, i);
        fake_netback_put(data, length, offset,
                         i % 3 == 1   ? NETRXF_data_validated
                         : i % 3 == 2 ? NETRXF_data_validated | NETRXF_csum_blank
                                      : 0);
        fake_netback_push();
        thread_yield();
        CHECK(nic->operations->poll(nic, 64) == 1);
        CHECK(received.count == i + 1 && received.length == length);
        CHECK(memcmp(received.data, data, length) == 0);
        CHECK(received.info.checksum_valid == (i % 3 != 0) &&
              received.info.checksum_blank == (i % 3 == 2));
        CHECK(fake_netback_posted() == 256);
    }
    CHECK(nic->statistics.received == 2000 && nic->statistics.receive_errors == 0);
    detach();
}

static void chains_come_in(void)
{
    static uint8_t data[65535];
    unsigned int count = 0;

    bring_up();
    fill(data, sizeof(data), 3);
    for (unsigned int pieces = 2; pieces <= 18; pieces++) {
        unsigned int size = pieces <= 16 ? 4096 : 65535 / pieces;

        for (unsigned int i = 0; i < pieces; i++) {
            unsigned int length = size * i + size > 65535 ? 65535 - size * i : size;

            fake_netback_put(data + size * i, length, 0, i + 1 < pieces ? NETRXF_more_data : 0);
            if (i == 0 && pieces == 3) { /* skipped: nobody asked for a hash */
                fake_netback_receive_ring()
                    ->ring[(fake_netback.receive_produced - 1) % 256]
                    .rsp.flags |= NETRXF_extra_info;
                fake_netback_put_extra(XEN_NETIF_EXTRA_TYPE_HASH, 0);
            }
        }
        fake_netback_push();
        CHECK(nic->operations->poll(nic, 64) == 1);
        CHECK(received.count == ++count);
        CHECK(received.length == (size * pieces > 65535 ? 65535 : size * pieces));
        CHECK(memcmp(received.data, data, received.length) == 0);
        CHECK(fake_netback_posted() == 256);
    }
    CHECK(nic->statistics.receive_errors == 0);
    detach();
}

/* TCP segments that are not cut yet: their extra-info says so, beside other extra-info. */
static void large_segments_come_in(void)
{
    static uint8_t data[65535];
    static const uint8_t types[] = { XEN_NETIF_GSO_TYPE_TCPV4, XEN_NETIF_GSO_TYPE_TCPV6 };

    bring_up();
    CHECK(fake_frontend_number(&device, "feature-gso-tcpv4") == 1);
    CHECK(fake_frontend_number(&device, "feature-gso-tcpv6") == 1);
    fill(data, sizeof(data), 9);
    for (unsigned int round = 0; round < 40; round++) {
        unsigned int flags = NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info;

        fake_netback_put(data, 4096, 0, flags | NETRXF_more_data);
        if (round & 2)
            fake_netback_put_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE);
        fake_netback_put_segmentation(types[round & 1], 1448, 0, 0);
        for (unsigned int i = 1; i < 16; i++)
            fake_netback_put(data + 4096 * i, i < 15 ? 4096 : 4095, 0,
                             i < 15 ? NETRXF_more_data : 0);
        fake_netback_push();
        CHECK(nic->operations->poll(nic, 64) == 1);
        CHECK(received.count == round + 1 && received.length == sizeof(data));
        CHECK(memcmp(received.data, data, sizeof(data)) == 0 && received.info.checksum_blank);
    }
    CHECK(nic->statistics.received_large == 40 && nic->statistics.receive_errors == 0);
    detach();
}

/* One event for a burst; masked until poll has drained it; another one only then. */
static void events_are_few(void)
{
    uint8_t data[60] = { 0 };
    uint32_t port;

    bring_up();
    pending = 0;
    port = fake_netback_receive_port();
    for (unsigned int i = 0; i < 100; i++) {
        fake_netback_put(data, sizeof(data), 0, 0);
        fake_netback_push();
        thread_yield();
    }
    CHECK(pending == 1 && fake_port_masked(port));
    CHECK(nic->operations->poll(nic, 64) == 64);
    CHECK(fake_port_masked(port));
    CHECK(nic->operations->poll(nic, 64) == 36);
    CHECK(!fake_port_masked(port));
    thread_yield();
    CHECK(pending == 1);
    fake_netback_put(data, sizeof(data), 0, 0);
    fake_netback_push();
    thread_yield();
    CHECK(pending == 2);
    detach();
}

static void frames_go_out(void)
{
    uint8_t data[1514], seen[1514];
    unsigned int flags, notified;

    bring_up();
    notified = fake_notifications(fake_netback_transmit_port());
    for (unsigned int i = 0; i < 1000; i++) {
        size_t length = 14 + i % 1501;
        struct net_fragment pieces[3] = { { data, 14 },
                                          { data + 14, (length - 14) / 2 },
                                          { data + 14 + (length - 14) / 2,
                                            length - 14 - (length - 14) / 2 } };

        fill(data, length, i);
        CHECK(nic->operations->send(nic, pieces, 3,
                                    &(struct net_send_info){ .checksum_partial = i & 1 }) == 0);
        nic->operations->kick(nic);
        CHECK(fake_netback_take(seen, sizeof(seen), &flags) == length);
        CHECK(memcmp(seen, data, length) == 0);
        CHECK(flags == (i & 1 ? NETTXF_csum_blank | NETTXF_data_validated : 0));
        if (fake_netback.held >= 50)
            fake_netback_complete(50);
    }
    CHECK(nic->statistics.sent == 1000 && nic->statistics.send_dropped == 0);
    CHECK(fake_notifications(fake_netback_transmit_port()) - notified == 1000);
    CHECK(send(data, 13, false) == -EINVAL);
    CHECK(send(received.data, 1519, false) == -EINVAL);
    /* Completions brought no event, and at most two rounds of buffers were ever made. */
    CHECK(((struct netfront *)nic->private_data)->queue[0]->transmit.small_pages <= 51);
    detach();
}

/* One kick for a batch, and none while the backend is awake. */
static void kicks_are_few(void)
{
    uint8_t data[100] = { 0 }, seen[100];
    unsigned int flags, notified;
    uint32_t port;

    bring_up();
    port = fake_netback_transmit_port();
    notified = fake_notifications(port);
    for (unsigned int i = 0; i < 20; i++)
        CHECK(send(data, sizeof(data), false) == 0);
    CHECK(fake_notifications(port) == notified);
    nic->operations->kick(nic);
    nic->operations->kick(nic);
    CHECK(fake_notifications(port) == notified + 1);
    CHECK(send(data, sizeof(data), false) == 0);
    nic->operations->kick(nic);
    CHECK(fake_notifications(port) == notified + 1);
    while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
        ;
    CHECK(send(data, sizeof(data), false) == 0);
    nic->operations->kick(nic);
    CHECK(fake_notifications(port) == notified + 2);
    detach();
}

static void full_ring_says_so(void)
{
    uint8_t data[100] = { 0 }, seen[100];
    unsigned int sent = 0, flags;

    bring_up();
    for (unsigned int round = 0; round < 10; round++) {
        writable = 0;
        while (send(data, sizeof(data), false) == 0)
            sent++;
        CHECK(send(data, sizeof(data), false) == -EAGAIN);
        while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
            ;
        CHECK(fake_netback.held == 256);
        thread_yield();
        CHECK(writable == 0);
        fake_netback_complete(127);
        thread_yield();
        CHECK(writable == 0);
        fake_netback_complete(1);
        thread_yield();
        CHECK(writable == 1);
        CHECK(send(data, sizeof(data), false) == 0);
        sent++;
    }
    CHECK(nic->statistics.sent == sent && nic->statistics.send_dropped == 0);
    detach();
}

/* A second sender finds room that the first one waits for: the first is told nonetheless. */
static void waiter_is_not_forgotten(void)
{
    uint8_t data[100] = { 0 }, seen[100];
    unsigned int flags;

    bring_up();
    while (send(data, sizeof(data), false) == 0)
        ;
    while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
        ;
    writable = 0;
    fake_netback_complete(1);
    CHECK(send(data, sizeof(data), false) == 0);
    nic->operations->kick(nic);
    CHECK(fake_netback_take(seen, sizeof(seen), &flags) > 0);
    thread_yield();
    CHECK(writable == 0);
    fake_netback_complete(1);
    thread_yield();
    CHECK(writable == 1);
    detach();
}

static void jumbo_frames(void)
{
    static uint8_t data[65535], seen[65535];
    unsigned int flags;

    fake_frontend_node(&(struct xenbus_device){ .node = "device/vif/0" }, "mtu", "65000");
    bring_up();
    CHECK(nic->mtu == 65000);
    for (size_t length = 2047; length < 65018; length += 997) {
        fill(data, length, (unsigned int)length);
        CHECK(send(data, length, true) == 0);
        nic->operations->kick(nic);
        CHECK(fake_netback_take(seen, sizeof(seen), &flags) == length);
        CHECK(memcmp(seen, data, length) == 0);
        fake_netback_complete(fake_netback.held);
    }
    while (send(data, 65000, false) == 0)
        ;
    CHECK(send(data, 65000, false) == -EAGAIN);
    while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
        ;
    fake_netback_complete(fake_netback.held);
    thread_yield();
    CHECK(writable == 1 && send(data, 65000, false) == 0);
    detach();
    fake_frontend_node(&device, "mtu", "67"); /* senseless: the usual one */
    bring_up();
    CHECK(nic->mtu == 1500);
    detach();
}

/* TCP segments for the backend to cut: one extra-info slot each, whatever their size. */
static void large_segments_go_out(void)
{
    static uint8_t data[65535], seen[65535];
    unsigned int flags, sent = 0;

    bring_up();
    CHECK(nic->transmit_large_ipv4 && nic->transmit_large_ipv6);
    for (size_t length = 700; length <= 65535; length += 1621) {
        bool ipv6 = length & 1;

        fill(data, length, (unsigned int)length);
        CHECK(send_large(data, length, 536, ipv6) == 0);
        nic->operations->kick(nic);
        CHECK(fake_netback_take(seen, sizeof(seen), &flags) == length);
        CHECK(memcmp(seen, data, length) == 0);
        CHECK(flags == (NETTXF_csum_blank | NETTXF_data_validated | NETTXF_extra_info));
        CHECK(fake_netback.extra.type == XEN_NETIF_EXTRA_TYPE_GSO);
        CHECK(fake_netback.extra.u.gso.size == 536 && fake_netback.extra.u.gso.features == 0);
        CHECK(fake_netback.extra.u.gso.type ==
              (ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4));
        fake_netback_complete(fake_netback.held);
        sent++;
    }
    for (unsigned int round = 0; round < 10; round++) {
        writable = 0;
        while (send_large(data, 65535, 1448, false) == 0)
            sent++;
        CHECK(send_large(data, 65535, 1448, false) == -EAGAIN);
        while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
            ;
        fake_netback_complete(fake_netback.held);
        thread_yield();
        CHECK(writable == 1);
    }
    CHECK(nic->statistics.sent_large == sent && nic->statistics.send_dropped == 0);
    CHECK(sent > 10 * 3 && ((struct netfront *)nic->private_data)->queue[0]->transmit.extras == 0);
    detach();
}

/* What a backend does not offer, it is not given. */
static void large_segments_need_an_offer(void)
{
    static uint8_t data[4000];
    static const struct {
        const char *node, *value;
        bool ipv4, ipv6;
    } cases[] = {
        { "feature-gso-tcpv4", "0", false, true },
        { "feature-gso-tcpv6", "0", true, false },
        { "feature-gso-tcpv4", "2", false, true }, /* not a flag's value */
        { "feature-sg", "0", false, false },
        { "feature-no-csum-offload", "1", false, false },
        { "feature-ipv6-csum-offload", "0", false, false },
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        net_device_listen(on_added, on_removed);
        fake_device(&device, &netfront_driver, "vif", 0);
        fake_netback_start(&device);
        fake_backend_node(&device, "feature-no-csum-offload", "0");
        fake_backend_node(&device, cases[i].node, cases[i].value);
        CHECK(netfront_driver.probe(&device) == 0);
        bring_up();
        CHECK(nic->transmit_large_ipv4 == cases[i].ipv4);
        CHECK(nic->transmit_large_ipv6 == cases[i].ipv6);
        CHECK(send_large(data, sizeof(data), 1448, false) == (cases[i].ipv4 ? 0 : -EINVAL));
        CHECK(send_large(data, sizeof(data), 1448, true) == (cases[i].ipv6 ? 0 : -EINVAL));
        CHECK(nic->operations->send(nic, &(struct net_fragment){ data, sizeof(data) }, 1,
                                    &(struct net_send_info){ false, false, 1448 }) == -EINVAL);
        detach();
    }
}

ISOLATED(frames_come_in)
ISOLATED(chains_come_in)
ISOLATED(large_segments_come_in)
ISOLATED(events_are_few)
ISOLATED(frames_go_out)
ISOLATED(kicks_are_few)
ISOLATED(full_ring_says_so)
ISOLATED(waiter_is_not_forgotten)
ISOLATED(jumbo_frames)
ISOLATED(large_segments_go_out)
ISOLATED(large_segments_need_an_offer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_in),
        cmocka_unit_test(test_chains_come_in),
        cmocka_unit_test(test_large_segments_come_in),
        cmocka_unit_test(test_events_are_few),
        cmocka_unit_test(test_frames_go_out),
        cmocka_unit_test(test_kicks_are_few),
        cmocka_unit_test(test_full_ring_says_so),
        cmocka_unit_test(test_waiter_is_not_forgotten),
        cmocka_unit_test(test_jumbo_frames),
        cmocka_unit_test(test_large_segments_go_out),
        cmocka_unit_test(test_large_segments_need_an_offer),
    };

    return cmocka_run_group_tests_name("netfront_packets", tests, NULL, NULL);
}
