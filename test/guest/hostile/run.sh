# SPDX-License-Identifier: MIT
# timeout: 420
# types: pvh
# A backend in dom0 that lies (backend/): after each lie the guest answers on its honest disk and
# card and says so in one line; nothing more is in use when that connection is over, nor in the end.
ADDRESS=10.99.0.50
head -c 1048576 /dev/urandom >disk
create hostile.cfg "extra = 'ip=$ADDRESS/24 ip.eth1=10.98.0.2/24 net.wait=20'" \
    "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/disk' ]"
wait_console hostile 'services are up' 30
ID=$(domid hostile)

# The first second brings a group of IPv6's, which stays: what is in use settles.
usage hostile >/dev/null

lines() { console hostile | grep -ac -- "$1" || true; }

note "once, so that the guest has taken what it keeps for a disk that it has seen"
./hostile-backend "$ID" "$ADDRESS" >first.log || { cat first.log; exit 1; }
before=$(usage hostile)
breaks=$(lines 'broke the protocol')

note "and again, counted"
start=$(cpu_ns hostile)
./hostile-backend "$ID" "$ADDRESS" | tee second.log
grep -q '^lies that broke the disk' second.log || fail "the lying backend did not end well"
note "guest CPU: $((($(cpu_ns hostile) - start) / 1000000)) ms"
told=0
while read -r _ _ _ _ _ _ number; do told=$((told + number)); done \
    < <(sed -n 's/^lies that broke the \(.*\): /lies that broke the \1 x /p' second.log)
expect "lines about a broken protocol" "$told" "$(($(lines 'broke the protocol') - breaks))"
expect_usage hostile "$before" 2

note "answers without events"
./hostile-backend "$ID" "$ADDRESS" silent
expect_usage hostile "$before" 2
ask hostile end >/dev/null
expect_shutdown hostile poweroff
expect_console hostile 'verdict: all checks passed'
