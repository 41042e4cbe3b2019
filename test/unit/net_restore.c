/* SPDX-License-Identifier: MIT */
// SRCS: $(NET_FAKES) $(TEST_NET)
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * TCP connections when the domain is saved, restored or not: what peers are told, and that nobody
 * waits for a retransmission timer, which would take a second here.
 */
#include "net_fakes.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "lib/base/suspend.h"
#include "lib/sched/sched.h"
#include "../../net/lwip/lwip_hooks.h"
#include "../../net/net_internal.h"

#define PORT 80
#define SOON MILLISECONDS(5)

extern const struct suspend_hooks *const suspend_hooks_start[];
extern const struct suspend_hooks *const suspend_hooks_end[];

static int listener, client, server;
static unsigned int open_windows, closed_windows; /* in frames of established connections */

static bool look_at_window(unsigned int from, const uint8_t *frame, size_t length)
{
    (void)from;
    if (length >= 54 && frame[12] == 8 && frame[23] == 6 && !(frame[47] & 2)) {
        if (frame[48] == 0 && frame[49] == 0)
            closed_windows++;
        else
            open_windows++;
    }
    return true;
}

static int set_up(void **state)
{
    struct timeval patience = { .tv_sec = 200 };

    (void)state;
    listener = fake_net_listen(PORT, 5);
    client = fake_net_connect(PORT);
    server = accept(listener, NULL, NULL);
    assert_true(client >= 0 && server >= 0);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    fake_net_sleep(SECONDS(1));
    fake_wire.tap = look_at_window;
    open_windows = closed_windows = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_wire.cut = false;
    fake_wire.tap = NULL;
    close(client);
    close(server);
    close(listener);
    fake_net_check_leftovers();
    return 0;
}

static void say(int from, const char *text)
{
    assert_int_equal(send(from, text, strlen(text), 0), strlen(text));
}

/* The text arrives there, and within the time. */
static void hear(int to, const char *text, uint64_t within)
{
    char buffer[100];
    uint64_t before = clock_monotonic();

    assert_int_equal(recv(to, buffer, strlen(text), MSG_WAITALL), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
    assert_true(clock_monotonic() - before <= within);
}

static bool silent(int descriptor)
{
    char byte;

    return recv(descriptor, &byte, 1, MSG_DONTWAIT) < 0;
}

/*
 * What is on its way is taken and acknowledged; new data stays with its sender until the end. (Both
 * ends are of one stack here, so neither takes anything new.)
 */
static void cancelled(void **state)
{
    (void)state;
    say(client, "on its way");
    assert_int_equal(net_peers_hold(deadline_after(SECONDS(1))), 0);
    hear(server, "on its way", 0);
    assert_int_equal(closed_windows, 2);
    open_windows = 0;
    say(client, "kept");
    fake_net_sleep(MILLISECONDS(400));
    assert_int_equal(closed_windows, 3);
    assert_int_equal(open_windows, 0);
    assert_true(silent(server));
    net_peers_cancel();
    hear(server, "kept", SOON);
    say(client, "and more");
    hear(server, "and more", MILLISECONDS(300)); /* Nagle waits for a delayed acknowledgement */
}

/* Without connections nobody is waited for; a second cancel is none. */
static void nobody(void **state)
{
    uint64_t before = clock_monotonic();

    (void)state;
    assert_int_equal(net_peers_hold(deadline_after(SECONDS(1))), 0);
    assert_true(clock_monotonic() == before);
    net_peers_cancel();
    net_peers_cancel();
}

static void arrive(void)
{
    struct net_device *device = fake_net_device(1);

    device->moved = true;
    device->changed(device);
}

/* Both ends have sent what was lost, or could not be sent, between the two places. */
static void restored(void **state)
{
    (void)state;
    net_peers_hold(deadline_after(SECONDS(1)));
    fake_wire.cut = true;
    say(client, "from the peer");
    say(server, "from here");
    fake_net_sleep(MILLISECONDS(300));
    fake_wire.cut = false;
    net_peers_cancel(); /* as the new domain's `forget` does */
    arrive();
    hear(client, "from here", SOON);
    hear(server, "from the peer", SOON);
}

/* What was sent from here and lost is sent again at once. */
static void lost(void **state)
{
    (void)state;
    fake_wire.cut = true;
    say(server, "from here");
    fake_net_sleep(MILLISECONDS(10));
    fake_wire.cut = false;
    arrive();
    hear(client, "from here", SOON);
}

/* What was sent and lost so often that lwIP's timer had become slow is not: it begins anew. */
static void lost_for_long(void **state)
{
    (void)state;
    fake_wire.cut = true;
    say(server, "from here");
    fake_net_sleep(SECONDS(100));
    arrive(); /* too early: this one is lost as well, and the next */
    fake_net_sleep(MILLISECONDS(2500));
    fake_wire.cut = false;
    hear(client, "from here", SECONDS(4));
}

static bool refuses(int from)
{
    static const char text[1000];

    while (send(from, text, sizeof(text), MSG_DONTWAIT) > 0)
        fake_net_sleep(MILLISECONDS(1));
    return errno == EAGAIN;
}

static size_t empty(int from)
{
    char buffer[5000];
    ssize_t length;
    size_t sum = 0;

    while ((length = recv(from, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
        sum += (size_t)length;
    return sum;
}

/* The server's end is the one that moves: the client's says nothing unless it is asked. */
static bool asked;

static bool answer_only(unsigned int from, const uint8_t *frame, size_t length)
{
    if (from == 1 && length > 54 && frame[23] == 6)
        asked = true;
    return from == 1 || asked;
}

/* The peer's window was closed, and its news that it is open again are lost: it is asked. */
static void news_of_the_peer_lost(void **state)
{
    (void)state;
    assert_true(refuses(server));
    fake_net_sleep(SECONDS(100)); /* our probes have become rare */
    fake_wire.cut = true;
    assert_true(empty(client) > 0);
    fake_net_sleep(MILLISECONDS(10));
    assert_int_equal(empty(client), 0);
    fake_wire.cut = false;
    fake_wire.tap = answer_only;
    arrive();
    fake_net_sleep(MILLISECONDS(300)); /* its acknowledgement is a delayed one */
    assert_true(asked);
    assert_true(empty(client) > 10000);
}

/* The news of the open window are lost: they come again with the next announcement. */
static void news_lost(void **state)
{
    (void)state;
    net_peers_hold(deadline_after(SECONDS(1)));
    fake_net_sleep(SECONDS(30)); /* the peer's probes have become rare */
    fake_wire.cut = true;
    say(client, "patience");
    fake_net_sleep(SECONDS(60));
    net_peers_cancel();
    arrive();
    fake_net_sleep(MILLISECONDS(500));
    assert_true(silent(server));
    fake_wire.cut = false;
    hear(server, "patience", MILLISECONDS(600));
}

/* Two copies of a guest must not draw the same numbers: the secret behind them is drawn anew. */
static void another_secret(void **state)
{
    ip_addr_t ends[2] = { IPADDR4_INIT_BYTES(10, 0, 0, 1), IPADDR4_INIT_BYTES(10, 0, 0, 2) };
    uint32_t before = net_tcp_initial_sequence(&ends[0], 1, &ends[1], 2);

    (void)state;
    assert_int_equal(net_tcp_initial_sequence(&ends[0], 1, &ends[1], 2), before);
    for (const struct suspend_hooks *const *hooks = suspend_hooks_start; hooks < suspend_hooks_end;
         hooks++) {
        if ((*hooks)->resume)
            (*hooks)->resume();
    }
    assert_int_not_equal(net_tcp_initial_sequence(&ends[0], 1, &ends[1], 2), before);
}

static int start(void **state)
{
    (void)state;
    fake_net_start(false, "10.0.0.1/24", "10.0.0.2/24");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cancelled, set_up, tear_down),
        cmocka_unit_test(nobody),
        cmocka_unit_test_setup_teardown(restored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_for_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_of_the_peer_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_lost, set_up, tear_down),
        cmocka_unit_test(another_secret),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
