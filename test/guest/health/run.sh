# SPDX-License-Identifier: MIT
# types: pvh
# The health line that any reader of the domain's xenstore path finds: its form, how it follows
# state and devices, how a reader gets a fresh one, and that an idle guest is left alone.
node() { echo "/local/domain/$(domid health)/data/health"; }
field() { # NAME
    local word
    for word in $(xenstore-read "$(node)"); do
        if [[ $word == "$1="* ]]; then echo "${word#*=}"; fi
    done
}
has() { [ "$(field "$1")" = "$2" ]; }
wait_field() { # NAME VALUE
    wait_for 20 has "$1" "$2" || fail "$1 is not $2 in: $(xenstore-read "$(node)")"
    ok "$1=$2"
}
fresh() { # a line written after this was asked for
    xenstore-write "$(node)" ""
    wait_for 20 has state running || fail "nobody answers"
}

head -c 65536 /dev/zero >disk
create health.cfg "disk = [ 'format=raw, vdev=xvda, access=rw, target=$PWD/disk' ]"
wait_console health 'ready' 30
wait_field state running
line=$(xenstore-read "$(node)")
[[ $line =~ ^state=running\ started=[0-9]+\ memory=[0-9]+\ free=[0-9]+\ threads=[0-9]+(\ (devices|connected)=1){2}$ ]] \
    || fail "the line is: $line"
ok "the line is: $line"
age=$(($(date +%s) - $(field started)))
((age >= 0 && age < 300)) || fail "started $age seconds ago"
((1024 * 4 < $(field memory) && $(field memory) <= 8192)) || fail "memory=$(field memory)"

note "a reader asks"
free=$(field free)
expect "memory" taken "$(ask health take)"
fresh
(($(field free) <= free - 1024)) || fail "free=$(field free) after 1 MiB less than $free"
ok "free=$(field free), before: $free"
xenstore-rm "$(node)"
wait_field state running

note "devices"
xl block-attach health "format=raw, vdev=xvdb, access=ro, target=$PWD/disk"
wait_field connected 2
xl block-detach health xvdb
wait_field devices 1

note "idle"
nap 2
before=$(cpu_ns health)
nap 3
after=$(cpu_ns health)
((after - before < 3000000)) || fail "an idle guest used $((after - before)) ns in 3 s"
ok "$((after - before)) ns in 3 s"

note "garbage in the node, unknown words, and the end"
xenstore-write "$(node)" "$(printf 'x%.0s' {1..3000})"
xenstore-write "/local/domain/$(domid health)/control/shutdown" dance
wait_console health 'control/shutdown asks for "dance", which is not understood: ignored' 20
expect "feature-poweroff" 1 "$(xs_read health control/feature-poweroff)"
expect "feature-reboot" 1 "$(xs_read health control/feature-reboot)"
fresh
xl shutdown health
expect_shutdown health poweroff
expect "state" stopping "$(field state)"
