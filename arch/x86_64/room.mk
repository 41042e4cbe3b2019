# SPDX-License-Identifier: MIT
# The CPU: switch, trap stubs, features, page-table entries, memory functions. Nothing of Xen.
STANDS_ON_arch/x86_64 := lib/base

SRCS_core += $(call in,arch/x86_64)
