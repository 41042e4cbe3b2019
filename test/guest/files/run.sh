# SPDX-License-Identifier: MIT
# types: pvh
# Files: an archive in memory, the writable root, /dev, directories, pipes, poll.
create files.cfg
expect_shutdown files poweroff
expect_console files 'tarfs: ramdisk: 3 entries'
expect_console files 'verdict: all checks passed'
destroy files

# A mount of a disk that is not there is told, and the guest runs on.
create files.cfg "extra = 'mount=/www:ramdisk mount=/data:xvdz'"
expect_shutdown files poweroff
expect_console files 'mount: no disk xvdz for /data; disks here: ramdisk'
expect_console files 'verdict: all checks passed'
