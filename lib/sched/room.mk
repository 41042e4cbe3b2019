# SPDX-License-Identifier: MIT
# Threads, wait queues, timers.
STANDS_ON_lib/sched := lib/mm lib/random xen arch lib/base

SRCS_core += $(call in,lib/sched)
