# SPDX-License-Identifier: MIT
# types: pvh
# An EROFS on a disk, compared with the archive of the same folder.
create erofs.cfg
expect_shutdown erofs poweroff 60
expect_console erofs 'verdict: all checks passed'
