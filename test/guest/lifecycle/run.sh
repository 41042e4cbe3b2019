# SPDX-License-Identifier: MIT
# xl shutdown, reboot and destroy; crashes of every kind end in a report and the reason "crash".
create lifecycle.cfg
wait_console lifecycle 'running: wait'
wait_for 30 xs_read lifecycle control/feature-poweroff >/dev/null || fail "no control/feature-poweroff"
xenstore-write "/local/domain/$(domid lifecycle)/control/shutdown" nonsense
wait_console lifecycle 'nonsense'
xenstore-write "/local/domain/$(domid lifecycle)/control/shutdown" ""
expect_running lifecycle
xl shutdown lifecycle
expect_shutdown lifecycle poweroff
expect_console lifecycle 'waits in stdio'
expect_console lifecycle 'exit handler ran'
destroy lifecycle

create lifecycle.cfg
wait_console lifecycle 'running: wait'
wait_for 30 xs_read lifecycle control/feature-reboot >/dev/null || fail "no control/feature-reboot"
xl reboot lifecycle
expect_shutdown lifecycle reboot
expect_console lifecycle 'exit handler ran'
destroy lifecycle

create lifecycle.cfg
wait_console lifecycle 'running: wait'
destroy lifecycle

crash() { # ARGUMENTS REGEX
    create lifecycle.cfg "extra = '-- $1'"
    expect_shutdown lifecycle crash
    expect_console lifecycle "$2"
    expect_console lifecycle 'thread "main", stack [0-9a-f]+ to [0-9a-f]+'
    expect_console lifecycle 'backtrace: [0-9a-f]+( [0-9a-f]+)*'
    refuse_console lifecycle 'exit handler ran'
    destroy lifecycle
}
crash null 'crash: page fault: write of address 8 \(not mapped\)'
crash text 'crash: page fault: write of address [0-9a-f]+ \(protected\)'
crash data 'crash: page fault: execution of address [0-9a-f]+ \(protected\)'
crash 'buffer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' 'a buffer on the stack was overrun'
crash abort 'ended by signal 6 \(abort\)'
crash invalid 'crash: invalid opcode'
