# SPDX-License-Identifier: MIT
# Attacks on memory (main.c): each ends in the report that names it, and in the reason "crash".
# timeout: 300
places=()
mkdir keep

# where: the line that says where heap and stack of the domain lie.
where() { console protection | grep -aoE 'heap [0-9a-f]+ stack [0-9a-f]+'; }

attack() { # NAME REGEX
    create protection.cfg "extra = '-- $1'"
    expect_shutdown protection crash
    expect_console protection "attack: $1"
    expect_console protection "$2"
    expect_console protection 'backtrace: [0-9a-f]+( [0-9a-f]+)*'
    refuse_console protection 'survived'
    places=("${places[@]}" "$(where)")
    destroy protection
}

# Xen delivers a PV guest's fault on the stack that it happened on: when that is full, Xen ends the
# domain as crashed, and there is nobody to report it. A dump tells `after` who it was.
overflow() { # NAME REGEX
    if [ "$TYPE" = pv ]; then
        xl dmesg -c >/dev/null
        create protection.cfg "extra = '-- $1'" 'memory = 4'
        expect_shutdown protection crash
        expect_console protection "attack: $1"
        refuse_console protection 'crash:|survived'
        xl dmesg >dmesg.log
        grep -q "domain_crash_sync called from entry.S" dmesg.log || { cat dmesg.log; fail "Xen's log does not name it"; }
        ok "Xen's log: $(grep -m 1 "domain_crash_sync called" dmesg.log)"
        xl dump-core protection "keep/$1"
        destroy protection
    else
        attack "$1" "$2"
    fi
}
overflow overflow 'crash: stack overflow of thread "digger"'
overflow leap 'crash: stack overflow of thread "leaper"'
overflow overflow-main 'crash: stack overflow of thread "main"'
attack constant 'crash: page fault: write of address [0-9a-f]+ \(protected\)'
attack double-free 'heap: free\([0-9a-fx]+\): freed already'
attack double-free-merged 'heap: free\([0-9a-fx]+\): freed already'
attack overrun 'heap: free\([0-9a-fx]+\): overrun: it has 20 bytes, and those behind were overwritten'
attack overrun-far 'heap: realloc\([0-9a-fx]+\): overrun: '
attack bad-pointer 'heap: free\([0-9a-fx]+\): no block'
attack foreign-pointer 'heap: free\([0-9a-fx]+\): not a block of the heap'
attack after-free 'heap: the free block at [0-9a-fx]+ was written to after it was freed'
attack fortify-memcpy 'buffer overflow: a function of the C library'
attack fortify-strcpy 'buffer overflow: a function of the C library'
attack fortify-read 'buffer overflow: a function of the C library'
attack fortify-snprintf 'buffer overflow: a function of the C library'

# What is allowed goes on working.
create protection.cfg "extra = '-- allowed'"
expect_shutdown protection poweroff
expect_console protection 'heap used'
expect_console protection 'survived'
refuse_console protection 'block'
places=("${places[@]}" "$(where)")

# Heap and stacks lie elsewhere in each boot.
note "${places[@]}"
different() { # FIELD
    printf '%s\n' "${places[@]}" | cut -d ' ' -f "$1" | sort -u | wc -l
}
expect "places of the heap" "${#places[@]}" "$(different 2)"
expect "places of the stack" "${#places[@]}" "$(different 4)"
