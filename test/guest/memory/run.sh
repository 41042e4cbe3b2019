# SPDX-License-Identifier: MIT
# The memory matrix: the smallest that works, 64 MiB, 1 GiB; then too little, which must end in one clear line or in xl's refusal.
matrix() { # MIB
    create memory.cfg "memory = $1" 'shadow_memory = 4'
    expect_shutdown memory poweroff 120
    expect_console memory 'verdict: all checks passed'
    console memory | grep -a -e 'KiB free' -e 'malloc gave' | while read -r line; do note "$1 MiB: $line"; done
    destroy memory
}
matrix 1
matrix 2
matrix 3
matrix 64
matrix 1024
