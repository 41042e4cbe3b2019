# SPDX-License-Identifier: MIT
# The memory matrix: the smallest that works, 64 MiB, 1 GiB; then too little, which must end in one clear line or in xl's refusal.
matrix() { # MIB
    create memory.cfg "memory = $1" 'shadow_memory = 4'
    expect_shutdown memory poweroff 120
    expect_console memory 'verdict: all checks passed'
    console memory | grep -a -e 'KiB free' -e 'malloc gave' | while read -r line; do note "$1 MiB: $line"; done
    destroy memory
}
sizes=(1 2 3 64 1024)
[ "$TYPE" = pvh ] || sizes=(4 5 7 64 1024)  # the domain builder refuses a PV guest less than 4
for size in "${sizes[@]}"; do
    matrix "$size"
done
