# SPDX-License-Identifier: MIT
# types: pvh
# A dom0 in trouble: xenstored, then the console's daemon, stand still for seconds, and then there is
# next to no CPU for its backends. Whoever needs what is missing waits for it; nobody else does, and
# nothing fails.
ADDRESS=10.99.0.50
STILL=5
head -c 262144 /dev/urandom >data
SUM=$(cksum <data)
truncate -s 32M disk
create starved.cfg "extra = 'ip=$ADDRESS/24 ip6=off'" \
    "disk = [ 'format=raw, vdev=xvda, access=ro, target=$PWD/disk' ]"
wait_console starved 'services are up' 30

stream() { expect "stream" "$SUM" "$(socat -t 30 - "TCP:$ADDRESS:9" <data)"; }

# stopped DAEMON: its process stands still for a while, in which a stream goes on.
stopped() {
    local pid start=$SECONDS
    pid=$(cat "/run/xen/$1.pid")
    kill -STOP "$pid"
    stream
    nap $((start + STILL > SECONDS ? start + STILL - SECONDS : 1))
    kill -CONT "$pid"
}
# ask_report: what the users of things have seen since the last time.
ask_report() { REPORT=$(ask starved report); note "times, failures, longest in ms: $REPORT"; }
# look USER LEAST-MS MOST-MS: it has worked, never failed, and its longest wait lies between.
look() {
    local words
    [[ $REPORT =~ $1\ ([0-9]+)\ ([0-9]+)\ ([0-9]+) ]] || fail "no word on $1: $REPORT"
    words=("${BASH_REMATCH[@]}")
    expect "$1: failures" 0 "${words[2]}"
    ((words[1] > 0)) || fail "$1 has done nothing"
    ((words[3] >= $2 && words[3] <= $3)) || fail "$1 waited ${words[3]} ms, expected $2 to $3"
    ok "$1 worked ${words[1]} times and waited ${words[3]} ms at most"
}

stream
before=$(usage starved)
ask starved report >/dev/null

note "xenstored stands still"
stopped xenstored
ask_report
look xenstore 3000 29000
look console 0 4500
look disk 0 4500

note "the console's daemon stands still"
stopped xenconsoled
ask_report
look xenstore 0 4500
look disk 0 4500
look console 0 29000

note "a tenth of the CPU for all else in dom0"
for _ in 1 2 3; do (exec nice -n -5 sh -c 'while :; do :; done') & done
stream
stream
# shellcheck disable=SC2046  # one word a process
kill $(jobs -p)
ask_report
look xenstore 0 29000
look console 0 29000
look disk 0 29000
expect_usage starved "$before" 8
ask starved end >/dev/null
expect_shutdown starved poweroff
expect_console starved 'verdict: all checks passed'
