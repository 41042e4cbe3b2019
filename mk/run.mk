# SPDX-License-Identifier: MIT
# Running images on real Xen in QEMU (tools/xenhost).

APP  ?= httpd
PORT ?= 8080

GDB_ARGUMENTS ?=

# Which Debian the Xen host is made of: bookworm (12, with Xen 4.17) or trixie (13, with Xen 4.20).
SUITE ?= $(or $(XENHOST_SUITE),bookworm)
export XENHOST_SUITE := $(SUITE)

.PHONY: run gdb bench bench-images bench-bare
run:
	@tools/check-tools --install run
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost run $(APP) --port $(PORT)

gdb:
	@tools/check-tools --install gdb
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost gdb $(APP) $(GDB_ARGUMENTS)

# Figures are those of one host and one Linux guest: Debian 12's.
bench: export XENHOST_SUITE := bookworm
bench:
	@tools/check-tools --install bench
	@$(MAKE) --no-print-directory $(JOBS) bench-images
	@$(MAKE) --no-print-directory $(JOBS) bench-bare
	@exec tools/bench/bench

bench-images: $(BENCH_IMAGES)

# The same without canaries, stack probes, fortified functions, seals in the heap and checks of rings: what these cost.
BARE := $(BUILD)/bench/bare
bench-bare:
	@$(MAKE) --no-print-directory httpd $(BENCH_APPS) OUT=$(BARE)/out OBJ=$(BARE)/obj OVERLAY=tools/bench/bare PROTECT= STACK_PROBES= FORTIFY=
