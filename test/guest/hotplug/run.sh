# SPDX-License-Identifier: MIT
# timeout: 600
# types: pvh
# Devices that come and go: drivers in dom0 that are unbound and bound again, backends that close,
# xl detach and attach, another disk under the same number, force in the middle of transfers,
# states that flap; and after rounds of it nothing more in use than before.
ADDRESS=10.99.0.50
head -c 1048576 /dev/urandom >b
head -c 262144 /dev/urandom >c
mkdir first second
head -c 9000 /dev/urandom >first/file
echo other >second/aaaa
cp first/file second/file
tar -C first -cf first.tar .
tar -C second -cf second.tar .
read -r -a SUM_B <<<"$(cksum b)"
read -r -a SUM_C <<<"$(cksum c)"
read -r -a SUM_FILE <<<"$(cksum first/file)"

disk() { echo "format=raw, vdev=$1, ${3:-access=ro}, target=$PWD/$2"; }
backend() { echo "/local/domain/0/backend/$1/$ID/$2"; }
detached() { ! xenstore-exists "/local/domain/$ID/device/$1/$2"; }
block_detach() {
    xl block-detach "$@" hotplug "$NUMBER" || fail "xl block-detach $*"
    wait_for 20 detached vbd "$NUMBER" || fail "vbd $NUMBER is still there"
}
# usable SLOT SUM...: the guest reads it, at the latest after some seconds.
usable() {
    local end=$((SECONDS + 20)) now
    until now=$(ask hotplug sum "$1" 1048576) && [ "$now" = "$2 $3" ]; do
        ((SECONDS < end)) || fail "slot $1 is '$now', expected '$2 $3'"
        nap 0.3
    done
    ok "slot $1 reads $now"
}
answers_with() { [ "$(ask hotplug "${@:2}")" = "$1" ]; }
_hammered() {
    NOW=$(ask hotplug hammered)
    # shellcheck disable=SC2053  # a pattern is wanted
    [[ $NOW == $1 ]]
}
hammered() { # PATTERN: what the busy thread has seen since the last time is like that, now or soon
    wait_for 20 _hammered "$1" || fail "busy disk: $NOW, expected $1"
    ok "busy disk: $NOW"
}
unharmed() { # it has not failed once, and goes on
    _hammered 'done=* failed=0 error=none' || fail "busy disk: $NOW"
    [[ $NOW == done=[1-9]* ]]
}
stream() { # a TCP stream in both directions, over listeners that stay
    expect "stream in" "$(cksum <c)" "$(socat -t 30 - "TCP:$ADDRESS:9" <c)"
}
stream_out() { echo 1048576 | socat -t 60 - "TCP:$ADDRESS:19"; }
answers() { wait_for 20 ping -q -c 1 -W 1 $ADDRESS >/dev/null || fail "no answer to ping"; }

create hotplug.cfg "extra = 'ip=$ADDRESS/24 ip.eth1=dhcp mount=/first:xvda'" \
    "disk = [ '$(disk xvda first.tar)', '$(disk xvdb b access=rw)' ]"
ID=$(domid hotplug)
wait_console hotplug 'services are up' 30
expect "open xvdb" open "$(ask hotplug open 0 /dev/xvdb)"
expect "open file" open "$(ask hotplug open 1 /first/file)"
usable 0 "${SUM_B[@]}"
usable 1 "${SUM_FILE[@]}"
stream

note "the drivers in dom0 are unbound and bound: connections go on where they stopped"
expect hammer started "$(ask hotplug hammer 0)"
stream_out | { head -c 1; until [ -e go ]; do nap 0.1; touch started; done; cat; } | cksum >out &
STREAM=$!
wait_for 20 test -e started || fail "the stream does not start"
unbind_backend vbd hotplug 51728
unbind_backend vif hotplug 0
nap 1
bind_backend vbd hotplug 51728
bind_backend vif hotplug 0
xs_wait hotplug device/vif/0/state 4
answers
touch go
wait $STREAM || fail "the stream broke"
expect "stream out over unbind and bind" "$(stream_out | cksum)" "$(<out)"
wait_for 20 unharmed || fail "busy disk: $NOW"

note "backends close and are online: errors meanwhile, then all goes on"
xenstore-write "$(backend vbd 51728)/state" 6
xenstore-write "$(backend vif 0)/state" 6
wait_console hotplug 'xvdb: the disk is gone' 10
wait_console hotplug 'eth0: link is down' 10
plug_vif hotplug
answers
stream
hammered 'done=* failed=[1-9]* error=*'
hammered 'done=[1-9]* failed=0 error=none'
expect hammer stopped "$(ask hotplug rest)"
usable 0 "${SUM_B[@]}"
expect "contents of b" "${SUM_B[*]}" "$(cksum b)"

note "another disk under the number, read-only; the first one again"
NUMBER=51728
block_detach
expect "xvdb without a disk" "No such device" "$(ask hotplug sum 0 100)"
expect "write without a disk" "No such device" "$(ask hotplug put 0 0 text)"
xl block-attach hotplug "$(disk xvdb c devtype=cdrom)" || fail "xl block-attach of a cdrom"
usable 0 "${SUM_C[@]}"
expect "write to a cdrom" "Read-only file system" "$(ask hotplug put 0 0 text)"
block_detach
xl block-attach hotplug "$(disk xvdb b access=rw)" || fail "xl block-attach"
usable 0 "${SUM_B[@]}"
# What the busy disk had not written when its backend closed is lost, and that is told once, here.
ask hotplug put 0 1000 changed >/dev/null
expect "write" written "$(ask hotplug put 0 1000 changed)"
expect "what dom0 sees" changed "$(dd if=b bs=1 skip=1000 count=7 status=none)"

note "a mounted archive goes, another comes, the first one returns"
NUMBER=51712
block_detach
xl block-attach hotplug "$(disk xvda second.tar)"
wait_for 20 answers_with "I/O error" sum 1 100 || fail "a file of the old archive does not fail"
expect "open there" "I/O error" "$(ask hotplug open 2 /first/file)"
expect_console hotplug 'this is not the archive that was mounted: its files answer EIO'
block_detach
xl block-attach hotplug "$(disk xvda first.tar)"
usable 1 "${SUM_FILE[@]}"
expect_console hotplug 'the archive is the one that was mounted'

note "rounds; the NIC too, and one that DHCP serves"
start_network
mac=$(guest_mac hotplug)
round() {
    NUMBER=51728
    expect hammer started "$(ask hotplug hammer 0)"
    nap 0.3
    xl block-detach --force hotplug $NUMBER
    expect hammer stopped "$(ask hotplug rest)"
    wait_for 20 detached vbd $NUMBER || fail "the disk is still there"
    xl network-attach hotplug bridge=xenbr0 mac=00:16:3e:00:00:77
    wait_for 30 _lease 00:16:3e:00:00:77 >/dev/null || fail "eth1 asked for no address"
    wait_for 20 ping -q -c 1 -W 1 "$(_lease 00:16:3e:00:00:77)" >/dev/null || fail "eth1 is mute"
    xl network-detach hotplug 1
    xl network-detach hotplug 0
    wait_for 20 detached vif 0 || fail "the NIC is still there"
    expect "datagram without a NIC" "Network is unreachable" "$(ask hotplug datagram 10.99.0.1)"
    rest=$(usage hotplug)
    xl network-attach hotplug bridge=xenbr0 "mac=$mac"
    answers
    stream
    expect "datagram" sent "$(ask hotplug datagram 10.99.0.1)"
    xl block-attach hotplug "$(disk xvdb b access=rw)" || fail "xl block-attach"
    nap 0.5
}
round
before=$rest
round
same_usage hotplug "$before" "$rest" 4

note "states that flap"
nap 1
for state in 5 4 6 2 1 3 4 5 6 2 6 4 2 9 x 4 6; do
    xenstore-write "$(backend vbd 51728)/state" $state
done
for state in 5 4 6 2 1 3 4 5 6 2 6 4 2 9 x 4 6; do
    xenstore-write "$(backend vif 0)/state" $state
    nap 0.05
done
expect_running hotplug
NUMBER=51728
block_detach --force
xl block-attach hotplug "$(disk xvdb b access=rw)" || fail "xl block-attach"
read -r -a SUM_B <<<"$(cksum b)"
usable 0 "${SUM_B[@]}"
xl network-detach hotplug 0 || true
wait_for 20 detached vif 0 || fail "the NIC is still there"
xl network-attach hotplug bridge=xenbr0 "mac=$mac"
answers
stream
ask hotplug end >/dev/null
expect_shutdown hotplug poweroff
expect_console hotplug 'verdict: all checks passed'
