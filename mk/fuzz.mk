# SPDX-License-Identifier: MIT
# Fuzzers: files test/fuzz/NAME.c whose line "// SRCS:" names the sources they are linked with, or sets of them ("// CFLAGS:" adds flags), built by clang for libFuzzer.
# Each is also the unit test fuzz-NAME: a fixed number of inputs, from the corpus that is kept in test/fuzz/corpus.

FUZZERS := $(patsubst test/fuzz/%.c,%,$(shell grep -l '^// SRCS:' test/fuzz/*.c 2>/dev/null))
FUZZ_DIR := $(BUILD)/test/fuzz
FUZZ_CC := clang
FUZZ_FLAGS := -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Ixen -Itest/fuzz $(ABI_CPPFLAGS) $(LZ4_CPPFLAGS) -include test/fuzz/hook.h

# Inputs of `make unit`, chosen so that each takes some seconds on a slow machine.
FUZZ_RUNS = 3000
# Inputs of `make fuzz`.
RUNS ?= 1000000

fuzz_line = $(shell sed -n 's|^// $(2): *||p' test/fuzz/$(1).c)

$(BUILD)/.tools-fuzz: tools/check-tools
	@mkdir -p $(@D)
	@tools/check-tools fuzz
	@touch $@

# $(1) name
define fuzzer
$(FUZZ_DIR)/$(1): test/fuzz/$(1).c test/fuzz/fuzz.c $(call fuzz_line,$(1),SRCS) $(ANY_TEST) $(wildcard test/fuzz/*.h test/fuzz/*.ld xen/bus/*.h blkfront/*.h netfront/*.h) \
    $(shell find include -name '*.h') $(BUILD)/.tools-fuzz | $(ABI)/.done
	@mkdir -p $$(@D)
	$(say) FUZZER $(1)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) $(UNIT_WARNINGS) $(FUZZ_CPPFLAGS) $(call fuzz_line,$(1),CFLAGS) -o $$@ test/fuzz/$(1).c test/fuzz/fuzz.c $$(sort $(call fuzz_line,$(1),SRCS) $(ANY_TEST))
endef

$(addprefix $(UNIT_DIR)/fuzz-,$(FUZZERS)): $(UNIT_DIR)/fuzz-%: $(FUZZ_DIR)/%
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec tools/fuzz run %s %s\n' $* $(FUZZ_RUNS) > $@ && chmod +x $@

ifneq ($(filter unit test unit-programs fuzz fuzz-keep,$(MAKECMDGOALS)),)
$(foreach name,$(FUZZERS),$(eval $(call fuzzer,$(name))))
endif

.PHONY: fuzz fuzz-keep
fuzz fuzz-keep: $(addprefix $(FUZZ_DIR)/,$(or $(FUZZ),$(FUZZERS)))
fuzz:
	@tools/fuzz long $(RUNS) $(or $(FUZZ),$(FUZZERS))
fuzz-keep:
	@tools/fuzz keep $(or $(FUZZ),$(FUZZERS))
