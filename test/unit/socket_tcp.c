/* SPDX-License-Identifier: MIT */
// SRCS: test/unit/fakes.c test/unit/net_fakes.c net/netdev.c net/stack.c net/interface.c net/memory.c net/checksum.c net/hooks.c net/timers.c net/config.c net/configure.c net/address_text.c net/usage.c net/socket.c net/socket_calls.c net/socket_transfer.c net/socket_file.c net/socket_address.c net/socket_options.c net/socket_tcp.c net/socket_tcp_data.c net/socket_udp.c net/resolver.c net/addrinfo.c net/inet.c lib/posix/file.c lib/posix/poll.c lib/posix/descriptor.c lib/posix/io_read.c lib/posix/io_write.c
// LWIP: yes
// CFLAGS: -include test/unit/net_names.h -Wl,-T,test/unit/sets.ld
/*
 * TCP sockets over lwIP, between two interfaces of one stack.
 */
#include "net_fakes.h"

#include <errno.h>
#include <string.h>

static void hello(void **state)
{
    int listener = fake_net_listen(80, 5), client = fake_net_connect(80), server;
    char buffer[100];

    (void)state;
    assert_true(client >= 0);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    assert_int_equal(send(client, "hello", 5, 0), 5);
    assert_int_equal(recv(server, buffer, sizeof(buffer), 0), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(close(client), 0);
    assert_int_equal(recv(server, buffer, sizeof(buffer), 0), 0);
    assert_int_equal(close(server), 0);
    assert_int_equal(close(listener), 0);
    fake_net_check_leftovers();
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
        cmocka_unit_test(hello),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
