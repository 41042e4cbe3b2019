# SPDX-License-Identifier: MIT
# Running images on real Xen in QEMU (tools/xenhost).

APP  ?= httpd
PORT ?= 8080

.PHONY: run bench bench-images
run:
	@tools/check-tools --install run
	@$(MAKE) --no-print-directory $(JOBS) $(APP)
	@exec tools/xenhost/xenhost run $(APP) --port $(PORT)

bench:
	@tools/check-tools --install bench
	@$(MAKE) --no-print-directory $(JOBS) bench-images
	@exec tools/bench/bench

bench-images: $(BENCH_IMAGES)
