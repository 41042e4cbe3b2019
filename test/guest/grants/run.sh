# SPDX-License-Identifier: MIT
create grants.cfg
expect_shutdown grants poweroff
expect_console grants "verdict: all checks passed"
expect_console grants "[0-9]{4,} grant references"
