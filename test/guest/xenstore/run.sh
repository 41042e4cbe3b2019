# SPDX-License-Identifier: MIT
# Transactions that conflict, watches under load, errors; dom0 writes a storm of nodes while the guest watches.
create xenstore.cfg
xs_wait xenstore data/ready storm 120
base=/local/domain/$(domid xenstore)/data/storm
for round in 1 2 3 4 5 6; do
    xenstore-write "$base/a" $round "$base/b" $round "$base/c" $round "$base/d/e" $round "$base/f" $round
done
xenstore-write "$base/last" over
expect_shutdown xenstore poweroff
expect_console xenstore 'verdict: all checks passed'
