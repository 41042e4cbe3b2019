# SPDX-License-Identifier: MIT
# Command line, boot stages, start and end of the application.
STANDS_ON_lib/boot := xen/domain lib/file lib/block xen/bus lib/sched lib/mm lib/random xen lib/base

SRCS_core += $(filter-out %/identity.c,$(call in,lib/boot))
