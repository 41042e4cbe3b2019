# SPDX-License-Identifier: MIT
# Running images on real Xen in QEMU (tools/xenhost).

APP  ?= httpd
PORT ?= 8080

.PHONY: run bench
run:
	@tools/check-tools --install run
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost run $(APP) --port $(PORT)

bench:
	@tools/check-tools --install bench
	@$(MAKE) --no-print-directory $(JOBS) all
	@exec tools/bench/bench
