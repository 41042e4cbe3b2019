/* SPDX-License-Identifier: MIT */
// SRCS: test/unit/fakes.c net/config.c net/address_text.c
// CFLAGS: -Wl,-T,test/unit/sets.ld
/*
 * The network's words on the command line, and addresses as text.
 */
#include "fakes.h"

#include <errno.h>
#include <string.h>

#include "../../net/address_text.h"
#include "../../net/net_internal.h"
#include "lib/base/commandline.h"

extern const struct commandline_option *const commandline_options_start[];
extern const struct commandline_option *const commandline_options_end[];

static int set(const char *name, const char *value)
{
    const struct commandline_option *const *option;

    for (option = commandline_options_start; option < commandline_options_end; option++) {
        if (strcmp((*option)->name, name) == 0)
            return (*option)->set(value);
    }
    return -ENOENT;
}

static void static_address(void **state)
{
    const struct net_config *config = net_config_of(1);

    (void)state;
    assert_int_equal(config->ipv4_mode, NET_ADDRESS_AUTOMATIC);
    assert_int_equal(set("ip.eth1", "192.168.7.9/20,gateway=192.168.0.1,dns=10.0.0.1,dns=fd00::1"),
                     0);
    assert_int_equal(config->ipv4_mode, NET_ADDRESS_STATIC);
    assert_int_equal(config->address.addr, __builtin_bswap32(0xc0a80709));
    assert_int_equal(config->netmask.addr, __builtin_bswap32(0xfffff000));
    assert_int_equal(config->gateway.addr, __builtin_bswap32(0xc0a80001));
    assert_int_equal(config->name_server_count, 2);
    assert_int_equal(config->name_servers[1].type, IPADDR_TYPE_V6);
    assert_int_equal(net_config_of(0)->ipv4_mode, NET_ADDRESS_AUTOMATIC);
    assert_int_equal(set("ip.eth1", "off"), 0);
    assert_int_equal(config->ipv4_mode, NET_ADDRESS_OFF);
    assert_int_equal(set("ip", "10.0.0.1/32"), 0);
    assert_int_equal(net_config_of(0)->netmask.addr, 0xffffffff);
    assert_int_equal(set("ip", "dhcp"), 0);
    assert_int_equal(net_config_of(0)->ipv4_mode, NET_ADDRESS_AUTOMATIC);
    assert_int_equal(net_config_of(99)->ipv4_mode, NET_ADDRESS_AUTOMATIC);
}

static void ipv6_address(void **state)
{
    (void)state;
    assert_int_equal(set("ip6.eth2", "fd00:1::5/64,gateway=fe80::1"), 0);
    assert_int_equal(net_config_of(2)->ipv6_mode, NET_ADDRESS_STATIC);
    assert_int_equal(net_config_of(2)->ipv6_address.addr[0], __builtin_bswap32(0xfd000001));
    assert_int_equal(net_config_of(2)->ipv6_gateway.addr[3], __builtin_bswap32(1));
    assert_int_equal(set("ip6", "off"), 0);
    assert_int_equal(set("ip6", "auto"), 0);
}

/* Refused as a whole: the interface keeps what it had. */
static void garbage(void **state)
{
    static const char *const words[] = {
        "",
        "10.0.0.1",
        "10.0.0.1/",
        "10.0.0.1/33",
        "10.0.0.1/0",
        "10.0.0/8",
        "10.0.0.256/8",
        "10.0.0.01/8",
        "10.0.0.1/8,",
        "10.0.0.1/8,gateway",
        "10.0.0.1/8,gateway=",
        "10.0.0.1/8,gateway=x",
        "10.0.0.1/8,dns=",
        "10.0.0.1/8,,",
        "0.0.0.0/8",
        "10.0.0.1/8,dns=1.1.1.1,dns=1.1.1.1,dns=1.1.1.1,dns=1.1.1.1",
        "10.0.0.1/8 ",
        " 10.0.0.1/8",
        "DHCP",
        "dhcp,dns=1.1.1.1",
        "224.0.0.1/8",
        "1.2.3.4.5/8",
        "fd00::1/64",
        "10.0.0.1/+8",
        "10.0.0.1/8/8",
        "99999999999999999999/8",
    };
    static const char *const words6[] = {
        "",
        "fd00::1",
        "fd00::1/48",
        "fd00::1/640",
        "::/64",
        "ff02::1/64",
        "10.0.0.1/64",
        "dhcp",
        "fd00::1/64,gateway=10.0.0.1",
        "fd00:::1/64",
        "1:2:3:4:5:6:7:8:9/64",
        "fd00::g/64",
        "fd00::12345/64",
    };
    size_t index;

    (void)state;
    assert_int_equal(set("ip.eth3", "10.1.1.1/8"), 0);
    for (index = 0; index < sizeof(words) / sizeof(words[0]); index++) {
        if (set("ip.eth3", words[index]) != -EINVAL)
            fail_msg("taken: \"%s\"", words[index]);
        assert_int_equal(net_config_of(3)->address.addr, __builtin_bswap32(0x0a010101));
        assert_int_equal(net_config_of(3)->name_server_count, 0);
    }
    for (index = 0; index < sizeof(words6) / sizeof(words6[0]); index++) {
        if (set("ip6.eth3", words6[index]) != -EINVAL)
            fail_msg("taken: \"%s\"", words6[index]);
    }
}

static void other_words(void **state)
{
    (void)state;
    assert_null(net_config_hostname());
    assert_int_equal(set("hostname", "web-1"), 0);
    assert_string_equal(net_config_hostname(), "web-1");
    assert_int_equal(set("hostname", ""), -EINVAL);
    assert_int_equal(set("hostname", "a b"), -EINVAL);
    assert_int_equal(set("hostname", "-a"), -EINVAL);
    assert_int_equal(net_config_wait_deadline(), SECONDS(10));
    assert_int_equal(set("net.wait", "0"), 0);
    assert_int_equal(net_config_wait_deadline(), 0);
    assert_int_equal(set("net.wait", "3601"), -EINVAL);
    assert_int_equal(set("net.wait", "-1"), -EINVAL);
    assert_int_equal(set("net.wait", "1x"), -EINVAL);
}

static void text6(const char *text, const char *canonical)
{
    uint8_t bytes[16];
    char again[NET_IPV6_TEXT];

    if (!net_parse_ipv6(text, strlen(text), bytes)) {
        if (canonical)
            fail_msg("refused: \"%s\"", text);
        return;
    }
    if (!canonical)
        fail_msg("taken: \"%s\"", text);
    assert_int_equal(net_format_ipv6(bytes, again), strlen(canonical));
    assert_string_equal(again, canonical);
}

static void ipv6_text(void **state)
{
    (void)state;
    text6("::", "::");
    text6("::1", "::1");
    text6("1::", "1::");
    text6("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    text6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    text6("1:0:0:2:0:0:0:3", "1:0:0:2::3");
    text6("0:0:0:0:0:0:0:1", "::1");
    text6("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
    text6("::ffff:1.2.3.4", "::ffff:1.2.3.4");
    text6("64:ff9b::1.2.3.4", "64:ff9b::102:304");
    text6("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
    text6("", NULL);
    text6(":", NULL);
    text6(":::", NULL);
    text6("1::2::3", NULL);
    text6("1:2:3:4:5:6:7", NULL);
    text6("1:2:3:4:5:6:7:8:9", NULL);
    text6("1:2:3:4:5:6:7:8::", NULL);
    text6(":1:2:3:4:5:6:7", NULL);
    text6("1:2:3:4:5:6:7:", NULL);
    text6("1.2.3.4::", NULL);
    text6("::1.2.3", NULL);
    text6("::1.2.3.4:5", NULL);
    text6("::12345", NULL);
    text6("::1 ", NULL);
    text6("fe80::1%eth0", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(static_address), cmocka_unit_test(ipv6_address), cmocka_unit_test(garbage),
        cmocka_unit_test(other_words),    cmocka_unit_test(ipv6_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
