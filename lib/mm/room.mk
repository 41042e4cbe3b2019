# SPDX-License-Identifier: MIT
# Pages, page tables, heap, stacks.
STANDS_ON_lib/mm := lib/random xen arch lib/base

SRCS_core += $(call in,lib/mm lib/mm/x86_64 lib/mm/x86_64/pv lib/mm/x86_64/pvh)
