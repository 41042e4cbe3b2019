/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_NETFRONT) $(DRIVER_FAKES) test/unit/fake_netback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * netfront with an honest backend: how it connects, what it takes of memory, and connections that
 * come and go.
 */
#include "netfront_user.h"

static void comes_up(void)
{
    static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x0a, 0x0b, 0x0c };

    bring_up();
    CHECK(strcmp(nic->name, "eth0") == 0 && memcmp(nic->mac, mac, 6) == 0 && nic->mtu == 1500);
    CHECK(nic->transmit_checksum && added == 1 && pending == 1 && fake_settled > 0);
    CHECK(net_device_at(0) == nic && net_device_at(1) == NULL);
    CHECK(fake_frontend_number(&device, "request-rx-copy") == 1);
    CHECK(fake_frontend_number(&device, "feature-rx-notify") == 1);
    CHECK(fake_netback_posted() == 256);
    detach();
}

/* Where the backend knows one event channel only, or where it has two: events both ways. */
static void one_port_or_two(void)
{
    uint8_t data[100] = { 0 }, seen[100];
    unsigned int flags;

    for (unsigned int split = 0; split < 3; split++) {
        if (split == 0)
            bring_up(); /* with two; the names that it leaves must not mislead the next */
        fake_backend_node(&device, "feature-split-event-channels", split & 1 ? "0" : "1");
        bring_up();
        CHECK((fake_netback_receive_port() == fake_netback_transmit_port()) == (split & 1));
        CHECK(evtchn_in_use() == (split & 1 ? 1 : 2));
        pending = writable = 0;
        while (send(data, sizeof(data), false) == 0)
            ;
        while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
            ;
        fake_netback_complete(fake_netback.held);
        thread_yield();
        CHECK(writable == 1 && pending == 0);
        fake_netback_put(data, sizeof(data), 0, 0);
        fake_netback_push();
        thread_yield();
        CHECK(pending == 1 && nic->operations->poll(nic, 64) == 1);
    }
    detach();
}

/* `xl mem-set` while the card is connected: what it may send from follows. */
static void sending_grows_with_memory(void)
{
    uint8_t data[60] = { 0 };
    unsigned int few;

    fake_memory = 1024; /* 16 pages for small frames, two to a page */
    bring_up();
    while (send(data, sizeof(data), false) == 0)
        ;
    few = nic->send_pages;
    CHECK(few == 16);
    fake_memory = 65536;
    while (send(data, sizeof(data), false) == 0)
        ;
    CHECK(nic->send_pages > few);
    detach();
}

static void memory_decides(void)
{
    static const struct {
        size_t pages;
        unsigned int posted;
    } cases[] = { { 700, 16 }, { 1536, 64 }, { 8192, 128 }, { 262144, 256 } };
    uint8_t data[60] = { 0 };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_memory = cases[i].pages;
        bring_up();
        CHECK(fake_netback_posted() == cases[i].posted);
        /* Not asked for where the pages for one might not do. */
        CHECK(fake_frontend_number(&device, "feature-gso-tcpv4") == (cases[i].posted > 38));
        for (unsigned int frame = 0; frame < 3 * cases[i].posted; frame++) {
            fake_netback_put(data, sizeof(data), 0, 0);
            fake_netback_push();
            CHECK(nic->operations->poll(nic, 8) == 1);
        }
        detach();
    }
    fake_grants_left = 100 + 1; /* half of the pages will do */
    bring_up();
    CHECK(fake_netback_posted() == 64);
    fake_grants_left = 0; /* and nothing can be sent */
    CHECK(send(data, sizeof(data), false) == -ENOMEM);
    fake_grants_left = -1;
    CHECK(send(data, sizeof(data), false) == 0);
    detach();
}

/* net.buffers=PAGES: no more than so many are ever granted beside the rings. */
static void command_line_decides(void)
{
    static const char *const bad[] = { "", "63", "4097", "x", "-100", "100x", " 100", "1e3" };
    static const struct {
        const char *value;
        unsigned int posted, all;
    } cases[] = { { "64", 32, 64 }, { "200", 64, 200 }, { "300", 128, 256 }, { "4096", 256, 448 } };
    static uint8_t data[65535], seen[65535];
    unsigned int flags;

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(netfront_set_buffers(bad[i]) == -EINVAL);
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(netfront_set_buffers(cases[i].value) == 0);
        bring_up();
        CHECK(fake_netback_posted() == cases[i].posted);
        while (send_large(data, sizeof(data), 1448, false) == 0)
            ;
        while (send(data, 100, false) == 0)
            ;
        CHECK(gnttab_used() <= cases[i].all + 2);
        while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
            ;
        fake_netback_complete(fake_netback.held);
        CHECK(send_large(data, sizeof(data), 1448, false) == 0);
        detach();
    }
}

static void half_built(void)
{
    for (unsigned int i = 1; i <= 10; i++) {
        net_device_listen(on_added, on_removed);
        fake_device(&device, &netfront_driver, "vif", 0);
        fake_netback_start(&device);
        CHECK(netfront_driver.probe(&device) == 0);
        fake_store_fail_write = i;
        fake_backend_state(&device, XenbusStateInitWait);
        CHECK(device.state == XenbusStateClosed);
        nothing_left();
        fake_backend_state(&device, XenbusStateConnected);
        CHECK(nic == NULL);
        detach();
    }
    for (unsigned int i = 1; i <= 4; i++) {
        fake_device(&device, &netfront_driver, "vif", 0);
        CHECK(netfront_driver.probe(&device) == 0);
        fake_page_failures = i == 1 ? 1 : 0;
        fake_grants_left = i == 2 ? 0 : i == 3 ? 10 : -1;
        fake_memory = i == 3 ? 700 : 65536;
        fake_backend_node(&device, "feature-rx-copy", i == 4 ? "0" : "1");
        fake_backend_state(&device, XenbusStateInitWait);
        /* Memory may be there later. */
        CHECK(device.state == (i == 1 ? XenbusStateInitialising : XenbusStateClosed));
        CHECK(device.unfinished == (i == 1));
        if (i == 1)
            fake_backend_state(&device, XenbusStateInitWait);
        CHECK(i > 1 || (device.state == XenbusStateConnected && !device.unfinished));
        detach();
    }
}

static void strict_mac(void)
{
    static const char *const bad[] = {
        "",
        "00:16:3e:0a:0b",
        "00:16:3e:0a:0b:0",
        "00:16:3e:0a:0b:0c:",
        "00:16:3e:0a:0b:0g",
        "01:16:3e:0a:0b:0c",
        "00-16-3e-0a-0b-0c",
        "0016:3e:0a:0b:0c:",
        "ff:ff:ff:ff:ff:ff",
        " 00:16:3e:0a:0b:0c",
        "00:16:3e:0a:0b:0c ",
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake_device(&device, &netfront_driver, "vif", 1);
        fake_frontend_node(&device, "mac", bad[i]);
        CHECK(netfront_driver.probe(&device) == -EINVAL);
        netfront_driver.remove(&device);
    }
    fake_device(&device, &netfront_driver, "vif", 1);
    fake_store_set_bytes("device/vif/1/mac", "00:16:3e:0a:0b:0c\0", 18);
    CHECK(netfront_driver.probe(&device) == -EINVAL);
    netfront_driver.remove(&device);
    fake_device(&device, &netfront_driver, "vif", 2);
    CHECK(netfront_driver.probe(&device) == -ENOENT);
    CHECK(fake_log_lines == sizeof(bad) / sizeof(bad[0]) + 2);
}

static void goes_and_comes_back(void)
{
    static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x0a, 0x0b, 0x0d };
    uint8_t data[60] = { 0 };

    bring_up();
    CHECK(send(data, sizeof(data), false) == 0);
    changed = 0;
    fake_backend_state(&device, XenbusStateClosing);
    CHECK(!nic->link_up && changed == 1 && device.state == XenbusStateClosed);
    CHECK(send(data, sizeof(data), false) == -ENODEV);
    fake_backend_state(&device, XenbusStateClosed);
    nothing_left();
    nic->operations->kick(nic);
    fake_frontend_node(&device, "mac", "00:16:3e:0a:0b:0d");
    bring_up();
    CHECK(added == 1 && changed == 2 && memcmp(nic->mac, mac, 6) == 0);
    fake_backend_state(&device, XenbusStateClosed);
    fake_frontend_node(&device, "mac", "01:02:03:04:05:06"); /* a group's */
    fake_backend_state(&device, XenbusStateInitWait);
    CHECK(device.state == XenbusStateClosed && memcmp(nic->mac, mac, 6) == 0);
    nothing_left();
    fake_frontend_node(&device, "mac", "00:16:3e:0a:0b:0d");
    bring_up();
    fake_netback_put(data, sizeof(data), 0, 0);
    fake_netback_push();
    CHECK(nic->operations->poll(nic, 64) == 1);
    fake_backend_state(&device, XenbusStateUnknown);
    nothing_left();
    detach();
}

/*
 * In a new domain: rings and pages are let go, the stack above sees a full ring until the new
 * backend is there, and then a card that has moved.
 */
static void restored(void)
{
    static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x0a, 0x0b, 0x0d };
    uint8_t data[60] = { 0 }, frame[2048];
    unsigned int flags;

    bring_up();
    CHECK(send(data, sizeof(data), false) == 0);
    fake_netback_put(data, sizeof(data), 0, 0);
    changed = writable = 0;
    netfront_driver.resume(&device);
    nothing_left();
    CHECK(nic->link_up && changed == 0);
    CHECK(send(data, sizeof(data), false) == -EAGAIN);
    nic->operations->kick(nic);
    CHECK(nic->operations->poll(nic, 64) == 0);
    fake_frontend_node(&device, "mac", "00:16:3e:0a:0b:0d");
    meet_backend();
    CHECK(changed == 1 && writable == 1 && nic->moved && added == 1);
    CHECK(memcmp(nic->mac, mac, 6) == 0 && fake_timer_next() == UINT64_MAX);
    CHECK(send(data, sizeof(data), false) == 0);
    nic->operations->kick(nic);
    CHECK(fake_netback_take(frame, sizeof(frame), &flags) == sizeof(data));
    fake_netback_put(data, sizeof(data), 0, 0);
    fake_netback_push();
    CHECK(nic->operations->poll(nic, 64) == 1);

    netfront_driver.resume(&device);
    netfront_driver.resume(&device); /* no backend, twice: that has an end */
    CHECK(fake_timer_next() <= SECONDS(30));
    CHECK(fake_timers_run(SECONDS(30)) == 1);
    CHECK(!nic->link_up && changed == 2 && send(data, sizeof(data), false) == -ENODEV);
    netfront_driver.resume(&device); /* and again, with the link down */
    bring_up();
    CHECK(changed == 3 && send(data, sizeof(data), false) == 0);
    netfront_driver.resume(&device);
    detach();
    CHECK(fake_timer_next() == UINT64_MAX);
}

/* The ring is full, and that all of it was sent is not told. */
static void send_all_silently(void)
{
    uint8_t data[60] = { 0 }, seen[100];
    unsigned int flags;

    while (send(data, sizeof(data), false) == 0)
        ;
    while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
        ;
    for (; fake_netback.held > 0; fake_netback.held--)
        fake_netback_complete_raw((struct netif_tx_response){
            fake_netback.taken[fake_netback.held - 1].id, NETIF_RSP_OKAY });
    fake_netback_transmit_ring()->rsp_prod = fake_netback.transmit_produced;
}

/* Whoever polls finds what no event told: frames, and room to send, with frames or without. */
static void lost_events(void)
{
    uint8_t data[60] = { 0 };

    bring_up();
    for (unsigned int frames = 0; frames < 2; frames++) {
        pending = writable = 0;
        send_all_silently();
        if (frames > 0)
            fake_netback_put(data, sizeof(data), 0, 0);
        fake_netback_receive_ring()->rsp_prod = fake_netback.receive_produced;
        thread_yield();
        CHECK(pending == 0 && writable == 0);
        CHECK(nic->operations->poll(nic, 64) == frames && writable == 1);
        CHECK(nic->operations->poll(nic, 64) == 0 && writable == 1);
    }
    detach();
}

ISOLATED(comes_up)
ISOLATED(lost_events)
ISOLATED(one_port_or_two)
ISOLATED(sending_grows_with_memory)
ISOLATED(memory_decides)
ISOLATED(command_line_decides)
ISOLATED(half_built)
ISOLATED(strict_mac)
ISOLATED(goes_and_comes_back)
ISOLATED(restored)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_up),
        cmocka_unit_test(test_one_port_or_two),
        cmocka_unit_test(test_sending_grows_with_memory),
        cmocka_unit_test(test_memory_decides),
        cmocka_unit_test(test_command_line_decides),
        cmocka_unit_test(test_half_built),
        cmocka_unit_test(test_strict_mac),
        cmocka_unit_test(test_goes_and_comes_back),
        cmocka_unit_test(test_lost_events),
        cmocka_unit_test(test_restored),
    };

    return cmocka_run_group_tests_name("netfront_life", tests, NULL, NULL);
}
