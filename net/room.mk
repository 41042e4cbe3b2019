# SPDX-License-Identifier: MIT
# lwIP with its configuration, interfaces, sockets as files.
STANDS_ON_net := lib/file lib/sched lib/mm lib/random xen lib/base

SRCS_net += $(call in,net net/lwip)
