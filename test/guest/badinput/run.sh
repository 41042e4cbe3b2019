# SPDX-License-Identifier: MIT
# Bad input: each gets one clear line and a defined end.
disk() { echo "'format=raw, vdev=$1, access=ro, target=$PWD/$2'"; }

note "options that are not understood; archives that are empty, damaged, hostile, or none"
mkdir folder
printf 'good' >folder/good
printf 'evil' >folder/evil
head -c 100k /dev/urandom >folder/long
tar -cf empty.tar -T /dev/null
tar -C folder -cf whole.tar good long
head -c 50176 whole.tar >truncated.tar
tar -C folder -P --transform='s|evil|../../evil|' -cf names.tar good evil
tar -C folder -P --transform='s|evil|/etc/evil|' -rf names.tar evil
tar -C folder -cf checksum.tar good evil
printf 'X' | dd of=checksum.tar bs=1 seek=1030 conv=notrunc status=none
head -c 64k /dev/urandom >random.tar

words='one=1 two ip=nonsense ip6=10.0.0.1 hostname=-x net.wait=soon mount=foo mount=x:xvda'
words+=' mount=/empty:xvda mount=/truncated:xvdb mount=/names:xvdc mount=/checksum:xvdd'
words+=' mount=/random:ramdisk mount=/missing:xvdz mount=/type:xvda:ext4 mount=/8:xvda'
words+=' mount=/9:xvda -- /empty /truncated /names /checksum /random /missing /type'
create badinput.cfg "disk = [ $(disk xvda empty.tar), $(disk xvdb truncated.tar),
    $(disk xvdc names.tar), $(disk xvdd checksum.tar) ]" 'vif = []' "ramdisk = 'random.tar'" \
    "extra = '$words'"
expect_shutdown badinput poweroff
for word in one=1 two; do
    expect_console badinput "warning: command line: this image knows no \"$word\""
done
for word in ip=nonsense ip6=10.0.0.1 hostname=-x net.wait=soon mount=foo mount=x:xvda; do
    expect_console badinput "warning: command line: \"$word\" is not understood"
done
refuse_console badinput 'mount: /9'
expect_console badinput 'tarfs: xvda: 0 entries \(an empty archive\)'
expect_console badinput 'tarfs: xvdb: .*truncated at byte 1024: offering the 1 entries before it'
expect_console badinput 'tarfs: xvdc: 1 entries left out, .* leads out of the archive'
expect_console badinput 'tarfs: xvdd: bad header checksum at byte 1024: offering the 1 entries'
expect_console badinput 'tarfs: ramdisk holds no archive: bad header checksum at byte 0'
expect_console badinput 'mount: no disk xvdz for /missing; disks here: ramdisk xvda xvdb xvdc xvdd'
expect_console badinput 'mount: this image has no filesystem ext4'
expect_console badinput 'net: no network device'
expect_console badinput '^/empty: 0 names'
expect_console badinput '^/truncated: 1 names'
expect_console badinput '^/checksum: 1 names'
expect_console badinput '^/random: No such file or directory'
expect_console badinput '^/missing: No such file or directory'
refuse_console badinput 'holds evil'
destroy badinput

note "a server without its disk, and no answer to DHCP while it starts"
create httpd.cfg 'disk = []' 'extra = "mount=/www:xvda net.wait=2"'
expect_shutdown httpd crash
expect_console httpd 'mount: no disk xvda for /www; disks here: none'
expect_console httpd 'httpd: cannot serve /www: No such file or directory'
destroy httpd

start_network
note "a server whose disk is ready late"
rm -f "$CONSOLES/guest-httpd.log"
DOMAINS+=(httpd)
xl create -p httpd.cfg 'on_poweroff="preserve"' 'on_crash="preserve"' || fail "xl create -p"
disk=/local/domain/0/backend/vbd/$(domid httpd)/51712
xenstore-write "$disk/state" 1
xl unpause httpd
wait_console httpd 'device/vbd/51712 is not connected \(state 0, backend 1\)' 20
wait_console httpd 'xvda: the disk is not ready: waiting for it, 10 of 60 seconds' 20
xenstore-write "$disk/state" 2
wait_console httpd 'httpd: listening on port 80'
expect "bytes from the late disk" 612 "$(curl -sS -m 10 "http://$(guest_ip httpd 30)/612.html" | wc -c)"
destroy httpd

note "two cards, little memory"
least=3
[ "$TYPE" = pvh ] || least=4    # the domain builder refuses less
create httpd.cfg "memory = $least" "vif = [ 'bridge=xenbr0', 'bridge=xenbr0' ]"
wait_console httpd 'httpd: listening on port 80'
for card in 0 1; do
    found=$(curl -sS -m 10 "http://$(guest_ip httpd 30 $card)/612.html" | wc -c)
    expect "bytes through card $card in $least MiB" 612 "$found"
done
destroy httpd

if [ "$TYPE" = pv ]; then
    note "less memory than the domain builder accepts"
    if xl create badinput.cfg 'type = "pv"' 'memory = 3' >small.txt 2>&1; then
        fail "xl built a PV guest of 3 MiB"
    fi
    grep -q 'out of memory\|failed' small.txt || fail "xl refused it without a word"
    ok "xl refuses a PV guest of 3 MiB: $(grep -m 1 'out of memory\|failed' small.txt)"
fi
