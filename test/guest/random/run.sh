# SPDX-License-Identifier: MIT
# Random numbers for applications; the seed in the cfg is shown nowhere, and does not fix the numbers.
boot() { # OPTION...
    create random.cfg "$@"
    expect_shutdown random poweroff
    expect_console random 'verdict: all checks passed'
    first=$(console random | grep -a '^first:')
}
boot "extra = 'seed=cafe0123456789beef -- word'"
expect_console random 'command line: seed=\*+ -- word'
expect_console random 'argument <word>'
refuse_console random 'cafe|beef'
refuse_console random 'argument <seed'
refuse_console random 'warning: command line'
seeded=$first
destroy random

boot "extra = 'seed=cafe0123456789beef -- word'"
note "$seeded, then $first"
[ -n "$first" ] && [ "$first" != "$seeded" ] || fail "the same numbers in two boots"
ok "other numbers at the next boot"
