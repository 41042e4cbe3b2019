# SPDX-License-Identifier: MIT
# Threads, wait queues, timers; `work`: things done later.
STANDS_ON_lib/sched := lib/mm lib/random xen arch lib/base

SRCS_core += $(filter-out %/work.c,$(call in,lib/sched))
SRCS_work := lib/sched/work.c
