# SPDX-License-Identifier: MIT
# What newlib asks of a system.
STANDS_ON_lib/libc := lib/posix lib/file lib/sched lib/mm lib/random xen lib/base

SRCS_core += $(call in,lib/libc)
