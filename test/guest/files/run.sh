# SPDX-License-Identifier: MIT
# types: pvh
# Files: an archive in memory, the writable root, /dev, directories, pipes, poll.
create files.cfg
expect_shutdown files poweroff
expect_console files 'tarfs: ramdisk: 3 entries'
expect_console files '[0-9]* names fill the file system'
expect_console files 'verdict: all checks passed'
destroy files

# A mount of a disk that is not there is told, and the guest runs on.
create files.cfg "extra = 'mount=/www:ramdisk mount=/data:xvdz'"
expect_shutdown files poweroff
expect_console files 'mount: no disk xvdz for /data; disks here: ramdisk'
expect_console files 'verdict: all checks passed'
destroy files

# More mounts than there are fingers, below a root that is itself an archive, which has no place for them.
words=mount=/www:ramdisk
for ((i = 0; i < 12; i++)); do
    words+=" mount=/many/$i:ramdisk"
done
create files.cfg "extra = '$words mount=/:ramdisk -- mounts'"
expect_shutdown files poweroff
expect_console files 'verdict: all checks passed'
