# SPDX-License-Identifier: MIT
# timeout: 300
# Saved at a bad moment or restored to a bad place: while the guest boots, while a disk comes and
# when its backend never gets on, with a receiver that fails, without the disk's file, with
# backends that can do less. Each ends as defined, and the guest goes on.
ADDRESS=10.99.0.50
OPTIONS="extra = 'ip=$ADDRESS/24 ip6=off'"
head -c 524288 /dev/urandom >a
head -c 262144 /dev/urandom >b
read -r -a SUM_A <<<"$(cksum <a)"
read -r -a SUM_B <<<"$(cksum <b)"

disk() { echo "format=raw, vdev=$1, access=rw, target=$PWD/$2"; }
stream() {
    expect "stream" "$(cksum <b)" "$(socat -t 30 - "TCP:$ADDRESS:9" <b)"
}
# alive: files, connections and requests of before go on.
alive() {
    expect_running hotplug
    expect "xvda" "${SUM_A[*]}" "$(ask hotplug sum 0 524288)"
    stream
}
create_paused() {
    rm -f "$CONSOLES/guest-hotplug.log"
    DOMAINS+=(hotplug)
    xl create -p hotplug.cfg "$OPTIONS" "disk = [ '$(disk xvda a)' ]" 'on_poweroff="preserve"' \
        'on_crash="preserve"' || fail "xl create -p"
}
started() {
    wait_console hotplug 'services are up' 30
    expect "open xvda" open "$(ask hotplug open 0 /dev/xvda)"
}
save() { xl save hotplug chk >save.log 2>&1 || fail "xl save: $(tail -n 3 save.log)"; }
restore() { xl restore "$@" chk >restore.log 2>&1 || fail "xl restore: $(tail -n 3 restore.log)"; }
running() { [ "$(state hotplug)" = running ]; }
count() { grep -ac "$1" "$CONSOLES/guest-hotplug.log" || true; }
# in_use: what must not change; the cache and the heap may.
in_use() {
    local now
    now=$(usage hotplug)
    sed 's/.* \(grants=.*ports=[0-9]*\).* \(threads=[0-9]*\).*/\1 \2/' <<<"$now"
}

# A PV guest that has never run is not asked: xl reads the guest's own list of its frames before that.
if [ "$TYPE" = pvh ]; then
    note "asked before the first instruction"
    create_paused
    xl save hotplug chk >save.log 2>&1 &
    SAVE=$!
    xs_wait hotplug control/shutdown suspend
    xl unpause hotplug
    wait $SAVE || fail "xl save: $(tail -n 3 save.log)"
    expect_console hotplug 'suspend: the toolstack wants to save this domain'
    refuse_console hotplug 'services are up'
    restore
    started
    alive
    destroy hotplug
fi

note "asked while it starts"
create_paused
xl unpause hotplug &
save
restore
started
alive
before=$(in_use)

note "a disk is attached at the same time"
xl block-attach hotplug "$(disk xvdb b)" >attach.log 2>&1 &
ATTACH=$!
save
wait $ATTACH || note "xl block-attach was too late: $(tail -n 1 attach.log)"
restore
alive
if ! xs_read hotplug device/vbd/51728/backend >/dev/null; then
    xl block-attach hotplug "$(disk xvdb b)" || fail "xl block-attach"
fi
opened() { [ "$(ask hotplug open 1 /dev/xvdb)" = open ]; }
wait_for 20 opened || fail "xvdb cannot be opened"
expect "xvdb" "${SUM_B[*]}" "$(ask hotplug sum 1 262144)"
xl block-detach hotplug 51728 || fail "xl block-detach"

note "a disk whose backend never gets on"
mkdir small
mount -t tmpfs -o size=256k tmpfs small
HALF=51744
# half_built: nobody drives its backend, which waits for ever.
half_built() {
    local front back
    front=/local/domain/$(domid hotplug)/device/vbd/$HALF
    back=/local/domain/0/backend/nobody/$(domid hotplug)/$HALF
    xenstore-write "$back/state" 2 "$back/online" 1 "$front" ""
    xenstore-chmod -r "$back" n0 "r$(domid hotplug)"
    xenstore-chmod "$front" "n$(domid hotplug)" r0
    xenstore-write "$front/backend-id" 0 "$front/state" 1 "$front/backend" "$back"
}
half_built
xs_wait hotplug device/vbd/$HALF/state 3
! xl save hotplug small/chk >small.log 2>&1 || fail "256 KiB are enough for a saved guest"
wait_for 30 running || fail "not running after a save that failed"
umount small
save
xenstore-rm /local/domain/0/backend/nobody
restore
alive
expect "suspends cancelled" 1 "$(count 'suspend: cancelled')"
expect "in use" "$before" "$(in_use)"

note "a receiver that fails: within the stream, when it has all"
for receiver in 'head -c 1000000 | xl migrate-receive' 'xl migrate-receive | head -n 1'; do
    ! xl migrate -s "" hotplug "$receiver" >migrate.log 2>&1 || fail "xl migrate to: $receiver"
    wait_for 30 running || fail "not running after: $receiver"
    xl destroy hotplug--incoming 2>/dev/null || true
    alive
done
[ "$TYPE" = pv ] || expect "suspends cancelled" 2 "$(count 'suspend: cancelled')"
expect "in use" "$before" "$(in_use)"

note "the disk's file is not there"
save
mv a away
! xl restore chk >restore.log 2>&1 || fail "restored without its disk"
! domid hotplug >/dev/null || fail "a domain is left"
ok "xl refuses: $(grep -m 1 'neither\|error' restore.log)"
mv away a

# less NODE=VALUE...: what the card's backend offers; without a value, it knows nothing of it.
# (What a disk's offers cannot be changed so: Linux' blkback writes it anew when it connects.)
less() {
    local path word
    path=/local/domain/0/backend/vif/$(domid hotplug)/0
    for word; do
        case $word in
        *=*) xenstore-write "$path/${word%=*}" "${word#*=}" ;;
        *) xenstore-rm "$path/$word" 2>/dev/null || true ;;
        esac
    done
}
note "a network backend that cannot copy"
restore -p
less feature-rx-copy=0
xl unpause hotplug
wait_console hotplug 'device/vif/0: no connection to .*: error'
expect "xvda" "${SUM_A[*]}" "$(ask hotplug sum 0 524288)"
destroy hotplug

note "a network backend that can do less, and then one that can do more"
restore -p
less feature-sg=0 feature-gso-tcpv4=0 feature-gso-tcpv6=0 feature-ipv6-csum-offload=0 \
    feature-multicast-control feature-dynamic-multicast-control feature-split-event-channels \
    feature-ctrl-ring multi-queue-max-queues
xl unpause hotplug
alive
# offloads: what the card said last.
offloads() { console hotplug | grep -a 'receive pages' | tail -n 1 | grep -ac offload || true; }
expect "offloads" 0 "$(offloads)"
save_restore hotplug
alive
expect "offloads" 1 "$(offloads)"

xl shutdown hotplug
expect_shutdown hotplug poweroff
