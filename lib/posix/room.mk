# SPDX-License-Identifier: MIT
# POSIX entry points of programs that are linked into the image.
STANDS_ON_lib/posix := lib/fs lib/file lib/block lib/sched lib/mm lib/random xen lib/base

SRCS_core += $(call in,lib/posix)
