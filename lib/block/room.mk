# SPDX-License-Identifier: MIT
# Block devices and requests.
STANDS_ON_lib/block := lib/sched lib/mm lib/random xen lib/base

SRCS_block += $(call in,lib/block)
