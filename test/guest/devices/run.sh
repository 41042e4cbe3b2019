# SPDX-License-Identifier: MIT
# What sysrq tells of disks and network cards; a dump for `after`, which looks at their rings.
preload=
[ "$TYPE" = pv ] || preload=$PWD/fewer-frames.so
mkdir keep
head -c 65536 /dev/zero >disk
create devices.cfg 'extra = "ip=10.99.0.50/24"' \
    "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/disk' ]"
wait_console devices 'used|check failed' 30
refuse_console devices 'check failed'

key() { # KEY REGEX...
    local regex
    xl sysrq devices "$1"
    for regex in "${@:2}"; do
        wait_console devices "$regex" 20
    done
}
key h 'sysrq: d  devices' 'sysrq: n  network'
ready='state 4, backend of domain 0 in state 4'
key d "device/vbd/51712: $ready; xvda: [0-9]+ of [1-9][0-9]* ring slots in use, [1-9][0-9]* of [1-9][0-9]* pages free, port [1-9]" \
    "device/vif/0: $ready; eth0: queues: 1; [0-9]+ requests on the way out; pages: [1-9][0-9]* posted, [1-9][0-9]* of [1-9][0-9]* to send from; first ports [1-9][0-9]* and [0-9]+"
key n 'eth0: link up, received [0-9]+ frames \([0-9]+ large, [0-9]+ bytes, 0 dropped, 0 errors\), sent [1-9][0-9]* \(0 large, [1-9][0-9]* bytes, 0 dropped\)' \
    'stack: [1-9][0-9]* of [1-9][0-9]* bytes, 1 sockets; TCP: 0 connections, 0 in TIME_WAIT, 0 listeners; UDP: [1-9]'
LD_PRELOAD=$preload xl dump-core devices keep/live

note "a disk that is gone"
lines() { console devices | grep -ac "^\[.*device/$1/.*state" || true; }
listed_again() { [ "$(lines vif)" = 2 ]; }
xl block-detach devices xvda
wait_console devices 'xvda: the disk is gone'
key d
wait_for 20 listed_again || fail "no second list of devices"
expect "lines about a disk" 1 "$(lines vbd)"
expect_running devices
