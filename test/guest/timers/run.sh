# SPDX-License-Identifier: MIT
# Timers in order and never early; the wall clock is dom0's; an idle guest takes no CPU.
create timers.cfg
wait_console timers 'idle begins'
guest=$(console timers | sed -n 's/^realtime \([0-9]*\).*/\1/p')
now=$(date +%s)
((guest - now < 60 && now - guest < 60)) || fail "the guest's clock says $guest, dom0's $now"
ok "wall clock"
before=$(cpu_ns timers)
nap 2
used=$((($(cpu_ns timers) - before) / 1000))
((used < 50000)) || fail "idle for 2 s, it used $used us of CPU time"
ok "idle for 2 s: $used us of CPU time"
expect_shutdown timers poweroff
expect_console timers 'verdict: all checks passed'
