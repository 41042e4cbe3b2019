# SPDX-License-Identifier: MIT
create threads.cfg
expect_shutdown threads poweroff 120
expect_console threads "verdict: all checks passed"
