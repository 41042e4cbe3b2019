/* SPDX-License-Identifier: MIT */
// SRCS: $(TEST_NETFRONT) $(DRIVER_FAKES) test/unit/fake_netback.c
// CFLAGS: -include test/unit/ring_hook.h -Wl,--wrap=evtchn_close
/*
 * netfront with several queues: how many there are, which frame takes which, and that none of them
 * is overlooked, neither by an honest backend's work nor by a lie in it.
 */
#include "netfront_user.h"

#define FRAME 60u

static void offer(const char *count)
{
    fake_backend_node(&device, "multi-queue-max-queues", count);
}

static void bring_up_with(const char *count)
{
    if (device.driver == NULL)
        bring_up();
    offer(count);
    bring_up();
}

static void number_of_queues(void)
{
    static const struct {
        const char *offered;
        size_t memory;
        unsigned int queues, posted;
    } cases[] = {
        { "0", 262144, 1, 256 }, { "1", 262144, 1, 256 },  { "2", 262144, 2, 256 },
        { "3", 262144, 3, 256 }, { "4", 262144, 4, 256 },  { "4096", 262144, 4, 256 },
        { "x", 262144, 1, 256 }, { "-1", 262144, 1, 256 }, { "4294967299", 262144, 1, 256 },
        { "4", 16384, 4, 64 },   { "4", 32768, 4, 128 },   { "3", 16384, 3, 64 },
        { "4", 8192, 2, 64 },    { "4", 2048, 1, 64 },     { "4", 700, 1, 16 },
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_memory = cases[i].memory;
        bring_up_with(cases[i].offered);
        CHECK(fake_netback_queues() == cases[i].queues);
        for (unsigned int queue = 0; queue < cases[i].queues; queue++) {
            fake_netback_use(queue);
            CHECK(fake_netback_posted() == cases[i].posted);
        }
        CHECK(evtchn_in_use() == 2 * cases[i].queues);
        CHECK(gnttab_used() == cases[i].queues * (cases[i].posted + 2));
        CHECK(fake_frontend_number(&device, "feature-gso-tcpv4") == (cases[i].posted > 38));
        detach();
    }
}

static void command_line_decides(void)
{
    static const char *const bad[] = { "", "0", "5", "x", "-1", "2x", " 2", "4294967298" };
    static const struct {
        const char *queues, *buffers;
        unsigned int count, posted;
    } cases[] = {
        { "1", "4096", 1, 256 }, { "2", "4096", 2, 256 }, { "4", "4096", 4, 256 },
        { "4", "1000", 4, 64 },  { "4", "511", 3, 64 },   { "4", "256", 2, 64 },
        { "4", "128", 1, 64 },   { "4", "64", 1, 32 },
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(netfront_set_queues(bad[i]) == -EINVAL);
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(netfront_set_queues(cases[i].queues) == 0);
        CHECK(netfront_set_buffers(cases[i].buffers) == 0);
        bring_up_with("4");
        CHECK(fake_netback_queues() == cases[i].count);
        fake_netback_use(cases[i].count - 1);
        CHECK(fake_netback_posted() == cases[i].posted);
        detach();
    }
}

/* What could be had is used; with nothing there is no connection, and nothing is left. */
static void running_out(void)
{
    const unsigned int writes = 1 + 4 * 4 + 6 + 1; /* their number, the queues, features, state */
    unsigned int left, queues = 0;

    for (left = 0; queues < 4; left += 7) {
        bring_up_with("1");
        fake_backend_state(&device, XenbusStateClosed);
        nothing_left();
        offer("4");
        fake_grants_left = (int)left;
        fake_backend_state(&device, XenbusStateInitWait);
        if (device.state == XenbusStateConnected) {
            CHECK(fake_netback_queues() >= queues && gnttab_used() <= left);
            queues = fake_netback_queues();
            CHECK(evtchn_in_use() == 2 * queues);
        } else {
            CHECK(queues == 0 && device.state == XenbusStateClosed);
            nothing_left();
        }
        fake_grants_left = -1;
        detach();
    }
    CHECK(left > 4 * 258);
    for (unsigned int i = 1; i <= 30; i++) {
        bring_up_with("1");
        offer("4");
        fake_backend_state(&device, XenbusStateClosed);
        fake_store_fail_write = i;
        fake_backend_state(&device, XenbusStateInitWait);
        CHECK((device.state == XenbusStateConnected) == (i > writes));
        fake_store_fail_write = 0;
        detach();
    }
}

/* The wire's order of bytes. */
static void put_16(uint8_t *to, unsigned int value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

/* A frame of a flow; `mark` lies behind the headers. */
static void make_ipv4(uint8_t frame[FRAME], unsigned int peer, unsigned int port, uint8_t mark)
{
    memset(frame, 0, FRAME);
    put_16(frame + 12, 0x0800);
    frame[14] = 0x45;
    frame[23] = 6;
    put_16(frame + 26, 0x0a63);
    put_16(frame + 28, 50);
    put_16(frame + 30, 0x0a63);
    put_16(frame + 32, peer);
    put_16(frame + 34, 80);
    put_16(frame + 36, port);
    frame[FRAME - 1] = mark;
}

static void make_ipv6(uint8_t frame[FRAME], unsigned int peer, unsigned int port, uint8_t mark)
{
    memset(frame, 0, FRAME);
    put_16(frame + 12, 0x86dd);
    frame[14] = 0x60;
    frame[20] = 17;
    frame[22] = frame[38] = 0xfd;
    put_16(frame + 52, peer);
    put_16(frame + 54, 53);
    put_16(frame + 56, port);
    frame[FRAME - 1] = mark;
}

/* Which queue has the one frame that was sent, as it was. */
static unsigned int queue_of(const uint8_t *frame, size_t length)
{
    unsigned int flags, found = FAKE_NETBACK_QUEUES;
    uint8_t seen[2048];

    CHECK(send(frame, length, false) == 0);
    nic->operations->kick(nic);
    for (unsigned int queue = 0; queue < fake_netback_queues(); queue++) {
        fake_netback_use(queue);
        if (fake_netback_take(seen, sizeof(seen), &flags) == 0)
            continue;
        CHECK(found == FAKE_NETBACK_QUEUES && memcmp(seen, frame, length) == 0);
        found = queue;
        CHECK(fake_netback_take(seen, sizeof(seen), &flags) == 0);
        fake_netback_complete(fake_netback.held);
    }
    CHECK(found < FAKE_NETBACK_QUEUES);
    return found;
}

static void flows_stay_together(void)
{
    static void (*const make[])(uint8_t[FRAME], unsigned int, unsigned int,
                                uint8_t) = { make_ipv4, make_ipv6 };
    uint8_t frame[FRAME];

    bring_up_with("4");
    for (unsigned int family = 0; family < 2; family++) {
        unsigned int by_port[4] = { 0 }, by_peer[4] = { 0 };

        for (unsigned int i = 0; i < 256; i++) {
            unsigned int queue;

            make[family](frame, 2, 32768 + i, 1);
            queue = queue_of(frame, FRAME);
            by_port[queue]++;
            make[family](frame, 2, 32768 + i, 2);
            CHECK(queue_of(frame, FRAME) == queue);
            make[family](frame, i, 40000, 3);
            by_peer[queue_of(frame, FRAME)]++;
        }
        for (unsigned int queue = 0; queue < 4; queue++)
            CHECK(by_port[queue] > 256 / 4 / 2 && by_peer[queue] > 256 / 4 / 2);
    }
    detach();
}

/* Ports count only where there are some: not in fragments, not in other protocols. */
static void frames_without_ports(void)
{
    uint8_t frame[FRAME], other[FRAME];
    unsigned int first;

    bring_up_with("4");
    for (unsigned int fragment = 0; fragment < 3; fragment++) {
        static const unsigned int words[] = { 0x2000, 0x0010, 0x2010 };

        for (unsigned int port = 0; port < 64; port++) {
            make_ipv4(frame, 7, port, 0);
            put_16(frame + 20, words[fragment]);
            make_ipv4(other, 7, 64 + port, 0);
            put_16(other + 20, words[(fragment + 1) % 3]);
            CHECK(queue_of(frame, FRAME) == queue_of(other, FRAME));
        }
    }
    make_ipv4(frame, 7, 1, 0);
    put_16(frame + 20, 0x4000); /* "do not fragment" is no fragment */
    make_ipv4(other, 7, 1, 0);
    CHECK(queue_of(frame, FRAME) == queue_of(other, FRAME));
    make_ipv4(frame, 9, 0, 0);
    frame[23] = 1;
    first = queue_of(frame, FRAME);
    for (unsigned int port = 1; port < 32; port++) {
        make_ipv4(frame, 9, port, 0);
        frame[23] = 1;
        CHECK(queue_of(frame, FRAME) == first);
    }
    for (unsigned int length = 14; length < FRAME; length++) {
        make_ipv4(frame, length, length, 0);
        frame[14] = 0x4f; /* a header that ends behind the frame */
        first = queue_of(frame, length);
        CHECK(length >= 34 || first == 0);
        make_ipv6(frame, length, length, 0);
        first = queue_of(frame, length);
        CHECK(length >= 54 || first == 0);
    }
    memset(frame, 0, sizeof(frame));
    put_16(frame + 12, 0x0806);
    CHECK(queue_of(frame, FRAME) == 0);
    detach();
}

/* Each queue brings events and frames of its own, and one that never ends starves no other. */
static void frames_come_in(void)
{
    uint8_t data[FRAME] = { 0 };

    bring_up_with("4");
    for (unsigned int queue = 0; queue < 4; queue++) {
        fake_netback_use(queue);
        pending = received.count = 0;
        fake_netback_put(data, sizeof(data), 0, 0);
        fake_netback_push();
        thread_yield();
        CHECK(pending == 1 && fake_port_masked(fake_netback_receive_port()));
        CHECK(nic->operations->poll(nic, 64) == 1 && received.count == 1);
        CHECK(!fake_port_masked(fake_netback_receive_port()));
    }
    for (unsigned int busy = 0; busy < 4; busy++) {
        uint64_t frames = nic->statistics.received, bytes = nic->statistics.received_bytes;
        unsigned int polls = 0;

        fake_netback_use((busy + 2) % 4);
        fake_netback_put(data, FRAME - 1, 0, 0); /* the only frame of its length */
        fake_netback_push();
        fake_netback_use(busy);
        while (nic->statistics.received_bytes - bytes ==
               (nic->statistics.received - frames) * FRAME) {
            while (fake_netback_posted() > 0)
                fake_netback_put(data, FRAME, 0, 0);
            fake_netback_push();
            thread_yield();
            CHECK(nic->operations->poll(nic, 16) > 0 && ++polls <= 4);
        }
        while (nic->operations->poll(nic, 64) > 0)
            ;
    }
    CHECK(nic->statistics.receive_errors == 0);
    detach();
}

/* A full ring holds up its own flows; who waits hears of room there. */
static void one_is_full(void)
{
    uint8_t frame[FRAME], seen[2048];
    unsigned int flags, full, other, port = 0;

    bring_up_with("4");
    make_ipv4(frame, 1, 0, 0);
    full = queue_of(frame, FRAME);
    while (send(frame, FRAME, false) == 0)
        ;
    CHECK(send(frame, FRAME, false) == -EAGAIN);
    do {
        make_ipv4(frame, 1, ++port, 0);
    } while (send(frame, FRAME, false) != 0);
    for (other = 0; other < 4; other++) {
        fake_netback_use(other);
        if (other != full && fake_netback_take(seen, sizeof(seen), &flags) > 0)
            break;
        nic->operations->kick(nic);
        if (other != full && fake_netback_take(seen, sizeof(seen), &flags) > 0)
            break;
    }
    CHECK(other < 4);
    writable = 0;
    fake_netback_complete(fake_netback.held);
    thread_yield();
    CHECK(writable == 0);
    fake_netback_use(full);
    while (fake_netback_take(seen, sizeof(seen), &flags) > 0)
        ;
    fake_netback_complete(fake_netback.held);
    thread_yield();
    CHECK(writable == 1);
    make_ipv4(frame, 1, 0, 0);
    CHECK(send(frame, FRAME, false) == 0);
    detach();
}

/* In whichever queue it lies: the card is broken as a whole, and nothing is heard of it any more. */
static void lies_in_any_queue(void)
{
    uint8_t data[FRAME] = { 0 };

    for (unsigned int lie = 0; lie < 5; lie++)
        for (unsigned int queue = 0; queue < 4; queue++) {
            bring_up_with("4");
            fake_netback_use(queue);
            if (lie == 0) {
                fake_netback_put_raw((struct netif_rx_response){ .id = 1, .status = 60 });
            } else if (lie == 1) {
                fake_netback.receive_produced += 1000;
            } else if (lie == 2) {
                fake_netback.transmit_produced += 1;
            } else {
                /* It was asked nothing about groups: in no queue is that an answer. */
                CHECK(nic->operations->send(nic, &(struct net_fragment){ data, FRAME }, 1,
                                            &(struct net_send_info){ 0 }) == 0);
                nic->operations->kick(nic);
                fake_netback_complete_raw((struct netif_tx_response){
                    .id = lie == 3 ? NETFRONT_BUFFERS : 3, .status = NETIF_RSP_OKAY });
            }
            fake_netback_receive_ring()->rsp_prod = fake_netback.receive_produced;
            fake_netback_transmit_ring()->rsp_prod = fake_netback.transmit_produced;
            netfront_of(nic)->queue[queue]->transmit.waiting = lie >= 2;
            fake_event(fake_netback_receive_port());
            fake_event(fake_netback_transmit_port());
            thread_yield();
            nic->operations->poll(nic, 64);
            CHECK(netfront_of(nic)->broken && !nic->link_up);
            CHECK(send(data, FRAME, false) == -EIO && nic->operations->poll(nic, 64) == 0);
            for (unsigned int i = 0; i < 4; i++) {
                fake_netback_use(i);
                CHECK(fake_port_masked(fake_netback_receive_port()));
                CHECK(fake_port_masked(fake_netback_transmit_port()));
            }
            fake_backend_state(&device, XenbusStateClosed);
            nothing_left();
        }
    detach();
}

/* Answers about groups count only where the words went. */
static void groups_use_the_first(void)
{
    static const uint8_t mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };

    for (unsigned int queue = 0; queue < 2; queue++) {
        bring_up_with("2");
        nic->operations->filter(nic, mac, true);
        fake_backend_state(&device, XenbusStateConnected);
        netfront_driver.backend_again(&device);
        CHECK(netfront_of(nic)->multicast.unsettled);
        fake_netback_use(queue);
        if (queue == 0) {
            fake_netback_listen();
            CHECK(fake_netback_listed(mac) == 1 && !netfront_of(nic)->broken);
        } else {
            uint8_t frame[FRAME] = { 0 };

            for (unsigned int port = 0;
                 !ring_outstanding(&netfront_of(nic)->queue[1]->transmit.ring); port++) {
                make_ipv4(frame, 1, port, 0);
                CHECK(send(frame, FRAME, false) == 0);
            }
            nic->operations->kick(nic);
            fake_netback_complete_raw((struct netif_tx_response){ NETFRONT_BUFFERS, 0 });
            fake_netback_push_transmit();
            netfront_transmit_reap(netfront_of(nic)->queue[1]);
            CHECK(netfront_of(nic)->broken);
        }
        nic->operations->filter(nic, mac, false);
        detach();
    }
}

/* Another backend offers another number: what xenstore says is always what there is. */
static void another_number(void)
{
    static const char *const offers_in_turn[] = { "4", "1", "3", "2", "x", "4", "0", "2" };
    static const unsigned int made[] = { 4, 1, 3, 2, 1, 4, 1, 2 };
    uint8_t data[FRAME] = { 0 };

    bring_up();
    for (unsigned int restore = 0; restore < 2; restore++)
        for (unsigned int i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
            unsigned int frames = 0;

            offer(offers_in_turn[i]);
            if (restore) {
                netfront_driver.resume(&device);
                nothing_left();
                CHECK(nic->link_up && send(data, FRAME, false) == -EAGAIN);
                meet_backend();
            } else {
                bring_up();
            }
            CHECK(fake_netback_queues() == made[i] && netfront_of(nic)->queues == made[i]);
            for (unsigned int queue = 0; queue < made[i]; queue++) {
                fake_netback_use(queue);
                fake_netback_put(data, sizeof(data), 0, 0);
                fake_netback_push();
            }
            while (frames < made[i]) {
                unsigned int taken = nic->operations->poll(nic, 1);

                CHECK(taken == 1);
                frames += taken;
            }
            CHECK(nic->operations->poll(nic, 64) == 0);
        }
    detach();
}

ISOLATED(number_of_queues)
ISOLATED(command_line_decides)
ISOLATED(running_out)
ISOLATED(flows_stay_together)
ISOLATED(frames_without_ports)
ISOLATED(frames_come_in)
ISOLATED(one_is_full)
ISOLATED(lies_in_any_queue)
ISOLATED(groups_use_the_first)
ISOLATED(another_number)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_of_queues),     cmocka_unit_test(test_command_line_decides),
        cmocka_unit_test(test_running_out),          cmocka_unit_test(test_flows_stay_together),
        cmocka_unit_test(test_frames_without_ports), cmocka_unit_test(test_frames_come_in),
        cmocka_unit_test(test_one_is_full),          cmocka_unit_test(test_lies_in_any_queue),
        cmocka_unit_test(test_groups_use_the_first), cmocka_unit_test(test_another_number),
    };

    return cmocka_run_group_tests_name("netfront_queues", tests, NULL, NULL);
}
