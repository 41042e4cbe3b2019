# SPDX-License-Identifier: MIT
# timeout: 300
# Saved and restored: a guest with maxmem above memory, after xl mem-set up and down, with all of its
# memory in use, on a host that has less, and with all that is free in single pages; a suspend that is
# given up. Contents and Xen's own count of pages decide; under PVH also what is not in the file.

right() { # KIB: has so much, to its own mind and to Xen's, of which up to a MiB is not memory
    expect "contents" "0 wrong" "$(ask balloon check)"
    reach balloon "$1"
    at_most "Xen's count" "$(xen_kib balloon)" $(($1 + 1024))
}
save() { xl save balloon chk >save.log 2>&1 || fail "xl save: $(tail -n 3 save.log)"; }
restore() { xl restore chk >restore.log 2>&1 || fail "xl restore: $(tail -n 3 restore.log)"; }

# leave_free MIB: a domain "hog" stakes a claim to all other memory of the host, which costs nothing.
leave_free() {
    local pages
    create balloon.cfg 'name="hog"' 'memory=16'
    xl mem-max hog 100000
    pages=$((($(xl info free_memory) - $1) * 256 + $(xen_kib hog) / 4))
    python3 - "$(domid hog)" "$pages" <<'END' || fail "no claim to $pages pages"
import ctypes, sys
xen = ctypes.CDLL("/usr/lib/xenhost/libxenctrl.so")
xen.xc_interface_open.restype = ctypes.c_void_p
handle = ctypes.c_void_p(xen.xc_interface_open(None, None, 0))
sys.exit(xen.xc_domain_claim_pages(handle, int(sys.argv[1]), ctypes.c_ulong(int(sys.argv[2]))) != 0)
END
    note "free on this host: $(xl info free_memory) MiB"
}

note "maxmem above memory"
create balloon.cfg 'memory=24' 'maxmem=64'
wait_console balloon 'ready' 30
expect "holding" "100 held" "$(ask balloon hold 100)"
has=$(memory_of balloon present)
free=$(memory_of balloon free)
save
restore
right "$has"
at_most "pages less that are free" $(((free - $(memory_of balloon free)) / 4)) 16

note "after mem-set up, all of it in use"
mem_set balloon 64
reach balloon 65536
held=$(ask balloon hold 4096)
[[ $held == *ENOMEM ]] || fail "memory has no end: $held"
save
restore
right 65536

note "a suspend that the toolstack gives up"
ask balloon hold 100 >/dev/null
mem_set balloon 24
reach balloon 24576
before=$(ask balloon memory)
mkdir small
mount -t tmpfs -o size=256k tmpfs small
! xl save balloon small/chk >small.log 2>&1 || fail "256 KiB are enough for a saved guest"
umount small
wait_console balloon 'suspend: cancelled by the toolstack' 30
expect "memory" "$before" "$(ask balloon memory)"
right 24576

note "after mem-set down, on a host with less memory: what is missing comes when it is there"
total=$(memory_of balloon total)
save
# PVH leaves out what is free, and xl writes 8 MiB for the frame numbers below 4 GiB.
[ "$TYPE" = pvh ] && limit=$((8 + 8)) || limit=25
at_most "bytes of the file" "$(stat -c %s chk)" $((limit << 20))
leave_free 16
if [ "$TYPE" = pvh ]; then
    restore
    wait_console balloon 'balloon: .* KiB of memory now, not 24576: Xen has no more' 20
    expect "contents" "0 wrong" "$(ask balloon check)"
    destroy hog
else
    ! xl restore chk >restore.log 2>&1 || fail "xl restore found memory that is not there"
    destroy hog
    restore
fi
right 24576
expect "managed" "$total" "$(memory_of balloon total)"
mem_set balloon 48
right 49152
ask balloon end >/dev/null
expect_shutdown balloon poweroff
expect_console balloon 'verdict: all checks passed'

note "free memory in holes of one page each"
destroy balloon
create balloon.cfg 'memory=128'
wait_console balloon 'ready' 30
holes=$(ask balloon holes)
[ "$holes" -gt 15000 ] || fail "holes: $holes"
before=$(ask balloon memory)
save
restore
expect "pages that are kept" "$holes" "$(ask balloon kept)"
expect "memory" "$before" "$(ask balloon memory)"
destroy balloon
