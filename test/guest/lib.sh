# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for test/guest/NAME/run.sh, which runs in dom0 under bash, in the folder that
# holds the test's own files and its payload (NAME.elf, NAME.cfg, ...).
#
# A failing command ends the test (set -e), as does fail; the runner then shows the log.
# Domains made with create are preserved when they shut down, so that the reason can be
# seen.  When the script ends, they are destroyed, and its background jobs are killed: do not
# set an EXIT trap of your own (at_end is for that).  Every wait has an end, in seconds.

set -Eeuo pipefail
CONSOLES=/var/log/xen/console
LEASES=/run/dnsmasq.leases
DOMAINS=()                              # what create has made
AT_END=()                               # commands, see at_end
trap 'echo "FAIL: ${BASH_SOURCE[0]##*/} line $LINENO: $BASH_COMMAND"' ERR
trap _end EXIT

# The runner's TYPE is the guests' (pvh or pv): all cfgs say so.
for cfg in *.cfg; do
    [ ! -f "$cfg" ] || sed -i "s/^type = .*/type = \"$TYPE\"/" "$cfg"
done

ok() { echo "ok: $*"; }
note() { echo "-- $*"; }

# fail MESSAGE: end the test.  In a $(subshell) it ends that, and set -e then the test.
fail() {
    trap - ERR
    echo "FAIL: $*" >&2
    exit 1
}

# nap SECONDS: sleep without starting a process, which is dear here.
nap() { read -r -t "$1" <>"$_never" || true; }
_never=/run/never.$$
mkfifo "$_never"

# at_end COMMAND: have it run when the script ends, however it does, after the domains are destroyed.
at_end() { AT_END+=("$1"); }

_end() {
    local status=$? domain pids command
    trap - ERR
    pids=$(jobs -p)
    # shellcheck disable=SC2086  # one word a process
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    for domain in "${DOMAINS[@]}"; do
        xl destroy "$domain" 2>/dev/null || true
    done
    for command in "${AT_END[@]}"; do
        eval "$command" || { echo "FAIL: at the end: $command" && status=1; }
    done
    stop_dnsmasq
    rm -f "$_never"
    exit "$status"
}

# cfg_name CFG: the name= of an xl cfg.
cfg_name() {
    local -a lines
    local line name=
    mapfile -t lines <"$1"
    for line in "${lines[@]}"; do
        [[ $line =~ ^\ *name\ *=\ *[\"\']([^\"\']*) ]] && name=${BASH_REMATCH[1]}
    done
    echo "$name"
}

# create CFG [LINE...]: xl create, with lines that override the cfg's; sets DOM to its name.
# The console log begins anew.  All on_* actions are "preserve" unless a LINE says otherwise.
create() {
    local cfg=$1 line
    shift
    DOM=$(cfg_name "$cfg")
    for line in "$@"; do
        [[ $line =~ ^name\ *=\ *[\"\']([^\"\']*) ]] && DOM=${BASH_REMATCH[1]}
    done
    rm -f "$CONSOLES/guest-$DOM.log"
    DOMAINS+=("$DOM")
    xl create "$cfg" 'on_poweroff="preserve"' 'on_reboot="preserve"' 'on_crash="preserve"' \
        'on_watchdog="preserve"' "$@" || fail "xl create $cfg"
}

# destroy DOM: xl destroy, and wait until it is gone.
destroy() {
    xl destroy "$1" && wait_gone "$1"
}

# save_restore DOM [CFG]: xl save, and xl restore of what it saved, with another cfg if given.
save_restore() {
    xl save "$1" "$1.chk" >save.log 2>&1 || fail "xl save $1: $(tail -n 3 save.log)"
    xl restore ${2+"$2"} "$1.chk" >restore.log 2>&1 || fail "xl restore: $(tail -n 3 restore.log)"
    rm "$1.chk"
}

# migrate DOM: live, from this host to itself; fails as xl does.  Debian's Xen is built without
# shadow paging and cannot note what a PV guest writes while it is copied.  There xl gives up, which
# must not have harmed the guest, and it is saved and restored instead.
migrate() {
    xl migrate -s "" "$1" "xl migrate-receive" >migrate.log 2>&1 && return
    [ "$TYPE" = pv ] && grep -q 'Failed to enable logdirty: 95' migrate.log || return 1
    note "this Xen cannot migrate a PV guest live: saved and restored instead"
    save_restore "$1"
}

# _control WORDS...: REPLY becomes the answer of /usr/lib/xenhost/control, or with status 1 why there
# is none.
_control() {
    local fd said
    exec {fd}<>/dev/tcp/127.0.0.1/990
    printf '%s\n' "$*" >&"$fd"
    read -r -t 90 <&"$fd" || REPLY="-dom0's control process does not answer"
    exec {fd}>&-
    said=${REPLY:0:1}
    REPLY=${REPLY:1}
    [ "$said" = + ]
}

# domid DOM: its number; fails when there is none.
domid() { _control domid "$1" && echo "$REPLY"; }

# console DOM: what it has printed since create.
console() { cat "$CONSOLES/guest-$1.log" 2>/dev/null || true; }

# state DOM: running, gone, or why it shut down: poweroff reboot suspend crash watchdog softreset.
state() {
    _control state "$1" || fail "$REPLY"
    echo "$REPLY"
}

# wait_for SECONDS COMMAND...: until the command succeeds; status 1 when the time is up.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        nap 0.2
    done
}

# _printed DOM REGEX: looks without starting a process, unless the log is long.
_printed() {
    local -a lines
    local line log=$CONSOLES/guest-$1.log
    [ -f "$log" ] || return 1
    mapfile -t lines <"$log" 2>/dev/null
    if ((${#lines[@]} > 400)); then
        grep -aEq -- "$2" "$log"
        return
    fi
    for line in "${lines[@]}"; do
        [[ ${line%$'\r'} =~ $2 ]] && return 0
    done
    return 1
}

# wait_console DOM REGEX [SECONDS=60]: until a line of its console matches (grep -E).
# Fails at once when the domain has ended without saying it.
wait_console() {
    local end=$((SECONDS + ${3:-60})) turn=0 now
    until _printed "$1" "$2"; do
        ((SECONDS < end)) || fail "$1 did not print /$2/ within ${3:-60} s"
        nap 0.2
        if ((++turn % 10 == 0)); then
            now=$(state "$1")
            if [ "$now" != running ]; then
                nap 1
                _printed "$1" "$2" && break
                fail "$1 ended ($now) and did not print /$2/"
            fi
        fi
    done
    ok "$1 printed /$2/"
}

# expect_console DOM REGEX: its console has such a line now.
expect_console() {
    _printed "$1" "$2" || fail "$1 has not printed /$2/"
    ok "$1 printed /$2/"
}

# refuse_console DOM REGEX: its console has no such line.
refuse_console() {
    ! _printed "$1" "$2" || fail "$1 printed /$2/: $(console "$1" | grep -aE -m 1 -- "$2")"
    ok "$1 did not print /$2/"
}

# expect_shutdown DOM REASON [SECONDS=60]: it shuts down, for that reason (see state).
# It stays, preserved, with its console complete; destroy it, or leave that to the end.
expect_shutdown() {
    local end=$((SECONDS + ${3:-60})) now
    while now=$(state "$1") && [ "$now" = running ]; do
        ((SECONDS < end)) || fail "$1 still runs after ${3:-60} s, expected $2"
        nap 0.3
    done
    nap 0.3
    [ "$now" = "$2" ] || fail "$1 ended with $now, expected $2"
    ok "$1 ended with $2"
}

# expect_running DOM: it has not shut down.
expect_running() {
    local now
    now=$(state "$1")
    [ "$now" = running ] || fail "$1 is not running: $now"
}

# wait_gone DOM [SECONDS=30]: until the domain does not exist any more.
wait_gone() {
    local end=$((SECONDS + ${2:-30}))
    while domid "$1" >/dev/null; do
        ((SECONDS < end)) || fail "$1 still exists after ${2:-30} s"
        nap 0.3
    done
}

# expect WHAT WANTED FOUND: two texts are equal.
expect() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
    ok "$1: $3"
}

# cpu_ns DOM: CPU time that it has used, in nanoseconds, as the hypervisor counts it.
cpu_ns() {
    _control cputime "$1" || fail "$REPLY"
    echo "$REPLY"
}

# xs_read DOM PATH: a xenstore value below /local/domain/ID; fails when there is none.
xs_read() { _control read "/local/domain/$(domid "$1")/$2" && echo "$REPLY"; }

# xs_wait DOM PATH VALUE [SECONDS=30]: until that xenstore value is VALUE (bash pattern).
xs_wait() {
    local end=$((SECONDS + ${4:-30})) now
    # shellcheck disable=SC2053  # a pattern is wanted
    while now=$(xs_read "$1" "$2" || true) && [[ $now != $3 ]]; do
        ((SECONDS < end)) || fail "$1: $2 is '$now' after ${4:-30} s, expected '$3'"
        nap 0.3
    done
}

# start_network [dnsmasq option...]: DHCP (10.99.0.100-200), DNS and router advertisements
# (fd99::/64) on xenbr0, where dom0 is 10.99.0.1 and fd99::1.  Names: www.test (both
# addresses), four.test (IPv4 only), six.test (IPv6 only), alias.test (CNAME of www.test);
# others below .test do not exist.
start_network() {
    stop_dnsmasq
    rm -f "$LEASES" /run/dnsmasq.log
    dnsmasq --conf-file=/dev/null --user=root --no-resolv --no-hosts --interface=xenbr0 \
        --except-interface=lo --bind-interfaces --pid-file=/run/dnsmasq.pid \
        --dhcp-leasefile="$LEASES" --dhcp-range=10.99.0.100,10.99.0.200,255.255.255.0,1h \
        --dhcp-authoritative --dhcp-sequential-ip --no-ping \
        --enable-ra --dhcp-range=fd99::,ra-only,64 --ra-param=xenbr0,10 \
        --local=/test/ --domain=test --log-dhcp --log-queries --log-facility=/run/dnsmasq.log \
        --host-record=www.test,10.99.0.1,fd99::1 --host-record=four.test,10.99.0.1 \
        --host-record=six.test,fd99::1 --cname=alias.test,www.test "$@" \
        || fail "dnsmasq does not start"
}

# stop_dnsmasq: end what start_network began.
stop_dnsmasq() {
    [ -f /run/dnsmasq.pid ] || return 0
    kill "$(cat /run/dnsmasq.pid)" 2>/dev/null || true
    rm -f /run/dnsmasq.pid
    nap 0.1
}

# start_far ADDRESS/BITS...: a client in a network namespace, behind a link of its own to the bridge, so
# that its frames take a device of dom0's bridge both ways.  It goes at the end.
start_far() {
    local address
    ip netns add far
    at_end 'ip netns del far && umount /run/netns'
    ip link add near type veth peer name eth0 netns far
    ip link set near master xenbr0 up
    for address in "$@"; do
        if [[ $address == *:* ]]; then
            ip -n far addr add "$address" dev eth0 nodad
        else
            ip -n far addr add "$address" dev eth0
        fi
    done
    ip -n far link set eth0 up
}

# far COMMAND...: run by that client.
far() { ip netns exec far "$@"; }

# unbind_backend TYPE DOM NUMBER: dom0's driver leaves one of its devices (vif 0, vbd 51712).
unbind_backend() { echo "$1-$(domid "$2")-$3" >"/sys/bus/xen-backend/drivers/$1/unbind"; }

# bind_backend TYPE DOM NUMBER: and takes it again, as a new backend.
bind_backend() {
    echo "$1-$(domid "$2")-$3" >"/sys/bus/xen-backend/drivers/$1/bind"
    [ "$1" != vif ] || plug_vif "$2"
}

# plug_vif DOM: what the hotplug script does, which only xl runs, for a first card that came back.
plug_vif() {
    local id
    id=$(domid "$1")
    wait_for 10 test -e "/sys/class/net/vif$id.0" || fail "no vif$id.0"
    ip link set "vif$id.0" master xenbr0 up
    xenstore-write "/local/domain/0/backend/vif/$id/0/hotplug-status" connected
}

# guest_mac DOM [NUMBER=0]: the MAC address of one of its NICs.
guest_mac() { xenstore-read "/local/domain/0/backend/vif/$(domid "$1")/${2:-0}/mac"; }

_lease() { awk -v mac="$1" '$2 == mac { print $3 }' "$LEASES" 2>/dev/null | grep .; }

# guest_ip DOM [SECONDS=60] [NUMBER=0]: the address that DHCP gave to its NIC; waits for it.
guest_ip() {
    local mac
    mac=$(guest_mac "$1" "${3:-0}") || fail "$1 has no NIC"
    wait_for "${2:-60}" _lease "$mac" || fail "$1 asked for no address within ${2:-60} s"
}

# wait_port ADDRESS PORT [SECONDS=60]: until something accepts TCP connections there.
wait_port() {
    local end=$((SECONDS + ${3:-60}))
    until timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; do
        ((SECONDS < end)) || fail "$1 port $2 does not answer within ${3:-60} s"
        nap 0.3
    done
    ok "$1 answers on port $2"
}

# console_send DOM TEXT: type a line into its console.
console_send() { printf '%s\n' "$2" >"$(xs_read "$1" console/tty)"; }

# ask DOM WORDS...: a request to an image that uses requests.h; prints its answer (within 60 s).
ask() {
    _control ask "$1" 60 "$EPOCHREALTIME" "${@:2}" || fail "$REPLY"
    echo "$REPLY"
}

# usage DOM: its answer to "usage" (usage.h), when it has stayed the same for a second.
usage() {
    local end=$((SECONDS + 20)) now before=
    until now=$(ask "$1" usage) && [[ ${now#* * } == "${before#* * }" ]]; do
        ((SECONDS < end)) || fail "usage does not settle: $before, then $now"
        before=$now
        nap 1
    done
    echo "$now"
}

# same_usage DOM BEFORE AFTER KIB: AFTER, as told by usage, names nothing that BEFORE does not; of the
# heap, KIB more may be given out.  Connections in TIME_WAIT do not count.
same_usage() {
    local heap limit
    note "before: $2"
    note "after:  $3"
    expect "in use" "${2#* * }" "${3#* * }"
    heap=${3%% *}
    limit=${2%% *}
    ((${heap#*=} <= ${limit#*=} + $4)) || fail "$1: $heap KiB, before: $limit"
}

# expect_usage DOM BEFORE KIB: the same of what is in use now.
expect_usage() { same_usage "$1" "$2" "$(usage "$1")" "$3"; }

# For the image of test/guest/balloon, which says how much memory it has (in KiB).

# memory_of DOM NAME: a number of its answer to "memory".
memory_of() {
    local words word
    words=$(ask "$1" memory)
    for word in $words; do
        if [[ $word == "$2="* ]]; then echo "${word#*=}"; fi
    done
}

# xen_kib DOM: memory that it has, as Xen counts it.
xen_kib() {
    local words
    read -r -a words <<<"$(xl list "$1" | tail -n 1)"
    echo $((words[2] * 1024))
}

# mem_set DOM MIB: xl mem-set.
mem_set() { xl mem-set "$1" "$2" || fail "xl mem-set $1 $2"; }

_has() { [ "$(memory_of "$1" present)" = "$2" ]; }

# reach DOM KIB: until it has so much.
reach() {
    wait_for 20 _has "$1" "$2" || fail "$1 has $(memory_of "$1" present) KiB, expected $2"
    ok "$1 has $2 KiB"
}

# at_most WHAT NUMBER LIMIT
at_most() {
    (($2 <= $3)) || fail "$1: $2 > $3"
    ok "$1: $2 <= $3"
}
