# SPDX-License-Identifier: MIT
# tools/gdb/gdbserver on a live guest: breakpoints, single steps, registers, memory, Ctrl-C, detach, a crash.
serve() { # PORT
    : >server.log
    setsid python3 -B -S ./gdbserver "$(domid crash)" "$1" >server.log 2>&1 </dev/null &
    wait_for 60 grep -q "on port" server.log || fail "gdbserver: $(cat server.log)"
}

create_paused() { # LINE...
    rm -f "$CONSOLES/guest-crash.log"
    DOMAINS+=(crash)
    xl create -p crash.cfg "type=\"$TYPE\"" 'on_crash="preserve"' "$@"
}

create_paused
serve 9999
python3 -B -S ./client.py live 9999 "$TYPE"
wait_console crash 'running: wait'
xl sysrq crash h
wait_console crash 'sysrq: t  threads'
expect_running crash
destroy crash

create_paused 'extra="-- null"'
serve 9998
python3 -B -S ./client.py crash 9998 "$TYPE"
expect_shutdown crash crash
expect_console crash 'The domain stops as crashed'
