# SPDX-License-Identifier: MIT
# The first instructions under each guest type, and the layout of an image.
STANDS_ON_arch/x86_64/boot := lib/boot xen/domain lib/mm xen arch lib/base

SRCS_core += $(call in,arch/x86_64/boot/pv arch/x86_64/boot/pvh)
