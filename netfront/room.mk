# SPDX-License-Identifier: MIT
# The frontend of network cards.
STANDS_ON_netfront := net xen/bus lib/sched lib/mm lib/random xen arch lib/base

SRCS_net += $(call in,netfront)
