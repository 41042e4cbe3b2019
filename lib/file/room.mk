# SPDX-License-Identifier: MIT
# Open files, descriptors, pipes, poll.
STANDS_ON_lib/file := xen/bus lib/sched lib/mm lib/random xen lib/base

SRCS_core += $(call in,lib/file)
