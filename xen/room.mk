# SPDX-License-Identifier: MIT
# Hypercalls, event channels; x86_64/: clock, platform, blocking, for each guest type.
STANDS_ON_xen := arch lib/base

SRCS_core += $(call in,xen xen/x86_64 xen/x86_64/pv xen/x86_64/pvh)
