# SPDX-License-Identifier: MIT
# timeout: 240
# types: pvh
# Netback filters for the guest: frames for groups that it has joined arrive, others do not, and
# neighbour discovery goes on; also after a restore, behind a backend that was bound anew, and when
# the guest wants more groups than the backend can note, which lets all of them pass.
ADDRESS=10.99.0.50
CLIENT=10.99.0.2
JOINED=239.1.2.3
OTHER=239.1.2.4
SIX=ff15::1:2
COUNT=100

# Netback filters what comes from another device of the bridge, not what dom0 itself sends.
start_far $CLIENT/24 fd99::2/64
coproc far python3 -BS ./send.py
exec 3>&"${COPROC[1]}" 4<&"${COPROC[0]}" # those of a coprocess are closed in a $(subshell)

# arrive GROUP: how many frames come in, and datagrams for the guest's application; a few frames of
# others may come meanwhile.
arrive() {
    local before after
    read -r before _ <<<"$(ask network heard)"
    echo "$1 $COUNT" >&3
    read -r _ <&4
    nap 0.5
    read -r -a after <<<"$(ask network heard)"
    echo $((after[0] - before)) "${after[1]}"
}
passes() { # GROUP: with data for the application
    local frames heard
    read -r frames heard <<<"$(arrive "$1")"
    ((frames >= COUNT && heard == COUNT)) || fail "$1: $frames frames, $heard datagrams of $COUNT"
    ok "$1: $frames frames, $heard datagrams of $COUNT"
}
held_back() { # GROUP
    local frames heard
    read -r frames heard <<<"$(arrive "$1")"
    ((frames < COUNT / 2 && heard == 0)) || fail "$1: $frames frames, $heard datagrams of $COUNT"
    ok "$1: $frames frames, $heard datagrams of $COUNT"
}
floods() { # GROUP: the frames come, nobody wants them
    local frames heard
    read -r frames heard <<<"$(arrive "$1")"
    ((frames >= COUNT && heard == 0)) || fail "$1: $frames frames, $heard datagrams of $COUNT"
    ok "$1: $frames frames, though nobody has joined"
}
neighbours() { # addresses are asked for anew, by groups of the guest's
    local address
    for address in "$GLOBAL" "$LOCAL%eth0"; do
        far ip neigh flush dev eth0
        far ping -6 -q -c 2 -i 0.2 -W 5 "$address" >/dev/null || fail "$address does not answer"
    done
    far ping -q -c 1 -W 5 $ADDRESS >/dev/null || fail "$ADDRESS does not answer"
    ok "neighbours find $GLOBAL and $LOCAL"
}
all_groups() {
    passes $JOINED
    passes $SIX
    held_back $OTHER
    held_back ff15::1:3
    neighbours
}

create network.cfg "extra = 'ip=$ADDRESS/24,gateway=10.99.0.1 ip6=fd99::50/64'"
wait_console network 'services are up' 30
xs_wait network device/vif/0/request-multicast-control 1 10
IFS=: read -r -a MAC <<<"$(guest_mac network)"
GLOBAL=fd99::50
LOCAL=$(printf 'fe80::%x:%x:%x:%x' $(((0x${MAC[0]} ^ 2) << 8 | 0x${MAC[1]})) \
    $((0x${MAC[2]} << 8 | 0xff)) $((0xfe00 | 0x${MAC[3]})) $((0x${MAC[4]} << 8 | 0x${MAC[5]})))
wait_for 20 far ping -6 -q -c 1 -W 1 $GLOBAL >/dev/null || fail "$GLOBAL does not answer"
held_back $JOINED
expect "$JOINED" joined "$(ask network join $JOINED)"
expect "$SIX" joined "$(ask network join $SIX)"
all_groups

note "with the filter off, as dom0 wants it for a moment, the same frames arrive"
xenstore-write "/local/domain/$(domid network)/device/vif/0/request-multicast-control" 0
nap 0.5
floods $OTHER
xenstore-write "/local/domain/$(domid network)/device/vif/0/request-multicast-control" 1
nap 0.5
held_back $OTHER

note "a group that is left"
expect "$JOINED" left "$(ask network leave $JOINED)"
held_back $JOINED
expect "$JOINED" joined "$(ask network join $JOINED)"
passes $JOINED

note "saved and restored"
save_restore network
xs_wait network device/vif/0/request-multicast-control 1 20
wait_for 20 far ping -q -c 1 -W 1 $ADDRESS >/dev/null || fail "$ADDRESS does not answer"
all_groups

note "the driver in dom0 is unbound and bound: its list is empty at first"
unbind_backend vif network 0
nap 1
bind_backend vif network 0
wait_for 20 far ping -q -c 1 -W 1 $ADDRESS >/dev/null || fail "$ADDRESS does not answer"
all_groups

note "more groups than the backend can note: all pass, until the next connection"
before=$(usage network)
expect "62 groups more" joined "$(ask network crowd 62)"
xs_wait network device/vif/0/request-multicast-control 0 10
nap 0.5
floods $OTHER
passes $JOINED
neighbours
expect "62 groups" left "$(ask network disperse)"
expect_usage network "$before" 64
save_restore network
xs_wait network device/vif/0/request-multicast-control 1 20
wait_for 20 far ping -q -c 1 -W 1 $ADDRESS >/dev/null || fail "$ADDRESS does not answer"
all_groups
ask network end >/dev/null
expect_shutdown network poweroff
expect_console network 'verdict: all checks passed'
