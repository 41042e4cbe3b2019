# SPDX-License-Identifier: MIT
# Lists, formatting, the log, time, and what rooms above register with.
STANDS_ON_lib/base :=

SRCS_core += $(call in,lib/base)
