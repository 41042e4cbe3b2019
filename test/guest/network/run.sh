# SPDX-License-Identifier: MIT
# timeout: 240
# types: pvh
# The network as a guest uses it: a static address, ping, IPv6, name lookups, TCP and UDP both
# ways, connections that fail, two NICs, DHCP that comes late or never, no NIC; and after all of
# it nothing more in use than before.
ADDRESS=10.99.0.50

# bulk NUMBER FILE: streams of the file's size in both directions, with the guest as client.
bulk() {
    local wanted length port=$((7000 + $1))
    length=$(stat -c %s "$2")
    wanted=$(ask network sum "$length")
    socat -u "TCP-LISTEN:$port,reuseaddr" OPEN:"in.$1",creat,trunc &
    wait_for 10 listening $port || fail "socat does not listen"
    expect "stream $1 sent by the guest" "$wanted" "$(ask network send 10.99.0.1 $port "$length")"
    wait $!
    expect "stream $1 as dom0 has it" "$wanted" "$(cksum <"in.$1")"

    socat -u OPEN:"$2" "TCP-LISTEN:$port,reuseaddr" &
    wait_for 10 listening $port || fail "socat does not listen"
    expect "stream $1 received by the guest" "$(cksum <"$2")" \
        "$(ask network receive 10.99.0.1 $port)"
    wait $!
}

listening() { ss -Htln "sport = :$1" | grep -q .; }

# together: four streams in each direction at the same time.
together() {
    local number wanted
    local -a jobs=()
    wanted=$(cksum <small)
    for number in 1 2 3 4; do
        socat -t 30 - "TCP:$ADDRESS:9" <small >"sum.$number" & jobs+=($!)
        { echo 262144 | socat -t 30 - "TCP:$ADDRESS:19" | cksum >"out.$number"; } & jobs+=($!)
    done
    wait "${jobs[@]}"
    for number in 1 2 3 4; do
        expect "stream in $number of 4" "$wanted" "$(<"sum.$number")"
        expect "stream out $number of 4" "$(<out.1)" "$(<"out.$number")"
    done
    expect "streams out" "$(ask network sum 262144)" "$(<out.1)"
}

datagrams() { # ADDRESS
    python3 echo.py "$1" || fail "UDP echo of $1"
    ok "UDP echo of $1"
}

load() {
    ping -q -c 5 -i 0.05 -W 3 $ADDRESS >/dev/null || fail "no answer to ping"
    ping -q -c 3 -i 0.05 -W 3 -s 1400 $ADDRESS >/dev/null || fail "no answer to ping of 1400 bytes"
    ping -q -c 3 -i 0.05 -W 3 -s 4000 $ADDRESS >/dev/null || fail "no answer to ping of 4000 bytes"
    ok "ping of 64, 1400 and 4000 bytes"
    datagrams $ADDRESS
    together
}

# stream ADDRESS: through the guest's port 9.
stream() {
    expect "stream to $1" "$(cksum <small)" "$(socat -t 30 - "TCP:$1:9" <small)"
}

head -c 1048576 /dev/urandom >data
head -c 262144 data >small

note "a static address; beside it a guest with two NICs that finds no DHCP server"
create network.cfg 'name="late"' "extra = 'net.wait=1'" \
    "vif = [ 'bridge=xenbr0', 'bridge=xenbr0' ]"
create network.cfg "extra = 'ip=$ADDRESS/24,gateway=10.99.0.1,dns=10.99.0.1'"
wait_console network 'services are up' 30
expect_console network "eth0: $ADDRESS/24 gateway 10.99.0.1 name server 10.99.0.1 \(static\)"
load

note "the DHCP server comes late"
wait_console late 'services are up' 30
wait_console late 'eth0: no DHCP server answers; still trying' 30
wait_console late 'eth1: no DHCP server answers; still trying' 5
start_network

note "IPv6, by router advertisement"
IFS=: read -r -a MAC <<<"$(guest_mac network)"
SIX=$(printf 'fd99::%x:%x:%x:%x' $(((0x${MAC[0]} ^ 2) << 8 | 0x${MAC[1]})) \
    $((0x${MAC[2]} << 8 | 0xff)) $((0xfe00 | 0x${MAC[3]})) $((0x${MAC[4]} << 8 | 0x${MAC[5]})))
wait_for 30 ping -6 -q -c 1 -W 1 "$SIX" >/dev/null || fail "no answer to ping of $SIX"
ping -6 -q -c 3 -i 0.05 -W 3 -s 4000 "$SIX" >/dev/null || fail "no answer to long IPv6 ping"
ok "ping of $SIX"
datagrams "$SIX"
stream "[$SIX]"

note "names"
has_both() {
    [[ " $2 " == *" 10.99.0.1 "* && " $2 " == *" fd99::1 "* ]] || fail "$1 is '$2'"
    ok "$1 is $2"
}
has_both www.test "$(ask network lookup www.test)"
has_both alias.test "$(ask network lookup alias.test)"
expect "four.test" 10.99.0.1 "$(ask network lookup four.test)"
expect "six.test" fd99::1 "$(ask network lookup six.test)"
none=$(ask network lookup none.test)
[[ $none == failed:* ]] || fail "none.test is '$none'"
ok "none.test: $none"

note "connections that fail"
expect "closed port" "Connection refused" "$(ask network connect 10.99.0.1 81)"
expect "closed port, IPv6" "Connection refused" "$(ask network connect fd99::1 81)"
none=$(ask network connect 10.99.0.99 80)
[[ $none == *imed\ out* || $none == *nreachable* ]] || fail "connection to nobody: $none"
ok "connection to nobody: $none"
refused=$(curl -s -o /dev/null "http://$ADDRESS:81/" || echo $?)
expect "curl's status of the guest's closed port" 7 "$refused"

note "streams, and what they leave"
bulk 1 small
before=$(usage network)
load
bulk 2 data
# The heap keeps what the most data under way at one time have needed: up to a quarter of memory.
expect_usage network "$before" 8
ask network end >/dev/null
expect_shutdown network poweroff
expect_console network 'verdict: all checks passed'
destroy network

note "two NICs with addresses from DHCP"
complaints=$(grep -ac 'eth0: no DHCP server answers' "$CONSOLES/guest-late.log")
expect "complaints about DHCP" 1 "$complaints"
for number in 0 1; do
    address=$(guest_ip late 60 $number)
    wait_console late "eth$number: $address/24 gateway 10.99.0.1 name server 10.99.0.1 \(DHCP\)" 10
    ping -q -c 3 -i 0.05 -W 3 "$address" >/dev/null || fail "eth$number does not answer"
    stream "$address"
done

note "one of them goes"
xl network-detach late 1
wait_console late 'eth1: (link is down|gone|removed)' 20
stream "$(guest_ip late)"
expect "four.test" 10.99.0.1 "$(ask late lookup four.test)"
destroy late

note "no NIC"
create network.cfg 'vif = [ ]'
wait_console network 'services are up' 30
expect_console network 'net: no network device'
none=$(ask network connect 10.99.0.1 80)
[[ $none == *nreachable* ]] || fail "connection without a NIC: $none"
ok "connection without a NIC: $none"
destroy network
