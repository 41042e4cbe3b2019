# SPDX-License-Identifier: MIT
# timeout: 400
# Four writers on one disk while the guest is saved, restored, migrated and while a save fails:
# nothing lost, nothing torn, no call fails. Then a restore without the disk.
# ROUNDS=N (make guest TEST=savedisk ROUNDS=N): only that, N rounds of save, restore and migration in
# a row, the disk looked at after each tenth.
DISK="disk = [ 'format=raw, vdev=xvda, access=rw, target=$PWD/disk' ]"

# writing: the writers have gone on.
writing() {
    local before now turn
    before=$(ask savedisk rounds)
    for turn in {1..40}; do
        now=$(ask savedisk rounds)
        ((now >= before + 8)) && { ok "$((now - before)) more rounds"; return; }
        nap 0.5
    done
    fail "the writers stand still at $now"
}

# same: what the guest has written is on dom0's disk; the writers stop for that.
same() {
    local found sum
    found=$(ask savedisk verify)
    read -r sum _ <<<"$(cksum <disk)"
    expect "the disk, in dom0 and in the guest" "$sum failures=0 checks=0" "$found"
    ask savedisk start >/dev/null
}

head -c 4M /dev/zero >disk
create savedisk.cfg "$DISK"
wait_console savedisk 'ready'
writing
before=$(ask savedisk usage)

if ((ROUNDS > 0)); then
    for ((round = 1; round <= ROUNDS; round++)); do
        if ((round % 2)); then save_restore savedisk; else migrate savedisk || fail "xl migrate"; fi
        writing
        if ((round % 10 == 0)); then same; fi
        echo "-- round $round: $SECONDS s"
    done
    same
    expect "in use" "$before" "$(ask savedisk usage)"
    exit
fi

note "a save that fails"
mkdir small
mount -t tmpfs -o size=256k tmpfs small
for turn in 1 2 3; do
    ! xl save savedisk small/chk >small.log 2>&1 || fail "256 KiB are enough for a saved guest"
    writing
done
umount small
expect "suspends cancelled" 3 "$(grep -ac 'suspend: cancelled' "$CONSOLES/guest-savedisk.log")"

note "save and restore"
save_restore savedisk
writing

note "live migration"
migrate savedisk || fail "xl migrate: $(tail -n 5 migrate.log)"
writing
same
expect "in use" "$before" "$(ask savedisk usage)"

note "a host without the disk"
save_restore savedisk savedisk.cfg # which names none
expect "a read" "No such device" "$(ask savedisk read)"
expect_console savedisk 'xvda: the disk is gone'
expect_console savedisk 'writer 0: No such device'
ask savedisk usage
destroy savedisk
