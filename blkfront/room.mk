# SPDX-License-Identifier: MIT
# The frontend of disks.
STANDS_ON_blkfront := lib/block xen/bus lib/sched lib/mm lib/random xen arch lib/base

SRCS_blk += $(call in,blkfront)
