# SPDX-License-Identifier: MIT
# Lifecycle, suspend, balloon, health, sysrq, crash report.
STANDS_ON_xen/domain := xen/bus lib/sched lib/mm lib/random xen arch lib/base

SRCS_core += $(filter-out %/balloon.c %/health.c xen/domain/xenbus%,$(call in,xen/domain xen/domain/x86_64 xen/domain/x86_64/pv xen/domain/x86_64/pvh))
SRCS_balloon += xen/domain/balloon.c $(wildcard xen/domain/x86_64/*/balloon.c)
SRCS_health += xen/domain/health.c
SRCS_xenbus += $(wildcard xen/domain/xenbus*.c)
