# SPDX-License-Identifier: MIT
# Xenolith. `make run` and `make test` are the two to know; `make help` lists the others.

BUILD := build
OUT   := $(BUILD)/out
OBJ   := $(BUILD)/obj

include Config.mk

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

include mk/tools.mk
include mk/upstream.mk
include mk/flags.mk
include mk/rooms.mk
include mk/images.mk
include mk/tests.mk
include mk/run.mk
include mk/lint.mk
include mk/install.mk

.PHONY: all clean help
all: $(IMAGES)

clean:
	@rm -rf $(BUILD)/obj $(BUILD)/out $(BUILD)/test
	@echo "removed what was built here; upstream sources and the host stay (rm -rf $(BUILD) removes all)"

help:
	@echo "make                     all images, into $(OUT)"
	@echo "make APP                 one image: $(sort $(APPS))"
	@echo "make run [APP=httpd]     boot it on real Xen in QEMU; Ctrl-C ends it"
	@echo "make gdb [APP=httpd]     the same under gdb, paused at its first instruction"
	@echo "make test                unit tests, then guest tests on real Xen"
	@echo "make unit                unit tests alone; make unit TEST=NAME one of them"
	@echo "make fuzz [FUZZ=NAME] [RUNS=N]  the fuzzers, for long: $(sort $(FUZZERS))"
	@echo "make guest TEST=NAME     one guest test, under both guest types (TYPE=pv or pvh: under one): $(sort $(GUEST_TESTS))"
	@echo "make guest SUITE=trixie  all guest tests on Debian 13's Xen 4.20; guest-trixie runs a dozen of them, as CI does"
	@echo "make guest-clang         the guest tests with images built by clang; TEST and TYPE as above"
	@echo "make mutants [MUTANTS=WORD]  breaks the code on purpose; the unit tests must notice"
	@echo "make lint                what a machine can say about the sources: floors, links, spelling and more"
	@echo "make format              clang-format over the tree"
	@echo "make install             images, tools, man pages, under PREFIX (/usr/local), below DESTDIR; make uninstall"
	@echo "make bench               measure beside a Linux guest"
	@echo "make clean               remove what was built; V=1 shows commands, CC=clang takes clang"
