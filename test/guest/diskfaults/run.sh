# SPDX-License-Identifier: MIT
# types: pvh
# Errors of the disk reach who asked, and only him; fsync() tells those of writing back, once; what
# fsync() has returned for is on the disk when the domain is destroyed in mid-write. Meanwhile another
# disk stands still for so long that it is given up, and is used again with a new connection.
BAD=1048576                     # the bad place, 4 KiB, between good ones
GOOD=1064960

/sbin/modprobe dm-mod 2>/dev/null || true
head -c 4M /dev/urandom >disk
loop=$(/sbin/losetup -f --show disk) || fail "no loop device"
table() { # SECOND-TARGET: that of the bad place
    echo "0 2048 linear $loop 0"
    echo "2048 8 $1"
    echo "2056 6136 linear $loop 2056"
}
unmap() { ! /sbin/dmsetup info "$1" >/dev/null 2>&1 || /sbin/dmsetup remove --noudevsync "$1"; }
at_end 'wait_for 20 unmap faulty && /sbin/losetup -d "$loop"'
table error | /sbin/dmsetup create faulty --noudevsync || fail "no mapped device"
head -c 1M /dev/urandom >slow
slow_loop=$(/sbin/losetup -f --show slow) || fail "no loop device"
at_end '/sbin/dmsetup resume --noudevsync slow; wait_for 20 unmap slow && /sbin/losetup -d "$slow_loop"'
echo "0 2048 linear $slow_loop 0" | /sbin/dmsetup create slow --noudevsync || fail "no mapped device"

disk() { # VDEV NAME: a mapped device
    local device
    device=/dev/dm-$(/sbin/dmsetup info -c --noheadings -o minor "$2")
    [ -b "$device" ] || fail "no $device"
    echo "'format=raw, vdev=$1, access=rw, target=$device'"
}
create diskfaults.cfg "disk = [ $(disk xvda faulty), $(disk xvdb slow) ]"
wait_console diskfaults 'ready'

# What the guest's strerror() says of no error and of this one is found out first.
try() { # EXPECTED WORDS...
    local expected=$1
    shift
    expect "$*" "$expected" "$(ask diskfaults "$@")"
}
note "the second disk stands still from now on"
/sbin/dmsetup suspend --noflush --nolockfs slow || fail "dmsetup suspend"
expect slow ok "$(ask diskfaults slow)"
note "reads"
good=$(ask diskfaults read 0)
bad=$(ask diskfaults direct-read $BAD)
[ "$good" != "$bad" ] || fail "a read of the bad place works: $bad"
try "$bad" read $BAD
try "$good" read $GOOD
try "$bad" read $BAD
note "writes straight to it"
try "$bad" direct-write $BAD
try "$good" direct-write $GOOD
try "$good" sync
note "writes through the cache"
try ok fill 97
try "$good" write $BAD
try "$good" write $GOOD
try "$bad" sync
try "$good" sync
expect_console diskfaults 'xvda: something that was written is lost \(error 5\)'
try "$bad" read $BAD
try "$good" direct-read $GOOD
try 1 holds 97

note "the bad place is mended"
table "linear $loop 2048" | /sbin/dmsetup reload faulty && /sbin/dmsetup resume --noudevsync faulty
try "$good" write $BAD
try "$good" sync
try ok fill 98
try "$good" read $BAD
try 1 holds 97
try "$good" sync

note "nothing of the second disk within 25 to 30 seconds: it is given up"
wait_console diskfaults "slow read: $bad after (2[5-9]|3[0-2]) s" 40
expect_console diskfaults 'xvdb: the backend broke the protocol \(a request was not answered in time\)'
/sbin/dmsetup resume --noudevsync slow || fail "dmsetup resume"
try "$bad" slow-read 0
try "$good" direct-read 0
note "and used again when its backend has restarted"
unbind_backend vbd diskfaults 51728
bind_backend vbd diskfaults 51728
back() { [ "$(ask diskfaults slow-read 0)" = "$good" ]; }
wait_for 20 back || fail "xvdb answers $(ask diskfaults slow-read 0)"

note "destroyed in mid-write"
try ok writers
wait_console diskfaults 'synced 0 40'
wait_console diskfaults 'synced 2 40'
destroy diskfaults
python3 - "$CONSOLES/guest-diskfaults.log" disk <<'PYTHON' || fail "synced records are missing"
import re, sys
synced = {}
for writer, number in re.findall(r"^synced (\d+) (\d+)", open(sys.argv[1]).read(), re.M):
    synced[int(writer), int(number) % 16] = int(number)
disk = open(sys.argv[2], "rb").read()
for (writer, slot), number in synced.items():
    start = (writer * 16 + slot) * 3000
    found = re.match(rb"(\d+) (\d+)\n", disk[start:start + 3000])
    if not found or int(found.group(1)) != writer or int(found.group(2)) < number:
        sys.exit(f"writer {writer}, record {number}: {disk[start:start + 20]}")
print(f"ok: {len(synced)} records of {max(synced.values())} rounds are there")
PYTHON
