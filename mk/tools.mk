# SPDX-License-Identifier: MIT
# Quiet output, and the check that what a build needs is there.

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-8s %s\n'
endif

# Goals that install first call make again, on all processors.
JOBS := -j$(shell nproc)

# What the goal needs besides make itself, looked at once; said in one line if missing.
$(BUILD)/.tools-build: tools/check-tools
	@mkdir -p $(@D)
	@tools/check-tools build
	@touch $@
