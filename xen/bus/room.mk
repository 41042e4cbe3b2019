# SPDX-License-Identifier: MIT
# Grant table, xenstore, xenbus, what all frontends share, console.
STANDS_ON_xen/bus := lib/sched lib/mm lib/random xen arch lib/base

SRCS_core += $(filter-out xen/bus/xenbus% xen/bus/frontend.c,$(call in,xen/bus))
SRCS_xenbus += $(wildcard xen/bus/xenbus*.c) xen/bus/frontend.c
