# SPDX-License-Identifier: MIT
# Running images on real Xen in QEMU (tools/xenhost).

APP  ?= httpd
PORT ?= 8080

GDB_ARGUMENTS ?=

.PHONY: run gdb bench bench-images bench-bare
run:
	@tools/check-tools --install run
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost run $(APP) --port $(PORT)

gdb:
	@tools/check-tools --install gdb
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost gdb $(APP) $(GDB_ARGUMENTS)

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
