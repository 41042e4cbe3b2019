# SPDX-License-Identifier: MIT
# timeout: 240
# types: pvh
# Several queues of one card, where netback offers them: all are used, in both directions, and no
# flow's frames overtake each other; a backend with another number, after a restore; fewer queues by
# the command line and in a guest with little memory.
ADDRESS=10.99.0.50
MAX=/sys/module/xen_netback/parameters/max_queues
ROOM=/sys/kernel/debug
LENGTH=65536

offered=$(<$MAX)
at_end "echo $offered >$MAX"
mount -t debugfs debugfs $ROOM
at_end "umount $ROOM"
head -c $LENGTH /dev/urandom >data

# produced NUMBER: of the backend's queue, the requests and responses that there were: to the guest,
# and from it.
produced() {
    sed -n 's/^req prod \([0-9]*\) .*/\1/p; s/^rsp prod \([0-9]*\) .*/\1/p' \
        "$ROOM/xen-netback/vif$(domid network).0/io_ring_q$1" | tr '\n' ' '
}

# alive QUEUES: the card has so many, both sides say so, and streams and datagrams pass.
alive() {
    local number wanted card
    local -a jobs=() begin=()
    card=device/vif/0
    xs_wait network $card/state 4
    wait_for 20 ping -q -c 1 -W 1 $ADDRESS >/dev/null || fail "$ADDRESS does not answer"
    expect "queues" "$1" "$(xs_read network $card/multi-queue-num-queues || echo 1)"
    expect "queues in dom0" "$1" \
        "$(find "/sys/class/net/vif$(domid network).0/queues/" -name 'rx-*' | wc -l)"
    for ((number = 0; number < $1; number++)); do begin+=("$(produced $number)"); done
    wanted=$(cksum <data)
    for number in 1 2; do
        socat -t 30 - "TCP:$ADDRESS:9" <data >"sum.$number" & jobs+=($!)
        { echo $LENGTH | socat -t 30 - "TCP:$ADDRESS:19" | cksum >"out.$number"; } & jobs+=($!)
    done
    wait "${jobs[@]}"
    for number in 1 2; do
        expect "stream in $number" "$wanted" "$(<"sum.$number")"
        expect "stream out $number" "$(ask network sum $LENGTH)" "$(<"out.$number")"
    done
    python3 -BS flows.py $ADDRESS || fail "UDP echo"
    for ((number = 0; number < $1; number++)); do used $number "${begin[number]}"; done
}

# used NUMBER BEFORE: all four of the queue's numbers have grown.
used() {
    local -a then now
    local i
    read -r -a then <<<"$2"
    read -r -a now <<<"$(produced "$1")"
    for i in 0 1 2 3; do
        ((now[i] > then[i])) || fail "queue $1 was not used: $2, then ${now[*]}"
    done
    ok "queue $1: $2, then ${now[*]}"
}

echo 4 >$MAX
create network.cfg 'memory = 72' "extra = 'ip=$ADDRESS/24,gateway=10.99.0.1 ip6=off'"
wait_console network 'services are up' 30
expect_console network 'eth0: .* 4 queues, 256 receive pages'
alive 4
before=$(usage network)

note "a backend with one queue, and then one with more than we take"
echo 1 >$MAX
save_restore network
alive 1
echo 16 >$MAX
save_restore network
alive 4
expect_usage network "$before" 64

note "the driver in dom0 is unbound and bound"
unbind_backend vif network 0
nap 1
bind_backend vif network 0
alive 4
ask network end >/dev/null
expect_shutdown network poweroff
expect_console network 'verdict: all checks passed'
destroy network

note "the command line allows two; and little memory"
create network.cfg 'memory = 72' "extra = 'net.queues=2 ip=$ADDRESS/24,gateway=10.99.0.1 ip6=off'"
wait_console network 'eth0: .* 2 queues, 256 receive pages' 30
wait_console network 'services are up' 30
alive 2
destroy network
create network.cfg 'memory = 8' "extra = 'ip=$ADDRESS/24,gateway=10.99.0.1 ip6=off'"
wait_console network 'eth0: .* 1 queue, 64 receive pages' 30
destroy network
