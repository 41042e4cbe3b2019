# SPDX-License-Identifier: MIT
# timeout: 240
# types: pvh
# A wire that loses, reorders, doubles and damages frames, in both directions: streams arrive as
# they were sent, with large TCP segments on it. A flood of the smallest frames: each that the
# backend took is delivered or counted. And frames beyond 1,500 bytes.
ADDRESS=10.99.0.50
CLIENT=10.99.0.2

# Either direction leaves dom0's bridge by a device that netem can spoil.
start_far $CLIENT/24

counter() { sed -n "s/.*$1=\([0-9]*\).*/\1/p" <<<"$2"; }

spoil() { # NETEM-WORDS...
    tc qdisc replace dev "$VIF" root netem "$@"
    tc qdisc replace dev near root netem "$@"
}

heal() {
    tc qdisc del dev "$VIF" root
    tc qdisc del dev near root
}

# streams WHAT: one in, one out.
streams() {
    expect "stream in, $1" "$(cksum <data)" "$(far socat -t 60 - "TCP:$ADDRESS:9" <data)"
    expect "stream out, $1" "$WANTED" "$(echo $LENGTH | far socat -t 60 - "TCP:$ADDRESS:19" | cksum)"
}

LENGTH=1000000
head -c $LENGTH /dev/urandom >data
create network.cfg "extra = 'ip=$ADDRESS/24 ip6=off'"
wait_console network 'services are up' 30
VIF=vif$(domid network).0
WANTED=$(ask network sum $LENGTH)
streams "a good wire"
frames=$(ask network frames)
note "$frames"
(($(counter received_large "$frames") > 5)) || fail "no large TCP segments came in"
(($(counter sent_large "$frames") > 5)) || fail "no large TCP segments went out"
ok "large TCP segments both ways"
before=$(usage network)

LENGTH=300000
head -c $LENGTH data >less && mv less data
WANTED=$(ask network sum $LENGTH)
spoil loss 1%
streams "1% lost"
spoil delay 2ms reorder 20% 50%
streams "20% out of order"
spoil duplicate 10%
streams "10% doubled"
spoil corrupt 1%
streams "1% damaged"
spoil delay 1ms 1ms loss 0.5% duplicate 2% corrupt 0.5%
streams "all of it"
heal
expect_usage network "$before" 8

note "a flood"
taken() { cat "/sys/class/net/$VIF/statistics/tx_packets"; }
frames=$(ask network frames)
took=$(taken)
back=$(python3 flood.py $ADDRESS 3000)
now=$(ask network frames)
took=$(($(taken) - took))
note "before: $frames"
note "after:  $now"
delta() { echo $(($(counter "$1" "$now") - $(counter "$1" "$frames"))); }
expect "frames that the guest has of those that the backend took" $took \
    $(($(delta received) + $(delta receive_dropped) + $(delta receive_errors)))
# A few of the frames are of others: ARP, multicast reports.
found=$((back + $(delta datagrams_dropped) + $(delta send_dropped)))
((found <= $(delta received) && found >= $(delta received) - 10)) ||
    fail "$(delta received) frames came in, and $found went back or were counted"
((back > 100)) || fail "hardly any came back: $back"
ok "$back of 3000 came back, $(delta datagrams_dropped) were dropped for want of room"
ask network end >/dev/null
expect_shutdown network poweroff
destroy network

note "an MTU of 4,000 bytes"
create network.cfg "extra = 'ip=$ADDRESS/24 ip6=off'" "vif = [ 'bridge=xenbr0,mtu=4000' ]"
wait_console network 'services are up' 30
expect_console network 'eth0: .*, mtu 4000,'
for device in "vif$(domid network).0" near xenbr0; do
    ip link set "$device" mtu 4000
done
ip -n far link set eth0 mtu 4000
far ping -q -M do -c 3 -i 0.05 -W 3 -s 3972 $ADDRESS >/dev/null || fail "no answer to 4000 bytes"
ok "ping of 4000 bytes, not fragmented"
streams "large frames"
