# SPDX-License-Identifier: MIT
# Tests. A unit test is a file test/unit/NAME.c whose line "// SRCS:" names the sources it is linked with, or sets of them ("// CFLAGS:" adds flags,
# "// LWIP: yes" adds lwIP's core); it runs on this machine with sanitizers on; or a file test/unit/NAME.py. A guest test is a folder under test/guest.

include mk/test-sources.mk

UNIT_FILES := $(shell grep -l '^// SRCS:' test/unit/*.c 2>/dev/null)
UNIT_TESTS := $(patsubst test/unit/%.c,%,$(UNIT_FILES))
UNIT_DIR := $(BUILD)/test/unit
UNIT_FLAGS := -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_WARNINGS := -Wall -Wextra -Wno-missing-field-initializers -Werror
UNIT_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Itest/unit $(ABI_CPPFLAGS) $(LWIP_CPPFLAGS) $(LZ4_CPPFLAGS)

# What any source may call: the kernel's heap, served by the host's malloc().
ANY_TEST := lib/libc/kernel_heap.c
unit_line = $(shell sed -n 's|^// $(2): *||p' test/unit/$(1).c)
unit_sources = $(sort $(call unit_line,$(1),SRCS) $(ANY_TEST))

# lwIP for the host, compiled once for all tests that use it.
UNIT_LWIP_OBJS = $(patsubst $(LWIP)/src/%.c,$(UNIT_DIR)/lwip/%.o,$(LWIP_SRCS))
$(UNIT_DIR)/lwip/%.o: $(LWIP)/src/%.c $(wildcard net/lwip/*.h) | $(LWIP)/.done
	@mkdir -p $(@D)
	$(Q)cc $(UNIT_FLAGS) $(UNIT_CPPFLAGS) $(UNIT_LWIP_FLAGS) -w -c -o $@ $<

comma := ,
empty :=
space := $(empty) $(empty)

# A source is compiled once for all tests that compile it with the same flags; what is for the linker (-Wl) makes no difference.
unit_flags = $(call unit_line,$(1),CFLAGS)
unit_compile_flags = $(filter-out -Wl$(comma)%,$(call unit_flags,$(1)))
unit_key = flags$(subst =,_,$(subst /,_,$(subst $(space),,$(1))))
unit_objects = $(patsubst %.c,$(UNIT_DIR)/obj/$(1)/%.o,$(sort $(2)))

# $(1) flags
define unit_compile
$(UNIT_DIR)/obj/$(call unit_key,$(1))/%.o: %.c | $(ABI)/.done $(LWIP)/.done
	@mkdir -p $$(@D)
	$(Q)cc $(UNIT_FLAGS) $(UNIT_WARNINGS) $(UNIT_CPPFLAGS) $(1) -MMD -MP -c -o $$@ $$<
endef

# $(1) name
define unit_test
$(UNIT_DIR)/$(1): $$(call unit_objects,$(call unit_key,$(call unit_compile_flags,$(1))),test/unit/$(1).c $(call unit_sources,$(1))) \
    $(if $(call unit_line,$(1),LWIP),$(UNIT_LWIP_OBJS))
	@mkdir -p $$(@D)
	$(say) UNIT $(1)
	$(Q)cc $(UNIT_FLAGS) $(call unit_flags,$(1)) -o $$@ $$^ -lcmocka
endef

# A test in Python is a program as it is; it prints its count as cmocka does.
PYTHON_TESTS := $(patsubst test/unit/%.py,%,$(wildcard test/unit/*.py))
$(addprefix $(UNIT_DIR)/,$(PYTHON_TESTS)): $(UNIT_DIR)/%: test/unit/%.py
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec python3 -B %s\n' $< > $@ && chmod +x $@

ifneq ($(filter unit test unit-programs,$(MAKECMDGOALS)),)
$(foreach test,$(UNIT_TESTS),$(eval $(call unit_test,$(test))))
UNIT_FLAG_SETS := $(sort $(foreach test,$(UNIT_TESTS),$(subst $(space),@,$(strip x $(call unit_compile_flags,$(test))))))
$(foreach set,$(UNIT_FLAG_SETS),$(eval $(call unit_compile,$(wordlist 2,99,$(subst @,$(space),$(set))))))
-include $(shell find $(UNIT_DIR)/obj -name '*.d' 2>/dev/null)
endif

.PHONY: test unit unit-programs guest guest-trixie guest-clang
# The host of the guest tests, which waits for downloads and boots on one processor, is made beside the unit tests.
test:
	@tools/check-tools --install test
	@tools/xenhost/xenhost boot & host=$$!; trap 'kill $$host 2>/dev/null' EXIT; trap 'exit 130' INT TERM; \
	    $(MAKE) --no-print-directory $(JOBS) unit && wait $$host
	@$(MAKE) --no-print-directory $(JOBS) guest

include mk/fuzz.mk
ALL_UNIT_TESTS := $(UNIT_TESTS) $(PYTHON_TESTS) $(addprefix fuzz-,$(FUZZERS))

unit-programs: $(addprefix $(UNIT_DIR)/,$(or $(TEST),$(ALL_UNIT_TESTS)))

# Breaks of the code that the unit tests must notice: tools/mutants. MUTANTS=WORD picks some.
.PHONY: mutants
mutants: $(PREPARED)
	@tools/check-tools --install test
	@tools/mutants $(MUTANTS)

unit: unit-programs
	@tools/run-unit $(UNIT_DIR) $(or $(TEST),$(ALL_UNIT_TESTS))

# See its source: `xl dump-core` without it takes minutes under TCG.
$(OUT)/fewer-frames.so: test/guest/crash/fewer_frames.c
	@mkdir -p $(@D)
	$(Q)cc -shared -nostdlib -fPIC -O2 -o $@ $<

# Runs in dom0, whatever its libraries are: linked with Xen's as archives.
$(OUT)/hostile-backend: $(wildcard test/guest/hostile/backend/*)
	@mkdir -p $(@D)
	$(say) DOM0 $@
	$(Q)cc -std=gnu11 -O1 -g $(UNIT_WARNINGS) -static -o $@ $(filter %.c,$^) -lxengnttab -lxenevtchn -lxenstore -lxentoolcore -lxentoollog

# A test may boot the applications too, and one without a source of its own boots only these and what its payload names.
# ROUNDS=N makes tests that go round go N times, HOSTS=N runs them on so many hosts side by side.
export ROUNDS
guest: $(if $(filter crash devices,$(or $(TEST),crash)),$(OUT)/fewer-frames.so) \
    $(if $(filter hostile,$(or $(TEST),hostile)),$(OUT)/hostile-backend) \
    $(if $(TEST),$(APPS) $(filter $(IMAGES),$(TEST) $(basename $(shell cat $(TEST:%=test/guest/%/payload) 2>/dev/null))),$(IMAGES))
	@exec tools/xenhost/xenhost test $(if $(HOSTS),-j $(HOSTS)) $(if $(TYPE),--type $(TYPE)) $(TEST)

# A dozen tests on Debian 13's Xen 4.20: what the two versions do differently for a guest (start, grants, events,
# disk, network, suspend, balloon, end). `make guest SUITE=trixie` runs all there.
TRIXIE_TESTS := hello console files disk http network grants xenstore save balloon lifecycle hotplug
guest-trixie:
	@$(MAKE) --no-print-directory $(JOBS) guest SUITE=trixie TEST="$(TRIXIE_TESTS)"

# All guest tests under both types, with images that clang built, which lie beside gcc's; TEST and HOSTS as above.
CLANG := $(BUILD)/clang
guest-clang:
	@CC=clang tools/check-tools --install test
	@XENHOST_OUT=$(abspath $(CLANG)/out) $(MAKE) --no-print-directory $(JOBS) guest TYPE=$(or $(TYPE),both) CC=clang OUT=$(CLANG)/out OBJ=$(CLANG)/obj NEWLIB=$(CLANG)/newlib
