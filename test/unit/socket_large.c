/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET) test/unit/failing_malloc.c
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=strndup
/*
 * TCP sockets with segmentation offload: everything of socket_load.c once more, with devices that
 * cut large segments on the wire, and what only concerns those.
 */
#define main plain_main
#include "socket_load.c"
#undef main

#include "lwip/priv/tcp_priv.h"

#define LENGTH 3000000u

/* Frames handed to a device while so much goes forth and back, acknowledgements included. */
static unsigned int frames_for(size_t length, unsigned int *large)
{
    unsigned int frames = fake_wire.frames;

    *large = fake_wire.large;
    transfer_both_ways(length, 65536, 65536);
    *large = fake_wire.large - *large;
    return fake_wire.frames - frames;
}

/* From end to end in one piece: some 50 frames and as many acknowledgements each way. */
static void whole_frames(void **state)
{
    unsigned int frames, large;

    (void)state;
    fake_wire.whole = true;
    frames = frames_for(LENGTH, &large);
    fake_wire.whole = false;
    assert_in_range(large, 2 * (LENGTH / 65000), 3 * (2 * LENGTH / 65000));
    assert_in_range(frames, large, 2 * large + 100);
}

/* One large segment may be all that the sender's congestion window admits. */
static void one_is_acknowledged_at_once(void **state)
{
    static char block[3 * 1460];
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    int server = accept(listener, NULL, NULL);
    const struct tcp_pcb *pcb;

    (void)state;
    fake_wire.whole = true;
    assert_int_equal(send(client, block, sizeof(block), 0), sizeof(block));
    fake_net_sleep(MILLISECONDS(1)); /* nobody reads */
    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        assert_null(pcb->unacked);
    fake_wire.whole = false;
    assert_int_equal(recv(server, block, sizeof(block), MSG_WAITALL), sizeof(block));
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* A segment waits for the answer to an ARP request, and is cut all the same when it goes out. */
static void one_waits_for_arp(void **state)
{
    static char block[40000];
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    int server = accept(listener, NULL, NULL);
    uint64_t before;

    (void)state;
    for (int turn = 0; turn < 8; turn++) { /* the window opens */
        assert_int_equal(send(client, block, sizeof(block), 0), sizeof(block));
        assert_int_equal(recv(server, block, sizeof(block), MSG_WAITALL), sizeof(block));
    }
    fake_net_sleep(SECONDS(400));
    before = clock_monotonic();
    assert_int_equal(send(client, block, sizeof(block), 0), sizeof(block));
    assert_int_equal(recv(server, block, sizeof(block), MSG_WAITALL), sizeof(block));
    assert_true(clock_monotonic() - before < MILLISECONDS(100));
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

static unsigned int full_frames;

static bool lose_one(unsigned int from, const uint8_t *frame, size_t length)
{
    (void)from;
    (void)frame;
    return length < 1514 || ++full_frames != LENGTH / 1460 / 2;
}

/* A loss costs one MSS, not a large segment: the wire carries hardly more than the data. */
static void a_loss_is_repeated_alone(void **state)
{
    unsigned int large;

    (void)state;
    full_frames = 0;
    fake_wire.tap = lose_one;
    frames_for(LENGTH, &large);
    fake_wire.tap = NULL;
    assert_true(large > 0);
    /* Some end where a window does, and are not full. */
    assert_in_range(full_frames, 2 * (LENGTH / 1460) - 100, 2 * (LENGTH / 1460));
}

static void reader(void *argument)
{
    receive_stream(*(int *)argument, LENGTH, 20000);
}

static void send_stream(int descriptor, size_t length)
{
    struct transfer transfer = { .from = descriptor, .length = length, .chunk = 65536 };

    sender(&transfer);
}

/* What was acknowledged in the middle of a segment is given back to the send buffer too. */
static void accounts_balance(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    int server = accept(listener, NULL, NULL);
    const struct tcp_pcb *pcb;
    unsigned int checked = 0;

    (void)state;
    fake_wire.lose = 10;
    thread_create("reader", reader, &server);
    send_stream(client, LENGTH);
    fake_wire.lose = 0;
    fake_net_sleep(SECONDS(60));
    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next, checked++) {
        assert_true(!pcb->unacked && !pcb->unsent);
        assert_int_equal(pcb->snd_buf, TCP_SND_BUF);
        assert_int_equal(pcb->snd_queuelen, 0);
    }
    assert_int_equal(checked, 2);
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* Small windows: less than one MSS is left now and then, and segments are cut wherever it ends. */
static void slow_readers(void **state)
{
    static const size_t chunks[] = { 1000, 1461, 30000, 200000 };

    (void)state;
    for (unsigned int i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        fake_wire.whole = i & 1;
        transfer_both_ways(700000, 65536, chunks[i]);
    }
    fake_wire.whole = false;
}

static void short_rings(void **state)
{
    (void)state;
    fake_wire.whole = true;
    for (fake_net_ring = 1; fake_net_ring < 4; fake_net_ring++)
        transfer_both_ways(700000, 65536, 65536);
    fake_net_ring = 256;
    fake_wire.whole = false;
}

/* As after a restore to another backend, with large segments queued and on their way. */
static void offload_comes_and_goes(void **state)
{
    int listener = fake_net_listen(PORT, 5), client = fake_net_connect(PORT);
    struct transfer forth = { .from = client, .length = LENGTH, .chunk = 65536 };
    int server = accept(listener, NULL, NULL);
    size_t done = 0;

    (void)state;
    thread_create("forth", sender, &forth);
    while (done < LENGTH) {
        static uint8_t block[50000];
        ssize_t part = recv(server, block, sizeof(block), 0);
        struct net_device *device = fake_net_device(0);

        assert_true(part > 0);
        for (ssize_t i = 0; i < part; i++)
            assert_int_equal(block[i], stream_byte(done + (size_t)i));
        done += (size_t)part;
        device->transmit_large_ipv4 = (done / 400000) % 2 == 0;
        device->changed(device);
    }
    fake_run_others();
    assert_true(forth.ended);
    fake_net_device(0)->transmit_large_ipv4 = true;
    fake_net_device(0)->changed(fake_net_device(0));
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
}

/* Many allocations fail in the middle of a transfer: it goes on. */
static void memory_comes_and_goes(void **state)
{
    unsigned int at;

    (void)state;
    for (at = 1; at < 40; at++) {
        fake_net_pressure();
        fake_fail_at = 37 * at;
        fake_wire.lose = at % 3 == 0 ? 5 : 0;
        transfer_both_ways(150000, 65536, 20000);
        fake_fail_at = 0;
    }
    fake_wire.lose = 0;
}

static int start_large(void **state)
{
    (void)state;
    fake_net_large = true;
    fake_net_start(true, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_frames),
        cmocka_unit_test(one_waits_for_arp),
        cmocka_unit_test(one_is_acknowledged_at_once),
        cmocka_unit_test(a_loss_is_repeated_alone),
        cmocka_unit_test(accounts_balance),
        cmocka_unit_test(slow_readers),
        cmocka_unit_test(short_rings),
        cmocka_unit_test(offload_comes_and_goes),
        cmocka_unit_test(memory_comes_and_goes),
        cmocka_unit_test(clean_wire),
        cmocka_unit_test(bad_wire),
        cmocka_unit_test(small_ring),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(many_closed_at_once),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(nobody_reads),
        cmocka_unit_test(tiny_segments),
        cmocka_unit_test(allocations_fail),
    };

    (void)plain_main;
    return cmocka_run_group_tests_name("socket_large", tests, start_large, NULL);
}
