# SPDX-License-Identifier: MIT
# types: pvh
# Six disks of several kinds, read and written, compared with dom0's files; one also by a backend that
# maps and unmaps each page of each request; then one changes its size, and another vanishes.
megabytes() { head -c "$2M" /dev/urandom >"$1"; }
megabytes a 4
megabytes b 3
megabytes c 1
megabytes d 1
megabytes e 1
megabytes f 2
megabytes g 2                   # what the disk that vanishes holds when it comes back
loop=$(/sbin/losetup -b 4096 -f --show b) || fail "no loop device"
at_end '/sbin/losetup -d "$loop"'

sum() { # FILE: as the guest prints it
    local words
    read -r -a words <<<"$(cksum "$1")"
    echo "${words[0]} ${words[1]}"
}
disk() { echo "'format=raw, vdev=xvd$1, access=$2, target=${3:-$PWD/$1}'"; }

create disk.cfg "disk = [ $(disk a rw), $(disk b rw "$loop"), $(disk c ro), $(disk d rw),
    'format=raw, vdev=xvde, devtype=cdrom, access=ro, target=$PWD/e', $(disk f ro) ]"
sums=()
for name in a b c d e f; do
    sums+=("read xvd$name: $(sum $name)")
done
resize() { # FILE SIZE
    truncate -s "$2" "$1"
    /sbin/losetup -c "$(/sbin/losetup -n -O NAME -j "$PWD/$1")"
}
wait_console disk 'xvda may do without persistent grants now'
PERSISTENT=/sys/module/xen_blkback/parameters/feature_persistent
persistent=$(<$PERSISTENT)
at_end "echo $persistent >$PERSISTENT"
id=$(domid disk)
backend=/local/domain/0/backend/vbd/$id/51712
expect "persistent grants" 1 "$(xenstore-read "$backend/feature-persistent")"
echo 0 >$PERSISTENT
unbind_backend vbd disk 51712
bind_backend vbd disk 51712
connected() { [ "$(xenstore-read "$backend/state")" = 4 ]; }
wait_for 20 connected || fail "xvda's backend does not come back"
expect "persistent grants" 0 "$(xenstore-read "$backend/feature-persistent")"
echo "$persistent" >$PERSISTENT
xenstore-write "/local/domain/$id/data/unmapping" 1

wait_console disk 'xvdf may grow now'
megabytes h 2
cat h >>f
resize f 4M
wait_console disk "read xvdf: $(sum f)"
expect_console disk 'xvdf: 4096 KiB now, 2048 KiB before'
wait_console disk 'xvdf may shrink now'
resize f 1M
wait_console disk "read xvdf: $(sum f)"

wait_console disk 'xvdd may vanish now'
expect_console disk 'xvda: 4096 KiB, sectors of 512 bytes'
expect_console disk 'xvdb: 3072 KiB, sectors of 4096 bytes'
expect_console disk 'xvdc: 1024 KiB, sectors of 512 bytes, read-only'
expect_console disk 'xvde: 1024 KiB, sectors of 512 bytes, read-only, CD-ROM'
for line in "${sums[@]}"; do
    expect_console disk "$line"
done

expect "pages of ring, for 256 MiB of memory: 2^" 2 \
    "$(xenstore-read "/local/domain/$(domid disk)/device/vbd/51712/ring-page-order")"
xl sysrq disk d
wait_console disk 'xvda: 0 of 128 ring slots in use.* merged, 0 failed, [0-9]* x [0-9]* us$'

xl block-detach disk xvdd || fail "xl block-detach"
wait_console disk 'xvdd may come back now'
expect_console disk 'xvdd: the disk is gone'
xl block-attach disk "format=raw, vdev=xvdd, access=ro, target=$PWD/g" || fail "xl block-attach"
wait_console disk "read xvdd: $(sum g)"
xl block-detach --force disk xvdd || fail "xl block-detach --force"

expect_shutdown disk poweroff
expect_console disk 'verdict: all checks passed'
expect_console disk "written xvda: $(sum a)"
expect_console disk "written xvdb: $(sum b)"
destroy disk
