# SPDX-License-Identifier: MIT
# What a crash report tells, also when threads, stacks or page tables are destroyed; sysrq keys; dumps for `after`.
preload=
[ "$TYPE" = pv ] || preload=$PWD/fewer-frames.so
mkdir -p keep /var/lib/xen/dump

LD_PRELOAD=$preload create crash.cfg "extra = '-- null'" 'on_crash = "coredump-destroy"'
wait_gone crash 60
mv /var/lib/xen/dump/* keep/crashed
expect_console crash 'crash: page fault: write of address 8 \(not mapped\)'
expect_console crash 'thread "main", stack [0-9a-f]+ to [0-9a-f]+'
expect_console crash 'thread "waiter" waits for queue [0-9a-f]+ since [0-9]+\.[0-9]+, stack [0-9a-f]+ to [0-9a-f]+, [0-9]+ bytes used'
expect_console crash 'thread "newcomer" is ready'
expect_console crash 'thread "xenstore" (waits|is ready)'
expect_console crash 'thread "idler" waits since'
expect_console crash 'thread "worker" waits for queue'
expect "backtraces" 5 "$(console crash | grep -c 'backtrace: [0-9a-f]* [0-9a-f]')"
expect "the last log lines" 1 "$(console crash | sed -n '/last log lines/,$p' | grep -c 'starting crash')"
expect_console crash 'The domain stops as crashed'

run_until_crash() { # WORD
    create crash.cfg "extra = '-- $1'"
    expect_shutdown crash crash
}
for how in stray unmapped; do
    run_until_crash $how
    expect_console crash 'the list of threads is broken'
    expect_console crash 'The domain stops as crashed'
    destroy crash
done
run_until_crash ruin
expect_console crash 'backtrace: a5a5a5a5a5a5a5a5'
expect_console crash 'and more threads'
expect_console crash 'The domain stops as crashed'
destroy crash

if [ "$TYPE" = pvh ]; then # under PV, Xen keeps the page tables sound
    run_until_crash tables
    expect_console crash 'a fault at [0-9a-f]+ inside the report ends it'
    refuse_console crash 'The domain stops as crashed\.'
    destroy crash
fi

key() { # KEY REGEX
    xl sysrq crash "$1"
    wait_console crash "$2"
}
create crash.cfg
wait_console crash 'running: wait'
key h 'sysrq: t  threads and their stacks'
key t 'thread "waiter" waits for queue'
key m 'pages: [0-9]+ of [0-9]+ free'
key x 'event channels: [0-9]+ of 4095 in use'
key '?' "no command has the key '\\?'"
xs_wait crash control/sysrq ''
LD_PRELOAD=$preload xl dump-core crash keep/live
key c 'sysrq: a crash was asked for'
expect_shutdown crash crash
destroy crash
