# SPDX-License-Identifier: MIT
# The generator of random numbers.
STANDS_ON_lib/random := xen arch lib/base

SRCS_core += $(call in,lib/random)
