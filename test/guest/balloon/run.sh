# SPDX-License-Identifier: MIT
# timeout: 300
# xl mem-set down and up, below what is in use and above maxmem; maxmem above memory; malloc at the
# edge; an application that gives up its cache. Xen's own count of pages is what decides.

note "a guest whose memory map shows more than it has"
create balloon.cfg 'memory=24' 'maxmem=64'
wait_console balloon 'ready' 30
refuse_console balloon 'balloon:'
at_most "memory that it thinks it has" "$(memory_of balloon present)" 24576
held=$(ask balloon hold 4096)
[[ $held == *ENOMEM ]] || fail "memory has no end: $held"
ok "all of it in use: $held"
expect "contents" "0 wrong" "$(ask balloon check)"
expect_running balloon

note "up to maxmem, all of it in use; then above it"
mem_set balloon 64
reach balloon 65536
more=$(ask balloon hold 4096)
[[ $more == *ENOMEM ]] || fail "memory has no end: $more"
at_most "blocks in 24 MiB and some more" $((${held% *} + 500)) "${more% *}"
expect "contents" "0 wrong" "$(ask balloon check)"
xenstore-write "/local/domain/$(domid balloon)/memory/target" 1000000
wait_console balloon 'balloon: a target of 1000000 KiB is above maxmem: taken as 65536 KiB' 20
xenstore-write "/local/domain/$(domid balloon)/memory/target" nonsense
wait_console balloon 'balloon: no usable number in memory/target' 20
xenstore-write "/local/domain/$(domid balloon)/memory/target" 65536 # or xl will not touch it

note "below what is in use: as far as possible, and the rest when it is freed"
mem_set balloon 32
wait_console balloon 'balloon: .* KiB of memory now, not 32768: the rest is in use' 20
expect "contents" "0 wrong" "$(ask balloon check)"
ask balloon hold 200 >/dev/null
reach balloon 32768
at_most "Xen's count" "$(xen_kib balloon)" 33792
expect "contents" "0 wrong" "$(ask balloon check)"

note "a cache is given up before memory is said to be in use"
ask balloon hold 350 >/dev/null
ask balloon cache 512 >/dev/null
mem_set balloon 24
reach balloon 24576
expect "asked" yes "$(memory_of balloon asked)"
expect "contents" "0 wrong" "$(ask balloon check)"

note "up and down again: nothing is lost on the way"
ask balloon hold 100 >/dev/null
before=$(memory_of balloon total)
for size in 20 48 17 24; do
    mem_set balloon $size
    reach balloon $((size * 1024))
    expect "contents" "0 wrong" "$(ask balloon check)"
done
expect "managed pages" "$before" "$(memory_of balloon total)"
ask balloon end >/dev/null
expect_shutdown balloon poweroff
expect_console balloon 'verdict: all checks passed'
