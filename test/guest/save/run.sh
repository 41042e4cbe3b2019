# SPDX-License-Identifier: MIT
# timeout: 400
# An image without devices: a suspend that the toolstack gives up, pause, a checkpoint, two copies
# restored from it, save and restore, and nothing more in use than before.

# going_on DOM: its threads, timers and requests to xenstore all move.
going_on() {
    local -a before after
    local turn field moved
    read -r -a before <<<"$(ask "$1" counts)"
    for turn in {1..20}; do
        nap 0.5
        read -r -a after <<<"$(ask "$1" counts)"
        moved=0
        for field in "${!before[@]}"; do
            ((after[field] > before[field])) && moved=$((moved + 1))
        done
        ((moved == ${#before[@]})) && { ok "$1 goes on: ${after[*]}"; return; }
    done
    fail "$1 stands still: ${before[*]}, then ${after[*]}"
}

# right_time DOM: its wall clock is dom0's, within a few seconds.
right_time() {
    local clocks now
    clocks=$(ask "$1" clock)
    now=$(date +%s)
    ((now - ${clocks#* } / 1000000000 <= 5 && ${clocks#* } / 1000000000 - now <= 5)) ||
        fail "$1 has the time ${clocks#* }, dom0 $now"
    ok "$1 has the right time"
}

# monotonic DOM BEFORE: the other clock has gone on from there, and not counted the time between.
monotonic() {
    local now
    now=$(ask "$1" clock)
    now=${now% *}
    ((now > $2 && now < $2 + 20 * 1000000000)) || fail "$1: CLOCK_MONOTONIC $now after $2"
    ok "$1: CLOCK_MONOTONIC goes on"
}

# end DOM: ask it to end, which it does without an answer.
end() { xenstore-write "/local/domain/$(domid "$1")/data/request" "end end"; }

create save.cfg
wait_console save 'ready'
expect "feature-suspend" 1 "$(xs_read save control/feature-suspend)"
going_on save
before=$(ask save usage)

note "a suspend that the toolstack gives up: no room for the file"
mkdir small
mount -t tmpfs -o size=256k tmpfs small
for turn in 1 2; do
    ! xl save save small/chk >small.log 2>&1 || fail "256 KiB are enough for a saved guest"
    wait_for 30 expect_running save || fail "not running after a save that failed"
    going_on save
done
umount small
expect "suspends cancelled" 2 "$(grep -ac 'suspend: cancelled' "$CONSOLES/guest-save.log")"
expect "in use" "$before" "$(ask save usage)"

note "pause and unpause"
xl pause save
nap 1
xl unpause save
going_on save

note "a checkpoint, and two copies of it"
xl save -c save chk >save.log 2>&1 || fail "xl save -c: $(tail -n 3 save.log)"
going_on save
expect "in use" "$before" "$(ask save usage)"
first=$(ask save random)
destroy save
xl restore chk >restore.log 2>&1 || fail "xl restore: $(tail -n 3 restore.log)"
going_on save
right_time save
second=$(ask save random)
clock=$(ask save clock)
expect "in use" "$before" "$(ask save usage)"
sed 's/^name.*/name = "copy"/' save.cfg >copy.cfg
DOMAINS+=(copy)
xl restore copy.cfg chk >restore.log 2>&1 || fail "xl restore: $(tail -n 3 restore.log)"
going_on copy
third=$(ask copy random)
[[ $first != "$second" && $first != "$third" && $second != "$third" ]] ||
    fail "copies draw the same numbers: $first, $second, $third"
ok "copies draw different numbers: ${first::16}, ${second::16}, ${third::16}"
going_on save
end copy
wait_gone copy
expect_console copy 'verdict: all checks passed'

note "save and restore"
clock=$(ask save clock)
save_restore save
going_on save
monotonic save "${clock% *}"
right_time save
expect "in use" "$before" "$(ask save usage)"
end save
expect_shutdown save poweroff
expect_console save 'verdict: all checks passed'
