# SPDX-License-Identifier: MIT
# Boot lines, output that fills the ring many times over, input; the same right before the end.
create console.cfg
wait_console console 'ready for input'
expect_console console "Xenolith console on Xen [0-9.]+, ${TYPE^^} guest, 16384 KiB"
expect_console console '\] memory: [0-9a-f]+-[0-9a-f]+ free'
expect_console console '\] command line:'
expect_console console '^\[ +[0-9]+\.[0-9]{6}\] starting console'
for i in 0 199 399; do expect_console console "^line $i abcdef.*789"; done
expect "lines printed" 400 "$(console console | grep -ac '^line [0-9]* abcdefghijklmnopqrstuvwxyz0123456789')"

tty=$(xs_read console console/tty)
stty -F "$tty" raw -echo 2>/dev/null || true
printf 'one line\n' > "$tty"
wait_console console 'read 8 bytes: one line'
printf '%s\n' "$(printf 'x%.0s' {1..100})" > "$tty"
wait_console console 'read 100 bytes: x{100}'
printf 'end\n' > "$tty"

wait_console console 'ready for a paste'
seq 1000000 1001023 > paste
cat paste > "$tty"
read -r sum _ < <(cksum paste)
wait_console console "pasted 8192 bytes, sum $sum\b"
expect_shutdown console poweroff
expect_console console 'verdict: all checks passed'
expect "last lines printed" 400 "$(console console | grep -ac '^last [0-9]* abcdefghijklmnopqrstuvwxyz0123456789')"
expect_console console 'console has ended with status 0'
