# SPDX-License-Identifier: MIT
# Timers in order and never early; the wall clock is dom0's; an idle guest takes no CPU.
create timers.cfg
wait_console timers 'idle begins'
guest=$(console timers | sed -n 's/^realtime \([0-9]*\).*/\1/p')
now=$(date +%s)
((guest - now < 60 && now - guest < 60)) || fail "the guest's clock says $guest, dom0's $now"
ok "wall clock"
# The least of three seconds: while this machine is busy with others, a guest that is on the CPU is billed for the time that they take.
used=1000000
for _ in 1 2 3; do
    before=$(cpu_ns timers)
    nap 1
    second=$((($(cpu_ns timers) - before) / 1000))
    ((second >= used)) || used=$second
done
((used < 25000)) || fail "idle for a second, it used $used us of CPU time"
ok "idle for a second: $used us of CPU time"
expect_shutdown timers poweroff
expect_console timers 'verdict: all checks passed'
